"""The in-process engine on a local AWS: what a stack declares is really there, and what AWS refuses is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi_aws as aws
import pytest

from components.program import program
from crossaccount.engine.deployment import DeploymentError, Stack
from crossaccount.engine.events import Event, Resource
from crossaccount.engine.local_aws import InProcessEngine
from crossaccount.engine.work import deploy
from crossaccount.local.server import LocalAws

ACCOUNTS = {"auth": {"id": "111111111111", "stack": "auth"}, "workload": {"id": "222222222222", "stack": "workload"}}
APP = {"applications": {"App": {"services": ["lambda.amazonaws.com"]}}}
TRUSTS_APP = {"roles": {"R": {"trust": [{"principals": ["auth/role/App"]}]}}}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(log_dir=tmp_path_factory.mktemp("local-aws")) as running:
        yield running


@pytest.fixture
def engine(local: LocalAws) -> Iterator[InProcessEngine]:
    """The engine on an empty local AWS."""
    yield InProcessEngine(program, local.gateway)
    for entry in ACCOUNTS.values():
        _empty(local, entry["id"])


def _empty(local: LocalAws, account_id: str) -> None:
    with local.session(account_id, region="us-west-2") as root:
        for role in root.iam.list_roles()["Roles"]:
            for name in root.iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
                root.iam.delete_role_policy(RoleName=role["RoleName"], PolicyName=name)
            root.iam.delete_role(RoleName=role["RoleName"])


def _stack(account: str, **parts: Any) -> Stack:
    config = {
        "aws:region": "us-west-2",
        "aws:allowedAccountIds": [ACCOUNTS[account]["id"]],
        "crossaccount:accounts": ACCOUNTS,
        "crossaccount:account": account,
        **{f"crossaccount:{key}": value for key, value in parts.items()},
    }
    return Stack("crossaccount", account, config, Path("/nowhere"))


def test_what_a_stack_declares_is_in_its_account(engine: InProcessEngine, local: LocalAws) -> None:
    deploy(engine, _stack("auth", trusted=APP))
    with local.session("111111111111") as auth, local.session("222222222222") as workload:
        role = auth.iam.get_role(RoleName="App")["Role"]
        assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}
        assert workload.iam.list_roles()["Roles"] == []


def test_a_later_stack_reads_what_an_earlier_one_exported(engine: InProcessEngine, local: LocalAws) -> None:
    deploy(engine, _stack("auth", trusted=APP))
    deploy(engine, _stack("workload", reads=["auth"], trusting=TRUSTS_APP))
    with local.session("222222222222") as workload:
        trust = workload.iam.get_role(RoleName="R")["Role"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::111111111111:role/App"}


def test_every_resource_is_reported_as_it_is_made(engine: InProcessEngine) -> None:
    told: list[Event] = []
    deploy(engine, _stack("auth", trusted=APP), told.append)
    made = [each for each in told if isinstance(each, Resource) and each.type.startswith("aws:")]
    assert {each.state for each in made} == {"done"}
    assert sorted(each.name for each in made) == [
        "auth-application-App",
        "auth-application-App-inline-exclusive",
        "auth-application-App-policies-exclusive",
    ]


def test_a_stack_that_reads_one_that_does_not_exist_is_reported_what_to_do(engine: InProcessEngine) -> None:
    with pytest.raises(DeploymentError) as failed:
        deploy(engine, _stack("workload", reads=["auth"], trusting=TRUSTS_APP))
    assert str(failed.value).splitlines() == [
        "reads[0]: stack organization/crossaccount/auth was never deployed; "
        "deploy it first: pulumi up -s organization/crossaccount/auth",
    ]


def test_what_aws_refuses_is_one_line_with_the_resource_and_awss_words(engine: InProcessEngine) -> None:
    """The trust names a role of an unmanaged account, exactly; nobody can know that it is not there."""
    trust = [{"principals": ["arn:aws:iam::333333333333:role/Gone"]}]
    with pytest.raises(DeploymentError) as failed:
        deploy(engine, _stack("workload", trusting={"roles": {"R": {"trust": trust}}}))
    assert str(failed.value) == (
        "aws:iam/role:Role R: CreateRole: MalformedPolicyDocument: "
        'Invalid principal in policy: "AWS":"arn:aws:iam::333333333333:role/Gone"'
    )


def test_a_call_to_a_provider_is_refused(local: LocalAws) -> None:
    def asks(references: object = None, root: object = None) -> None:
        del references, root
        aws.get_caller_identity()

    with pytest.raises(DeploymentError, match="the program must not call aws:index/getCallerIdentity"):
        deploy(InProcessEngine(asks, local.gateway), _stack("auth"))


def test_a_password_reaches_the_secret_that_is_handed_over(engine: InProcessEngine, local: LocalAws) -> None:
    deployed = deploy(engine, _stack("auth", trusted={"users": {"bo": {"console": True, "exclusive": False}}}))
    with local.session("111111111111", region="us-west-2") as auth:
        handed_over = deployed.outputs["handover"]["bo"]["console"]["secret"]
        content = json.loads(auth.secretsmanager.get_secret_value(SecretId=handed_over)["SecretString"])
    assert content.keys() == {"user", "password", "sign_in_url"}
    assert len(content["password"]) == 20
