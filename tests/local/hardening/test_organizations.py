"""An organisation in the local AWS: deployed control policies limit real calls, and AWS's own limits hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws, Credentials
from crossaccount.local.handlers import HANDLERS, create
from crossaccount.local.handlers.handler import changes
from crossaccount.local.server import LocalAws
from crossaccount.sources.organizations import read_organization
from tests.local.organization import ID, MANAGEMENT, PEOPLE, ROOT, UNIT, WORK, document, organization, statement

SCP = "SERVICE_CONTROL_POLICY"
POLICY = HANDLERS["aws:organizations/policy:Policy"]
ATTACHMENT = HANDLERS["aws:organizations/policyAttachment:PolicyAttachment"]
ALL = document(statement("Allow", "*"))
OURS = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ID}}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(log_dir=tmp_path_factory.mktemp("organization"), organization=organization()) as running:
        for account in (PEOPLE, WORK, MANAGEMENT, "999999999999"):
            with running.session(account) as root:
                trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
                root.iam.create_role(RoleName="Open", AssumeRolePolicyDocument=document(trust))
                root.iam.put_role_policy(RoleName="Open", PolicyName="all", PolicyDocument=ALL)
                root.iam.create_user(UserName="bo")
                root.iam.put_user_policy(UserName="bo", PolicyName="p", PolicyDocument=ALL)
        yield running


@pytest.fixture
def management(local: LocalAws) -> Iterator[Any]:
    """The client of the management account. Policies of a test go with it."""
    with local.session(MANAGEMENT) as root:
        organizations = root.client("organizations")
        yield organizations
        for kind in (SCP, "RESOURCE_CONTROL_POLICY"):
            for each in organizations.list_policies(Filter=kind)["Policies"]:
                if not each["AwsManaged"]:
                    for target in organizations.list_targets_for_policy(PolicyId=each["Id"])["Targets"]:
                        organizations.detach_policy(PolicyId=each["Id"], TargetId=target["TargetId"])
                    organizations.delete_policy(PolicyId=each["Id"])


def deny(organizations: Any, target: str, *statements: Any, kind: str = SCP, name: str = "No") -> str:
    """Create a policy and attach it."""
    made = organizations.create_policy(Name=name, Description="", Type=kind, Content=document(*statements))
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)
    return str(made["Policy"]["PolicySummary"]["Id"])


def caller(local: LocalAws, account: str) -> Aws:
    with local.session(account) as root:
        key = root.iam.create_access_key(UserName="bo")["AccessKey"]
        found = Aws(local.endpoint, Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
        for old in root.iam.list_access_keys(UserName="bo")["AccessKeyMetadata"]:
            if old["AccessKeyId"] != key["AccessKeyId"]:
                root.iam.delete_access_key(UserName="bo", AccessKeyId=old["AccessKeyId"])
        return found


def may(call: Any) -> bool:
    try:
        call()
    except ClientError as error:
        if not error.response["Error"]["Code"].startswith("AccessDenied"):
            raise
        return False
    return True


def may_assume(local: LocalAws, account: str, role_account: str) -> bool:
    role = f"arn:aws:iam::{role_account}:role/Open"
    with caller(local, account) as bo:
        return may(lambda: bo.sts.assume_role(RoleArn=role, RoleSessionName="test"))


def test_the_organisation_is_read_as_it_was_given(management: Any) -> None:
    found = read_organization(management)
    paths = {each["Id"]: each["Paths"] for each in found["Accounts"]}
    assert paths == {each["Id"]: each["Paths"] for each in organization()["Accounts"]}
    assert {each["PolicySummary"]["Name"] for each in found["Policies"]} == {"FullAWSAccess", "RCPFullAWSAccess"}


@pytest.mark.parametrize(
    ("target", "people", "work"),
    [(ROOT, False, False), (UNIT, True, False), (WORK, True, False), (PEOPLE, False, True)],
)
def test_a_service_control_policy_limits_the_accounts_below_its_target(
    local: LocalAws, management: Any, target: str, people: bool, work: bool
) -> None:
    deny(management, target, statement("Deny", "sts:AssumeRole"))
    assert may_assume(local, PEOPLE, WORK) is people
    assert may_assume(local, WORK, PEOPLE) is work
    assert may_assume(local, MANAGEMENT, WORK), "the management account is under no control policy"


def test_it_limits_sessions_and_not_what_the_run_itself_does_as_root(local: LocalAws, management: Any) -> None:
    deny(management, UNIT, statement("Deny", "iam:ListRoles"))
    with local.session(WORK) as root, caller(local, WORK) as bo:
        session = bo.sts.assume_role(RoleArn=f"arn:aws:iam::{WORK}:role/Open", RoleSessionName="test")["Credentials"]
        keys = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
        with Aws(local.endpoint, keys) as assumed:
            assert not may(assumed.iam.list_roles)
            assert may(assumed.iam.list_users)
        assert may(root.iam.list_roles)


def test_without_an_allow_on_a_level_nothing_is_allowed(local: LocalAws, management: Any) -> None:
    allowed = deny(management, WORK, statement("Allow", "sts:*"), name="OnlySts")
    management.detach_policy(PolicyId="p-FullAWSAccess", TargetId=WORK)
    try:
        assert may_assume(local, WORK, PEOPLE)
        with caller(local, WORK) as bo:
            assert not may(bo.iam.list_roles)
        with pytest.raises(ClientError, match="ConstraintViolationException"):
            management.detach_policy(PolicyId=allowed, TargetId=WORK)
    finally:
        management.attach_policy(PolicyId="p-FullAWSAccess", TargetId=WORK)


def test_a_resource_control_policy_limits_who_gets_in(local: LocalAws, management: Any) -> None:
    ours = statement("Deny", "sts:AssumeRole", Principal="*", Condition=OURS)
    deny(management, UNIT, ours, kind="RESOURCE_CONTROL_POLICY")
    assert may_assume(local, PEOPLE, WORK)
    assert not may_assume(local, "999999999999", WORK)
    assert may_assume(local, "999999999999", PEOPLE)
    assert may_assume(local, "999999999999", MANAGEMENT)


def test_conditions_on_the_organisation_hold(local: LocalAws, management: Any) -> None:
    elsewhere = {"StringNotEquals": {"aws:ResourceOrgID": ID}}
    deny(management, ROOT, statement("Deny", "sts:AssumeRole", Condition=elsewhere))
    assert may_assume(local, PEOPLE, WORK)
    assert not may_assume(local, PEOPLE, "999999999999")


def test_what_aws_refuses_is_refused(management: Any) -> None:
    for number in range(9):
        deny(management, WORK, statement("Deny", "sts:AssumeRole", f"arn:aws:iam::{number}:role/x"), name=f"No{number}")
    with pytest.raises(ClientError, match="maximum number of policies"):
        deny(management, WORK, statement("Deny", "s3:*"), name="OneTooMany")
    long = document(statement("Deny", "s3:*", "arn:aws:s3:::" + "x" * 10_240))
    with pytest.raises(ClientError, match="maximum policy size"):
        management.create_policy(Name="Long", Description="", Type=SCP, Content=long)
    with pytest.raises(ClientError, match="last policy"):
        management.detach_policy(PolicyId="p-RCPFullAWSAccess", TargetId=WORK)


def test_a_policy_is_made_changed_read_and_deleted(local: LocalAws, management: Any) -> None:
    with local.session(MANAGEMENT) as root:
        first = {"name": "P", "content": document(statement("Deny", "s3:*")), "tags": {"a": "1"}}
        id, state = create(POLICY.type, root, first)
        assert POLICY.read(root, id, state) == (id, POLICY.imported(state), state)
        inputs = POLICY.check(
            {**first, "description": "d", "content": document(statement("Deny", "sqs:*")), "tags": {}}
        )
        assert {each.property for each in changes(POLICY, state, inputs)} >= {"content", "description"}
        state = POLICY.update(root, id, state, inputs)
        found = management.describe_policy(PolicyId=id)["Policy"]
        assert json.loads(found["Content"])["Statement"][0]["Action"] == "sqs:*"
        assert (found["PolicySummary"]["Description"], state["tags"]) == ("d", {})
        attached, held = create(ATTACHMENT.type, root, {"policyId": id, "targetId": UNIT})
        assert attached == f"{UNIT}:{id}"
        assert ATTACHMENT.read(root, attached, {}) == (attached, held, held)
        ATTACHMENT.delete(root, attached, held)
        assert ATTACHMENT.read(root, attached, held) is None
        POLICY.delete(root, id, state)
        POLICY.delete(root, id, state)
        assert POLICY.read(root, id, state) is None
        assert ATTACHMENT.read(root, attached, held) is None
        assert POLICY.replaces == {"type"}
        assert ATTACHMENT.replaces == {"policyId", "targetId"}
