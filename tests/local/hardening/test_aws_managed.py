"""AWS-managed policies: all exist, with the documents that the analyser has too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crossaccount.access.estate.policies import managed_document
from crossaccount.local.clients import Aws

AWS = "arn:aws:iam::aws:policy"


@pytest.mark.parametrize(
    "name",
    [
        "AmazonSQSReadOnlyAccess",
        "PowerUserAccess",
        "job-function/ViewOnlyAccess",
        "service-role/AWSConfigRulesExecutionRole",
    ],
)
def test_a_policy_has_the_bundles_document(name: str, root: Aws) -> None:
    policy = root.iam.get_policy(PolicyArn=f"{AWS}/{name}")["Policy"]
    version = root.iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
    assert version["PolicyVersion"]["Document"] == managed_document(f"{AWS}/{name}")
    assert policy["PolicyName"] == name.rsplit("/", 1)[-1]


def test_a_policy_that_aws_does_not_have_does_not_exist(root: Aws) -> None:
    with pytest.raises(root.iam.exceptions.NoSuchEntityException):
        root.iam.get_policy(PolicyArn=f"{AWS}/AdminstratorAccess")


def test_a_session_may_do_what_the_policy_says(
    fresh_account: Callable[[], Aws], role: Callable[..., str], user: Callable[..., Aws], assume: Callable[..., Aws]
) -> None:
    auth, workload = fresh_account(), fresh_account()
    assumed = role(workload, "Assumed", auth.account_id())
    workload.iam.attach_role_policy(RoleName="Assumed", PolicyArn=f"{AWS}/AmazonSQSReadOnlyAccess")
    session = assume(user(auth, "Ana", "sts:AssumeRole"), assumed)
    session.sqs.list_queues()
    with pytest.raises(session.sqs.exceptions.ClientError, match="AccessDenied"):
        session.sqs.create_queue(QueueName="q")


def test_a_boundary_and_a_session_policy_count_too(
    fresh_account: Callable[[], Aws], role: Callable[..., str], user: Callable[..., Aws], assume: Callable[..., Aws]
) -> None:
    auth, workload = fresh_account(), fresh_account()
    ana = user(auth, "Ana", "sts:AssumeRole")
    bounded = role(workload, "Bounded", auth.account_id(), PermissionsBoundary=f"{AWS}/AmazonSQSReadOnlyAccess")
    open_role = role(workload, "Open", auth.account_id())
    for name in ("Bounded", "Open"):
        workload.iam.attach_role_policy(RoleName=name, PolicyArn=f"{AWS}/AdministratorAccess")
    for session in (
        assume(ana, bounded),
        assume(ana, open_role, PolicyArns=[{"arn": f"{AWS}/AmazonSQSReadOnlyAccess"}]),
    ):
        session.sqs.list_queues()
        with pytest.raises(session.sqs.exceptions.ClientError, match="AccessDenied"):
            session.sqs.create_queue(QueueName="q")


def test_no_policy_is_made_up(root: Aws) -> None:
    """``MINISTACK_AUTOCREATE_AWS_MANAGED`` would let an unknown policy allow everything."""
    with pytest.raises(root.iam.exceptions.NoSuchEntityException):
        root.iam.list_entities_for_policy(PolicyArn=f"{AWS}/NoSuchPolicy")
