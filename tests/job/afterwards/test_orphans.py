"""What AWS may have made for a killed update, looked up on a local AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from crossaccount.job.afterwards.recovery import ADOPTED, RENEWED, REPEATED, Clients, Found, NotOurs
from crossaccount.local.clients import Aws
from crossaccount.local.handlers import HANDLERS
from crossaccount.local.server import LocalAws
from tests.job.review.provider_edits import METADATA

ACCOUNT = "111111111111"
TRUST = {"Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}
ALLOW = {"Statement": {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}}


def _text(document: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", **document})


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    """An account that has one of each; Bo has a password and two access keys, Kim one of each, Ann none."""
    with LocalAws() as local, local.session(ACCOUNT) as root:
        for name in ("Bo", "Kim", "Ann"):
            root.iam.create_user(UserName=name, Path="/team/")
        root.iam.create_group(GroupName="Team", Path="/")
        root.iam.create_role(RoleName="deploy", Path="/", AssumeRolePolicyDocument=_text(TRUST))
        root.iam.create_instance_profile(InstanceProfileName="deploy")
        root.iam.create_policy(PolicyName="Read", Path="/team/", PolicyDocument=_text(ALLOW))
        root.iam.create_open_id_connect_provider(Url="https://idp.example.com/a", ClientIDList=["crossaccount"])
        root.iam.create_saml_provider(Name="okta", SAMLMetadataDocument=METADATA)
        role = f"arn:aws:iam::{ACCOUNT}:role/deploy"
        root.client("eks").create_cluster(name="prod", roleArn=role, resourcesVpcConfig={})
        root.client("eks").create_pod_identity_association(
            clusterName="prod", namespace="payments", serviceAccount="api", roleArn=role
        )
        root.secretsmanager.create_secret(Name="crossaccount/user/Bo/console")
        for user in ("Bo", "Bo", "Kim"):
            root.iam.create_access_key(UserName=user)
        for user in ("Bo", "Kim"):
            root.iam.create_login_profile(UserName=user, Password="aB3$aB3$aB3$aB3$")
        yield root


@pytest.fixture
def clients(aws: Aws) -> Clients:
    return aws.client


@pytest.mark.parametrize(
    ("type_", "inputs", "expected"),
    [
        ("aws:iam/user:User", {"name": "Bo", "path": "/team/"}, "Bo"),
        ("aws:iam/group:Group", {"name": "Team"}, "Team"),
        ("aws:iam/role:Role", {"name": "deploy", "path": "/"}, "deploy"),
        ("aws:iam/instanceProfile:InstanceProfile", {"name": "deploy", "path": "/"}, "deploy"),
        ("aws:iam/policy:Policy", {"name": "Read", "path": "/team/"}, f"arn:aws:iam::{ACCOUNT}:policy/team/Read"),
        ("aws:iam/samlProvider:SamlProvider", {"name": "okta"}, f"arn:aws:iam::{ACCOUNT}:saml-provider/okta"),
        ("aws:secretsmanager/secret:Secret", {"name": "crossaccount/user/Bo/console"}, "arn:aws:secretsmanager:"),
    ],
)
def test_what_aws_made_is_found_by_its_name(
    clients: Clients, type_: str, inputs: dict[str, str], expected: str
) -> None:
    found = ADOPTED[type_](clients, inputs, ACCOUNT)
    assert isinstance(found, Found)
    assert found.id.startswith(expected)
    assert found.made.startswith("20")
    assert ADOPTED[type_](clients, {**inputs, "name": "nobody"}, ACCOUNT) is None


def test_an_oidc_provider_is_found_by_its_issuer(clients: Clients) -> None:
    find = ADOPTED["aws:iam/openIdConnectProvider:OpenIdConnectProvider"]
    found = find(clients, {"url": "https://idp.example.com/a"}, ACCOUNT)
    assert isinstance(found, Found)
    assert found.id == f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com/a"
    assert found.made.startswith("20")
    assert find(clients, {"url": "https://idp.example.com/b"}, ACCOUNT) is None


def test_an_association_is_found_by_its_service_account(clients: Clients) -> None:
    find = ADOPTED["aws:eks/podIdentityAssociation:PodIdentityAssociation"]
    inputs = {"clusterName": "prod", "namespace": "payments", "serviceAccount": "api"}
    found = find(clients, inputs, ACCOUNT)
    assert isinstance(found, Found)
    assert found.id.startswith("prod,a-")
    assert found.made.startswith("20")
    assert find(clients, {**inputs, "serviceAccount": "web"}, ACCOUNT) is None
    assert find(clients, {**inputs, "clusterName": "gone"}, ACCOUNT) is None


def test_what_has_the_name_and_another_path_is_not_adopted(clients: Clients) -> None:
    with pytest.raises(NotOurs, match=r"arn:aws:iam::111111111111:role/deploy has this name and another path"):
        ADOPTED["aws:iam/role:Role"](clients, {"name": "deploy", "path": "/other/"}, ACCOUNT)


def test_a_secret_that_waits_for_its_deletion_is_not_adopted(aws: Aws, clients: Clients) -> None:
    aws.secretsmanager.create_secret(Name="gone")
    aws.secretsmanager.delete_secret(SecretId="gone", RecoveryWindowInDays=30)
    with pytest.raises(NotOurs, match="scheduled for deletion"):
        ADOPTED["aws:secretsmanager/secret:Secret"](clients, {"name": "gone"}, ACCOUNT)


def test_an_access_key_that_no_state_has_is_deleted_and_one_that_a_state_has_stays(aws: Aws, clients: Clients) -> None:
    [first, second] = [each["AccessKeyId"] for each in aws.iam.list_access_keys(UserName="Bo")["AccessKeyMetadata"]]
    [lost] = RENEWED["aws:iam/accessKey:AccessKey"](clients, "Bo", frozenset({first}), 1)
    assert lost.label == f"access key {second} of Bo"
    lost.delete()
    assert [each["AccessKeyId"] for each in aws.iam.list_access_keys(UserName="Bo")["AccessKeyMetadata"]] == [first]


def test_of_two_unknown_access_keys_none_is_deleted(aws: Aws, clients: Clients) -> None:
    aws.iam.create_access_key(UserName="Kim")
    with pytest.raises(NotOurs, match="are in no state"):
        RENEWED["aws:iam/accessKey:AccessKey"](clients, "Kim", frozenset(), 1)
    assert len(aws.iam.list_access_keys(UserName="Kim")["AccessKeyMetadata"]) == 2


def test_both_new_access_keys_of_one_killed_update_are_deleted(aws: Aws, clients: Clients) -> None:
    aws.iam.create_user(UserName="Rotating")
    for _ in range(2):
        aws.iam.create_access_key(UserName="Rotating")
    for lost in RENEWED["aws:iam/accessKey:AccessKey"](clients, "Rotating", frozenset(), 2):
        lost.delete()
    assert aws.iam.list_access_keys(UserName="Rotating")["AccessKeyMetadata"] == []


def test_nothing_is_lost_where_nothing_was_made(clients: Clients) -> None:
    assert RENEWED["aws:iam/accessKey:AccessKey"](clients, "Ann", frozenset(), 1) == []
    assert RENEWED["aws:iam/userLoginProfile:UserLoginProfile"](clients, "Ann", frozenset(), 1) == []


def test_a_password_that_nobody_was_reported_is_deleted(clients: Clients) -> None:
    [lost] = RENEWED["aws:iam/userLoginProfile:UserLoginProfile"](clients, "Bo", frozenset(), 1)
    lost.delete()
    assert RENEWED["aws:iam/userLoginProfile:UserLoginProfile"](clients, "Bo", frozenset(), 1) == []


class _Used:
    """IAM, where everything that is asked for was used a moment ago."""

    def __init__(self, iam: Any) -> None:
        self._iam = iam

    def __getattr__(self, name: str) -> Any:
        return getattr(self._iam, name)

    def get_access_key_last_used(self, **_: str) -> Any:
        return {"AccessKeyLastUsed": {"LastUsedDate": "now"}}

    def get_user(self, **user: str) -> Any:
        made = self._iam.get_login_profile(**user)["LoginProfile"]["CreateDate"]
        return {"User": {"PasswordLastUsed": made}}


@pytest.mark.parametrize(
    ("type_", "what"),
    [("aws:iam/accessKey:AccessKey", "is in use"), ("aws:iam/userLoginProfile:UserLoginProfile", "somebody knows it")],
)
def test_a_credential_that_somebody_uses_is_left_alone(aws: Aws, type_: str, what: str) -> None:
    with pytest.raises(NotOurs, match=what):
        RENEWED[type_](lambda _: _Used(aws.iam), "Kim", frozenset(), 1)


def test_an_account_has_the_alias_or_another(aws: Aws, clients: Clients) -> None:
    find = ADOPTED["aws:iam/accountAlias:AccountAlias"]
    assert find(clients, {"accountAlias": "acme-people"}, ACCOUNT) is None
    aws.iam.create_account_alias(AccountAlias="acme-people")
    found = find(clients, {"accountAlias": "acme-people"}, ACCOUNT)
    assert found is not None
    assert found.id == "acme-people"
    assert find(clients, {"accountAlias": "acme-staff"}, ACCOUNT) is None


def test_every_type_that_the_components_declare_is_known_and_in_one_way() -> None:
    ways = [*ADOPTED, *RENEWED, *REPEATED]
    assert sorted(ways) == sorted(set(ways))
    assert set(HANDLERS) == set(ways)
