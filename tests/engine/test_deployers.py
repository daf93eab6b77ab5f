"""Stacks that are deployed through roles: assumed by real calls, with the external ID that their trust asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.program import program
from crossaccount.engine.deployers import DEPLOYING_ACCOUNT, connect, local_config, make_deployers
from crossaccount.engine.deployment import DeploymentError, Stack
from crossaccount.engine.local_aws import InProcessEngine
from crossaccount.engine.work import deploy
from crossaccount.local.clients import Credentials, Gateway
from crossaccount.local.server import LocalAws

ROLE = "arn:aws:iam::222222222222:role/deploy/crossaccount"
HUB = "arn:aws:iam::111111111111:role/hub"
TRUSTING = {"roles": {"R": {"trust": [{"principals": ["333333333333"]}]}}}


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalAws]:
    with LocalAws(log_dir=tmp_path) as running:
        yield running


def _stack(*roles: dict[str, Any], **provider: Any) -> Stack:
    config = {
        "aws:allowedAccountIds": ["222222222222"],
        "aws:assumeRoles": list(roles),
        "crossaccount:accounts": {"workload": {"id": "222222222222", "stack": "workload"}},
        "crossaccount:account": "workload",
        "crossaccount:trusting": TRUSTING,
        **{f"aws:{key}": value for key, value in provider.items()},
    }
    return Stack("crossaccount", "workload", config, Path("/nowhere"))


STACK = _stack({"roleArn": ROLE, "externalId": "agreed", "sessionName": "crossaccount"})


def test_a_stack_is_deployed_as_its_role(local: LocalAws) -> None:
    deployer = make_deployers(local, [STACK])
    deploy(InProcessEngine(program, local.gateway, deployer), STACK)
    with connect(STACK, local.gateway, deployer) as aws:
        assert (
            aws.sts.get_caller_identity()["Arn"] == "arn:aws:sts::222222222222:assumed-role/crossaccount/crossaccount"
        )
        assert aws.iam.get_role(RoleName="R")["Role"]["Arn"] == "arn:aws:iam::222222222222:role/R"


@pytest.mark.parametrize("external_id", [None, "guessed"])
def test_without_the_external_id_nothing_is_deployed(local: LocalAws, external_id: str | None) -> None:
    deployer = make_deployers(local, [STACK])
    role = {"roleArn": ROLE, **({"externalId": external_id} if external_id else {})}
    with pytest.raises(DeploymentError, match=f"assuming {ROLE}: AssumeRole: AccessDenied"):
        deploy(InProcessEngine(program, local.gateway, deployer), _stack(role))
    with local.session("222222222222") as root:
        assert [role["RoleName"] for role in root.iam.list_roles()["Roles"]] == ["crossaccount"]


def test_a_role_that_may_nothing_deploys_nothing(local: LocalAws) -> None:
    """It would pass if the account's root deployed in truth."""
    deployer = make_deployers(local, [STACK])
    with local.session("222222222222") as root:
        [policy] = root.iam.list_attached_role_policies(RoleName="crossaccount")["AttachedPolicies"]
        root.iam.detach_role_policy(RoleName="crossaccount", PolicyArn=policy["PolicyArn"])
    with pytest.raises(DeploymentError, match="AccessDenied"):
        deploy(InProcessEngine(program, local.gateway, deployer), STACK)


def test_a_chain_of_roles_is_gone_through_one_by_one(local: LocalAws) -> None:
    chained = _stack({"roleArn": HUB}, {"roleArn": ROLE, "externalId": "agreed"})
    deployer = make_deployers(local, [chained])
    deploy(InProcessEngine(program, local.gateway, deployer), chained)
    with pytest.raises(DeploymentError, match=f"assuming {ROLE}"):
        deploy(InProcessEngine(program, local.gateway, deployer), STACK)


def test_stacks_that_share_a_role_each_get_through_it(local: LocalAws) -> None:
    other = _stack({"roleArn": ROLE, "externalId": "another"})
    deployer = make_deployers(local, [STACK, other])
    for stack in (STACK, other):
        connect(stack, local.gateway, deployer).close()


def test_a_role_of_another_account_does_not_deploy_here(local: LocalAws) -> None:
    elsewhere = _stack({"roleArn": HUB})
    deployer = make_deployers(local, [elsewhere])
    with pytest.raises(DeploymentError, match="AWS account ID not allowed: 111111111111"):
        deploy(InProcessEngine(program, local.gateway, deployer), elsewhere)


def test_where_no_stack_goes_through_a_role_nobody_is_made(local: LocalAws) -> None:
    assert make_deployers(local, [_stack()]) is None
    with local.session(DEPLOYING_ACCOUNT) as root:
        assert root.iam.list_users()["Users"] == []


def test_an_external_id_that_is_encrypted_is_reported(local: LocalAws) -> None:
    with pytest.raises(DeploymentError, match=r"aws:assumeRoles\[0\].externalId: is encrypted"):
        make_deployers(local, [_stack({"roleArn": ROLE, "externalId": {"secure": "v1:x"}})])


def test_a_role_that_is_none_is_reported(local: LocalAws) -> None:
    with pytest.raises(DeploymentError, match="aws:deployer: is not the ARN of a role"):
        make_deployers(local, [_stack({"roleArn": "deployer"})])


def test_what_is_of_the_users_machine_stays_out_of_a_local_config() -> None:
    token = {"roleArn": "arn:aws:iam::222222222222:role/CI", "webIdentityTokenFile": "/run/token"}
    stack = _stack(profile="production", sharedConfigFiles=["~/.aws/config"], assumeRoleWithWebIdentity=token)
    config = local_config(stack, Gateway("http://127.0.0.1:1", b"s"), Credentials("AKIA", "s"))
    assert not {"aws:profile", "aws:sharedConfigFiles", "aws:assumeRoleWithWebIdentity"} & config.keys()
    assert config["aws:accessKey"] == "222222222222"
    assert local_config(STACK, Gateway("http://127.0.0.1:1", b"s"), Credentials("AKIA", "s"))["aws:accessKey"] == "AKIA"
