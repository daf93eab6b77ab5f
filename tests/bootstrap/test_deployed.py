"""From nothing to a deployed project: the template, then tokens of the pipeline, then ``up`` of both stacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from components.program import program
from crossaccount.bootstrap.cloudformation import template
from crossaccount.bootstrap.resources import Bootstrap
from crossaccount.engine.deployment import Stack
from crossaccount.engine.local_aws import InProcessEngine
from crossaccount.engine.work import deploy
from crossaccount.local.clients import Aws, Credentials, Gateway
from crossaccount.local.server import LocalAws
from crossaccount.settings import compiled_in_order, read_project
from tests.bootstrap.applied import Applied
from tests.bootstrap.new_project import TRUSTED, TRUSTING

HOST = "token.actions.githubusercontent.com"
WORKFLOW = "acme/infra/.github/workflows/access-infra.yaml"
REPOSITORY = "repo:acme@123456/infra@456789"


def claims(environment: str = "access-infra", ref: str = "refs/heads/main", **more: str) -> dict[str, str]:
    """The claims of a job of the repository, as GitHub writes them."""
    return {
        "iss": f"https://{HOST}",
        "aud": "sts.amazonaws.com",
        "sub": f"{REPOSITORY}:environment:{environment}",
        "repository_id": "456789",
        "job_workflow_ref": f"{WORKFLOW}@{ref}",
        **more,
    }


DEPLOYS = claims()
OTHERS = {
    "a pull request": claims(ref="refs/pull/7/merge", sub=f"{REPOSITORY}:pull_request"),
    "a pull request that names the environment": claims(ref="refs/pull/7/merge"),
    "another branch": claims(ref="refs/heads/feature"),
    "another workflow of the main branch": claims(
        job_workflow_ref="acme/infra/.github/workflows/x.yaml@refs/heads/main"
    ),
    "the environment for reviews": claims(environment="access-infra-preview"),
    "another repository": claims(sub="repo:acme@123456/other@9:environment:access-infra", repository_id="9"),
    "a repository that took the name": claims(sub="repo:acme/infra:environment:access-infra", repository_id="9"),
    "another audience": claims(aud="https://github.com/acme"),
    "another issuer": claims(iss="https://gitlab.com"),
}


@dataclass(frozen=True)
class SignedIn(Gateway):
    """A local AWS whose stacks are deployed in the sessions of a pipeline, by account."""

    sessions: Mapping[str, Credentials]

    def root(self, account_id: str) -> Credentials:
        return self.sessions[account_id]


@pytest.fixture(scope="module")
def bootstrapped(bootstraps: tuple[Bootstrap, ...]) -> Iterator[LocalAws]:
    """Both accounts with the stack of their template."""
    with LocalAws() as local:
        for each in bootstraps:
            Applied(template(each), each.account_id).create(local.session(each.account_id).iam)
        yield local


def assume(local: LocalAws, account: str, role: str, token: str) -> Credentials:
    """The session of a role, by a real call that nobody signs."""
    sts: Any = boto3.client(
        "sts", endpoint_url=local.endpoint, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
    )
    arn = f"arn:aws:iam::{account}:role/{role}"
    found = sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="pipeline", WebIdentityToken=token)
    key = found["Credentials"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"])


def test_the_pipeline_deploys_both_stacks(bootstrapped: LocalAws, project: Path) -> None:
    token = bootstrapped.gateway.web_identity_token(DEPLOYS)
    sessions = {each: assume(bootstrapped, each, "access-infra-deploy", token) for each in (TRUSTED, TRUSTING)}
    gateway = bootstrapped.gateway
    engine = InProcessEngine(program, SignedIn(gateway.endpoint, gateway.secret, sessions))
    read = read_project(project)
    for stack in compiled_in_order(read):
        assert deploy(engine, Stack.of(read, stack)).status == "changed"
    assert bootstrapped.session(TRUSTED).iam.get_user(UserName="ann")["User"]
    assert bootstrapped.session(TRUSTING).iam.get_role(RoleName="ReadOnly")["Role"]


@pytest.mark.parametrize("who", OTHERS)
@pytest.mark.parametrize("account", [TRUSTED, TRUSTING])
def test_nobody_else_deploys(bootstrapped: LocalAws, account: str, who: str) -> None:
    with pytest.raises(ClientError) as refused:
        assume(bootstrapped, account, "access-infra-deploy", bootstrapped.gateway.web_identity_token(OTHERS[who]))
    assert refused.value.response["Error"]["Code"] in ("AccessDenied", "InvalidIdentityToken")


def test_a_pull_request_reads_and_changes_nothing(bootstrapped: LocalAws) -> None:
    token = bootstrapped.gateway.web_identity_token(OTHERS["a pull request"])
    aws = Aws(bootstrapped.endpoint, assume(bootstrapped, TRUSTING, "access-infra-preview", token))
    assert aws.iam.get_account_authorization_details()["RoleDetailList"]
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.iam.create_user(UserName="x")


def test_the_pipeline_cannot_change_its_own_way_in(bootstrapped: LocalAws) -> None:
    token = bootstrapped.gateway.web_identity_token(DEPLOYS)
    aws = Aws(bootstrapped.endpoint, assume(bootstrapped, TRUSTING, "access-infra-deploy", token))
    for role in ("access-infra-deploy", "access-infra-drift", "access-infra-preview"):
        with pytest.raises(ClientError, match="AccessDenied"):
            aws.iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.iam.delete_open_id_connect_provider(
            OpenIDConnectProviderArn=f"arn:aws:iam::{TRUSTING}:oidc-provider/{HOST}"
        )
