"""Who may not make a call is told so, before anything about what is there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from crossaccount.local.clients import Aws, Credentials
from tests.local.conftest import policy, trust

Refused = Callable[[str, str], AbstractContextManager[None]]

CALLS: dict[str, dict[str, Any]] = {
    "create_user": {"UserName": "Taken"},
    "create_group": {"GroupName": "Taken"},
    "create_role": {"RoleName": "Taken", "AssumeRolePolicyDocument": trust("*")},
    "create_policy": {"PolicyName": "Taken", "PolicyDocument": policy("s3:*")},
    "create_instance_profile": {"InstanceProfileName": "Taken"},
    "put_role_policy": {"RoleName": "Taken", "PolicyName": "p", "PolicyDocument": "{}"},
    "delete_group": {"GroupName": "Taken"},
}


@pytest.fixture
def taken(root: Aws) -> Aws:
    """An account where each name is taken, and its group in use."""
    for action in ("create_user", "create_group", "create_role", "create_policy", "create_instance_profile"):
        getattr(root.iam, action)(**CALLS[action])
    root.iam.add_user_to_group(UserName="Taken", GroupName="Taken")
    return root


@pytest.mark.parametrize("action", CALLS)
def test_without_permission_the_answer_is_access_denied_whatever_exists(
    action: str, taken: Aws, user: Callable[..., Aws]
) -> None:
    ana = user(taken, "Ana")
    with pytest.raises(ana.iam.exceptions.ClientError, match=r"\(AccessDenied\).*user/Ana is not authorized"):
        getattr(ana.iam, action)(**CALLS[action])


@pytest.mark.parametrize(
    ("action", "code"),
    [("create_user", "EntityAlreadyExists"), ("put_role_policy", "MalformedPolicy"), ("delete_group", "DeleteConfl")],
)
def test_with_permission_the_answer_says_what_is_wrong(
    action: str, code: str, taken: Aws, user: Callable[..., Aws]
) -> None:
    ana = user(taken, "Ana", "iam:*")
    with pytest.raises(ana.iam.exceptions.ClientError, match=code):
        getattr(ana.iam, action)(**CALLS[action])


def test_a_permission_for_another_name_is_none_for_this(taken: Aws, user: Callable[..., Aws]) -> None:
    ana = user(taken, "Ana")
    other = policy("iam:CreateUser", resource=f"arn:aws:iam::{taken.account_id()}:user/Other")
    taken.iam.put_user_policy(UserName="Ana", PolicyName="p", PolicyDocument=other)
    with pytest.raises(ana.iam.exceptions.ClientError, match=r"\(AccessDenied\)"):
        ana.iam.create_user(UserName="Taken")
    assert ana.iam.create_user(UserName="Other")["User"]["UserName"] == "Other"


def test_asking_makes_nothing(taken: Aws, user: Callable[..., Aws]) -> None:
    ana = user(taken, "Ana", "iam:DeleteGroup")
    with pytest.raises(ana.iam.exceptions.DeleteConflictException):
        ana.iam.delete_group(GroupName="Taken")
    assert [each["UserName"] for each in taken.iam.get_group(GroupName="Taken")["Users"]] == ["Taken"]


def test_what_is_wrong_with_the_form_is_reported_first(taken: Aws, user: Callable[..., Aws], refused: Refused) -> None:
    ana = user(taken, "Ana")
    what = "The specified value for userName is invalid. "
    with refused(
        "ValidationError", what + "It must contain only alphanumeric characters and/or the following: +=,.@_-"
    ):
        ana.iam.create_user(UserName="a b")


def test_a_key_that_nobody_has_is_no_way_around(identity: Callable[[Credentials], Aws]) -> None:
    nobody = identity(Credentials("AKIAZZZZZZZZZZZZZZZZ", "x"))
    with pytest.raises(nobody.iam.exceptions.ClientError, match="InvalidClientTokenId"):
        nobody.iam.create_user(UserName="Taken")
