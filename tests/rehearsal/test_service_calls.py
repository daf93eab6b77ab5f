"""The calls with which a session's permissions are tried: each is allowed to who may and denied to who may not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from crossaccount.iam.published import matching_actions, resource_arns
from crossaccount.local.clients import Aws, Credentials
from crossaccount.local.server import LocalAws
from crossaccount.rehearsal.trial import SERVICE_CALLS, CallFailed, allowed, can_be_tried

ACCOUNT = "222222222222"
RESOURCES = {
    "s3": "arn:aws:s3:::data/x",
    "sqs": f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs",
    "iam": f"arn:aws:iam::{ACCOUNT}:user/team/somebody",
}
ACTIONS = pytest.mark.parametrize("action", SERVICE_CALLS)


@dataclass(frozen=True)
class _Account:
    root: Aws
    powerful: Aws
    powerless: Aws


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Account]:
    """An account with a bucket, a user who may do everything and one who may do nothing."""
    with LocalAws(log_dir=tmp_path_factory.mktemp("local-aws")) as local, local.session(ACCOUNT) as root:
        root.s3.create_bucket(Bucket="data")
        with _user(local, root, "powerful", "Allow") as powerful, _user(local, root, "powerless", "Deny") as powerless:
            yield _Account(root, powerful, powerless)


def _user(local: LocalAws, root: Aws, name: str, effect: str) -> Aws:
    document = {"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": "*", "Resource": "*"}}
    root.iam.create_user(UserName=name)
    root.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(document))
    key = root.iam.create_access_key(UserName=name)["AccessKey"]
    return Aws(local.endpoint, Credentials(key["AccessKeyId"], key["SecretAccessKey"]))


def _resource(action: str) -> str:
    if not SERVICE_CALLS[action].on_resource:
        return "*"
    return "arn:aws:s3:::new-bucket" if action == "s3:CreateBucket" else RESOURCES[action.partition(":")[0]]


@ACTIONS
def test_who_may_is_allowed(account: _Account, action: str) -> None:
    assert allowed(account.powerful, account.root, action, _resource(action))


@ACTIONS
def test_who_may_not_is_denied(account: _Account, action: str) -> None:
    resource = _resource(action).replace("somebody", "somebody-else")
    assert not allowed(account.powerless, account.root, action, resource)


def test_who_may_create_a_bucket_may_although_it_exists(account: _Account) -> None:
    assert [allowed(account.powerful, account.root, "s3:CreateBucket", "arn:aws:s3:::mine") for _ in range(2)] == [
        True,
        True,
    ]


@ACTIONS
def test_the_table_holds_actions_of_awss_own_list(action: str) -> None:
    service, _, name = action.partition(":")
    assert matching_actions(service, name) == [name]


@ACTIONS
def test_a_call_is_about_a_resource_if_its_action_takes_one(action: str) -> None:
    """ListRoles and the like take none; AWS asks them of ``*``."""
    if not SERVICE_CALLS[action].on_resource:
        assert can_be_tried(action, "*")
        return
    assert resource_arns(*action.split(":")) != []
    assert can_be_tried(action, _resource(action))
    assert not can_be_tried(action, "*")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("kms:ListKeys", "*"),
        ("s3:GetObject", "nonsense"),
        ("s3:GetObject", RESOURCES["sqs"]),
        ("s3:GetObject", "arn:aws-cn:s3:::data/x"),
    ],
)
def test_what_there_is_no_call_for_cannot_be_tried(action: str, resource: str) -> None:
    assert not can_be_tried(action, resource)


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("s3:ListBucket", "s3:ListBucket on arn:aws:s3:::nowhere: ListObjectsV2: NoSuchBucket: "),
        ("s3:GetObject", "cannot prepare s3:GetObject on arn:aws:s3:::nowhere: PutObject: NoSuchBucket: "),
    ],
)
def test_a_call_that_proves_nothing_is_an_error(account: _Account, action: str, said: str) -> None:
    with pytest.raises(CallFailed) as failed:
        allowed(account.powerful, account.root, action, "arn:aws:s3:::nowhere")
    assert str(failed.value).startswith(said)
