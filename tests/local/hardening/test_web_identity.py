"""AssumeRoleWithWebIdentity: of all tokens only the right one gets in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws, Credentials, Gateway
from crossaccount.local.server import LocalAws

GITHUB, GITLAB = "https://token.actions.githubusercontent.com", "https://gitlab.com"
KEY = "token.actions.githubusercontent.com"
SUBJECT = "repo:acme@1/app@2:ref:refs/heads/main"
RIGHT: dict[str, Any] = {"iss": GITHUB, "aud": "sts.amazonaws.com", "sub": SUBJECT}

Assume = Callable[..., Any]


def trust(account: str, host: str = KEY, **conditions: Any) -> str:
    principal = {"Federated": f"arn:aws:iam::{account}:oidc-provider/{host}"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRoleWithWebIdentity"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Condition": conditions}]})


@pytest.fixture
def role(root: Aws) -> str:
    """A role that trusts one branch, in an account that knows GitHub and GitLab."""
    for issuer, audience in ((GITHUB, "sts.amazonaws.com"), (GITLAB, GITLAB)):
        root.iam.create_open_id_connect_provider(Url=issuer, ClientIDList=[audience])
    equal = {f"{KEY}:aud": "sts.amazonaws.com", f"{KEY}:sub": SUBJECT}
    document = trust(root.account_id(), StringEquals=equal)
    return root.iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=document)["Role"]["Arn"]


@pytest.fixture
def assume(root: Aws) -> Assume:
    """Call STS with a token, unsigned as any pipeline does."""
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    client = boto3.client(
        "sts", endpoint_url=root.endpoint, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
    )

    def call(role: str, token: str, **more: Any) -> Any:
        return client.assume_role_with_web_identity(RoleArn=role, RoleSessionName="ci", WebIdentityToken=token, **more)

    return call


def refused(assume: Assume, role: str, token: str, code: str, message: str = "", **more: Any) -> None:
    with pytest.raises(ClientError) as caught:
        assume(role, token, **more)
    assert caught.value.response["Error"]["Code"] == code
    assert message in caught.value.response["Error"]["Message"]


def test_the_right_token_gets_in_and_is_reported_who_it_is(local_aws: LocalAws, role: str, assume: Assume) -> None:
    found = assume(role, local_aws.gateway.web_identity_token(RIGHT))
    assert (found["SubjectFromWebIdentityToken"], found["Audience"]) == (SUBJECT, "sts.amazonaws.com")
    assert found["Provider"] == f"arn:aws:iam::{role.split(':')[4]}:oidc-provider/{KEY}"
    assert found["AssumedRoleUser"]["Arn"].endswith(":assumed-role/deploy/ci")


@pytest.mark.parametrize(
    ("claims", "code", "message"),
    [
        ({"sub": "repo:acme@1/app@2:ref:refs/heads/other"}, "AccessDenied", "Not authorized"),
        ({"sub": "repo:acme/app:ref:refs/heads/main"}, "AccessDenied", "Not authorized"),
        ({"aud": "https://github.com/acme"}, "InvalidIdentityToken", "Incorrect token audience"),
        ({"iss": GITLAB, "aud": GITLAB}, "AccessDenied", "Not authorized"),
        ({"iss": "https://idp.example.com"}, "InvalidIdentityToken", "No OpenIDConnect provider found"),
        ({"iss": "token.actions.githubusercontent.com"}, "InvalidIdentityToken", "No OpenIDConnect provider found"),
        ({"exp": 1}, "ExpiredTokenException", "Token expired"),
        ({"exp": None}, "InvalidIdentityToken", "Missing a required claim: exp"),
        ({"exp": "soon"}, "InvalidIdentityToken", "not a valid JWT"),
        ({"sub": ""}, "InvalidIdentityToken", "Missing a required claim: sub"),
        ({"aud": None}, "InvalidIdentityToken", "Missing a required claim: aud"),
    ],
)
def test_any_other_token_is_refused(
    local_aws: LocalAws, role: str, assume: Assume, claims: dict[str, Any], code: str, message: str
) -> None:
    token = local_aws.gateway.web_identity_token({**RIGHT, **claims})
    refused(assume, role, token, code, message)


def test_a_token_from_tomorrow_is_refused(local_aws: LocalAws, role: str, assume: Assume) -> None:
    later = int(time.time()) + 86_400
    token = local_aws.gateway.web_identity_token({**RIGHT, "nbf": later, "exp": later + 300})
    refused(assume, role, token, "InvalidIdentityToken", "not yet valid")


@pytest.mark.parametrize("signed_by", [GITLAB, "", "https://TOKEN.actions.githubusercontent.com"])
def test_the_key_of_another_issuer_is_the_wrong_one(
    local_aws: LocalAws, role: str, assume: Assume, signed_by: str
) -> None:
    token = local_aws.gateway.web_identity_token(RIGHT, signed_by=signed_by)
    refused(assume, role, token, "InvalidIdentityToken")


def test_a_token_of_another_run_or_changed_on_its_way_is_refused(
    local_aws: LocalAws, role: str, assume: Assume
) -> None:
    refused(assume, role, Gateway(local_aws.endpoint, b"other").web_identity_token(RIGHT), "InvalidIdentityToken")
    good = local_aws.gateway.web_identity_token(RIGHT).split(".")
    other = local_aws.gateway.web_identity_token({**RIGHT, "sub": "x"}).split(".")
    refused(assume, role, ".".join([good[0], other[1], good[2]]), "InvalidIdentityToken")


def test_only_the_account_of_the_role_has_to_know_the_issuer(
    local_aws: LocalAws, role: str, assume: Assume, root: Aws
) -> None:
    provider = f"arn:aws:iam::{root.account_id()}:oidc-provider/{KEY}"
    root.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    refused(assume, role, local_aws.gateway.web_identity_token(RIGHT), "InvalidIdentityToken", "No OpenIDConnect")


@pytest.mark.parametrize(
    ("conditions", "claims", "gets_in"),
    [
        ({"StringEquals": {f"{KEY}:repository_id": "2"}}, {"repository_id": "2"}, True),
        ({"StringEquals": {f"{KEY}:repository_id": "2"}}, {"repository_id": "3"}, False),
        ({"StringEquals": {f"{KEY}:job_workflow_ref": "x"}}, {"job_workflow_ref": "x"}, True),
        ({"StringEquals": {f"{KEY}:run_number": "7"}}, {"run_number": "7"}, False),
        ({"StringEquals": {"sts:RoleSessionName": "ci"}}, {}, True),
        ({"StringEquals": {"sts:RoleSessionName": "other"}}, {}, False),
        ({"Null": {"aws:PrincipalArn": "true"}}, {}, True),
        ({"StringLike": {"aws:PrincipalArn": "*"}}, {}, False),
        ({"ArnLike": {"aws:FederatedProvider": "arn:aws:iam::*:oidc-provider/*"}}, {}, True),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, {}, True),
        ({"StringLike": {f"{KEY}:sub": "repo:acme@1/*:ref:refs/heads/main"}}, {}, True),
        ({"StringEquals": {f"{KEY}:aud": "a"}}, {"azp": "a", "aud": "sts.amazonaws.com"}, False),
    ],
)
def test_the_claims_that_aws_passes_are_condition_keys(
    local_aws: LocalAws,
    role: str,
    assume: Assume,
    root: Aws,
    conditions: dict[str, Any],
    claims: dict[str, Any],
    gets_in: bool,
) -> None:
    root.iam.update_assume_role_policy(RoleName="deploy", PolicyDocument=trust(root.account_id(), **conditions))
    token = local_aws.gateway.web_identity_token({**RIGHT, **claims})
    if gets_in:
        assert assume(role, token)["Credentials"]
    else:
        with pytest.raises(ClientError):
            assume(role, token)


def test_a_session_keeps_to_the_roles_path_and_length(local_aws: LocalAws, role: str, assume: Assume) -> None:
    token = local_aws.gateway.web_identity_token(RIGHT)
    refused(assume, role.replace("role/", "role/other/"), token, "AccessDenied")
    refused(assume, role, token, "ValidationError", "MaxSessionDuration", DurationSeconds=7200)


TAGS = "https://aws.amazon.com/tags"
TAGGED = {TAGS: {"principal_tags": {"team": ["red"]}, "transitive_tag_keys": ["team"]}}
FLAT = {f"{TAGS}/principal_tags/team": ["red"], f"{TAGS}/transitive_tag_keys": ["team"]}
NAMED = {"https://aws.amazon.com/source_identity": "ada"}


@pytest.mark.parametrize(
    ("claims", "action"), [(TAGGED, "sts:TagSession"), (FLAT, "sts:TagSession"), (NAMED, "sts:SetSourceIdentity")]
)
def test_tags_and_a_source_identity_need_a_permission_of_the_trust(
    local_aws: LocalAws, role: str, assume: Assume, root: Aws, claims: dict[str, Any], action: str
) -> None:
    token = local_aws.gateway.web_identity_token({**RIGHT, **claims})
    refused(assume, role, token, "AccessDenied", f"Not authorized to perform {action}")
    document = json.loads(trust(root.account_id(), StringEquals={f"{KEY}:sub": SUBJECT}))
    document["Statement"].append({**document["Statement"][0], "Action": action})
    root.iam.update_assume_role_policy(RoleName="deploy", PolicyDocument=json.dumps(document))
    assert assume(role, token)["Credentials"]
    document["Statement"].append({"Effect": "Deny", "Principal": "*", "Action": action})
    root.iam.update_assume_role_policy(RoleName="deploy", PolicyDocument=json.dumps(document))
    refused(assume, role, token, "AccessDenied", f"Not authorized to perform {action}")


@pytest.mark.parametrize(
    ("conditions", "gets_in"),
    [
        ({"StringEquals": {"aws:RequestTag/team": "red"}}, True),
        ({"StringEquals": {"aws:RequestTag/team": "blue"}}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["cost"]}}, False),
        ({"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": ["team"]}}, True),
        ({"StringEquals": {"sts:SourceIdentity": "ada"}}, True),
        ({"StringEquals": {"sts:SourceIdentity": "bo"}}, False),
    ],
)
def test_what_a_token_passes_is_a_condition_key(
    local_aws: LocalAws, role: str, assume: Assume, root: Aws, conditions: dict[str, Any], gets_in: bool
) -> None:
    document = json.loads(trust(root.account_id(), **conditions))
    document["Statement"][0]["Action"] = [*ACTIONS]
    root.iam.update_assume_role_policy(RoleName="deploy", PolicyDocument=json.dumps(document))
    token = local_aws.gateway.web_identity_token({**RIGHT, **TAGGED, **NAMED})
    if gets_in:
        assert assume(role, token)["SourceIdentity"] == "ada"
    else:
        refused(assume, role, token, "AccessDenied")


ACTIONS = ("sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity")


def test_a_session_has_the_tags_and_the_source_identity_of_its_token(
    local_aws: LocalAws, role: str, assume: Assume, root: Aws
) -> None:
    document = json.loads(trust(root.account_id(), StringEquals={f"{KEY}:sub": SUBJECT}))
    document["Statement"][0]["Action"] = [*ACTIONS]
    root.iam.update_assume_role_policy(RoleName="deploy", PolicyDocument=json.dumps(document))
    wanted = {"StringEquals": {"aws:PrincipalTag/team": "red", "aws:SourceIdentity": "ada"}}
    may = {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*", "Condition": wanted}
    root.iam.put_role_policy(
        RoleName="deploy", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]})
    )

    def session(**passed: Any) -> Aws:
        token = local_aws.gateway.web_identity_token({**RIGHT, **passed})
        keys = assume(role, token)["Credentials"]
        credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        return Aws(root.endpoint, credentials, "us-east-1")

    assert session(**TAGGED, **NAMED).iam.list_roles()["Roles"]
    for less in (session(**TAGGED), session(**NAMED)):
        with pytest.raises(ClientError, match="AccessDenied"):
            less.iam.list_roles()


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({TAGS: "red"}, "must be an object"),
        ({TAGS: {"principal_tags": ["red"]}}, "must be an object"),
        ({TAGS: {"principal_tags": {"team": ["red", "blue"]}}}, "exactly one value"),
        ({TAGS: {"principal_tags": {"team": ["red"], "Team": ["blue"]}}}, "duplicate tag keys"),
        ({TAGS: {"principal_tags": {"aws:x": ["red"]}}}, "reserved"),
        ({TAGS: {"principal_tags": {f"k{number}": ["v"] for number in range(51)}}}, "more than 50"),
        ({TAGS: {"transitive_tag_keys": ["team"]}}, "the key of no session tag"),
        ({TAGS: {"transitive_tag_keys": "team"}}, "must be a list"),
        ({"https://aws.amazon.com/source_identity": "a b"}, "source identity"),
    ],
)
def test_what_aws_would_not_take_for_a_session_is_refused(
    local_aws: LocalAws, role: str, assume: Assume, claims: dict[str, Any], message: str
) -> None:
    token = local_aws.gateway.web_identity_token({**RIGHT, **claims})
    refused(assume, role, token, "InvalidIdentityToken", message)
