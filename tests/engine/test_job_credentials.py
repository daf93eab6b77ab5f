"""Credentials that change between two updates, and outputs of an update that failed, on the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossaccount.engine.deployers import ADMINISTRATOR, make_deployers
from crossaccount.engine.deployment import Stack
from crossaccount.local.clients import Credentials
from tests.engine.conftest import AUTH, Workspace
from tests.engine.test_job_verbs import _events, _run

pytestmark = pytest.mark.engine

DEPLOYERS = ("deploy-first", "deploy-second", "deploy-third")


def sign_in_anew(workspace: Workspace) -> None:
    """Deploy ``auth`` with a new access key of a user; the keys it had are gone."""
    iam = workspace.account(AUTH).iam
    if not any(user["UserName"] == "deployer" for user in iam.list_users()["Users"]):
        iam.create_user(UserName="deployer")
        iam.attach_user_policy(UserName="deployer", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    for old in iam.list_access_keys(UserName="deployer")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="deployer", AccessKeyId=old["AccessKeyId"])
    key = iam.create_access_key(UserName="deployer")["AccessKey"]

    def change(config: dict[str, Any]) -> None:
        config.update({"aws:accessKey": key["AccessKeyId"], "aws:secretKey": key["SecretAccessKey"]})

    workspace.edit("auth", change)


def test_every_verb_signs_in_with_the_keys_of_now(workspace: Workspace) -> None:
    sign_in_anew(workspace)
    assert _run(workspace, "up", "auth", "--yes", "--approve", "broadening", "--approve", "credentials").returncode == 0
    exported = _outputs(workspace)
    sign_in_anew(workspace)
    workspace.edit("auth", lambda config: config["crossaccount:trusted"]["users"].update({"newcomer": {}}))
    for verb in (["refresh", "--yes"], ["drift"], ["preview"]):
        done = _run(workspace, *verb, "auth")
        assert done.returncode == 0, done.stdout + done.stderr
        assert _outputs(workspace) == exported, "nobody made the newcomer"
    done = _run(workspace, "up", "auth", "--yes", "--approve", "broadening", "--approve", "credentials")
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(_outputs(workspace)["users"]) == {"richard", "newcomer"}
    sign_in_anew(workspace)
    done = _run(workspace, "destroy", "auth", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr


def through(role: str) -> dict[str, str]:
    """How ``auth`` is deployed through a role."""
    return {"roleArn": f"arn:aws:iam::{AUTH}:role/{role}", "externalId": "agreed", "sessionName": "crossaccount"}


def deploy_through(workspace: Workspace, role: str, deployer: Credentials) -> None:
    """Let ``auth`` be deployed through ``role``; the roles before it are gone."""
    iam = workspace.account(AUTH).iam
    for old in DEPLOYERS[: DEPLOYERS.index(role)]:
        if old in {each["RoleName"] for each in iam.list_roles()["Roles"]}:
            iam.detach_role_policy(RoleName=old, PolicyArn=ADMINISTRATOR)
            iam.delete_role(RoleName=old)

    def change(config: dict[str, Any]) -> None:
        config["aws:accessKey"], config["aws:secretKey"] = deployer.access_key_id, deployer.secret_access_key
        config["aws:assumeRoles"] = [through(role)]

    workspace.edit("auth", change)


def test_every_verb_goes_through_the_role_of_now(workspace: Workspace) -> None:
    yes = ("--yes", "--approve", "broadening", "--approve", "credentials")
    stacks = [Stack("p", "auth", {"aws:assumeRoles": [through(role)]}, Path()) for role in DEPLOYERS]
    deployer = make_deployers(workspace.local, stacks)
    assert deployer is not None
    deploy_through(workspace, "deploy-first", deployer)
    done = _run(workspace, "up", "auth", *yes)
    assert done.returncode == 0, done.stdout + done.stderr
    made = _outputs(workspace)
    deploy_through(workspace, "deploy-second", deployer)
    for verb in (["refresh", "--yes"], ["drift"], ["preview"], ["up", *yes]):
        done = _run(workspace, *verb, "auth")
        assert done.returncode == 0, done.stdout + done.stderr
        assert _outputs(workspace) == made
    state = workspace.exported("auth")
    [provider] = [each for each in state["resources"] if each["type"] == "pulumi:providers:aws"]
    assert "deploy-second" in str(provider["inputs"]["assumeRoles"])
    deploy_through(workspace, "deploy-third", deployer)
    done = _run(workspace, "destroy", "auth", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "AssumingRole" not in {each["RoleName"] for each in workspace.account(AUTH).iam.list_roles()["Roles"]}


def test_a_stack_whose_upstream_is_gone_can_still_go(deployed: Workspace) -> None:
    done = _run(deployed, "destroy", "auth", "--yes", "--leave-readers")
    assert done.returncode == 0, done.stdout + done.stderr
    done = _run(deployed, "destroy", "workload", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "its program does not run now" in done.stdout


def test_a_failed_update_exports_what_exists(workspace: Workspace) -> None:
    workspace.up("auth")
    exported = _outputs(workspace)
    workspace.account(AUTH).iam.create_user(UserName="taken")
    workspace.edit("auth", lambda config: config["crossaccount:trusted"]["users"].update({"taken": {}}))
    preview = workspace.run("preview", "--stack", "auth")
    assert '"arn:aws:iam::111111111111:user/taken"' in preview, "known before it is there"
    workspace.up("auth", fails=True)
    assert _outputs(workspace) == exported


def _outputs(workspace: Workspace) -> dict[str, Any]:
    [found, _] = _events(_run(workspace, "outputs", "auth", "--json"))
    outputs: dict[str, Any] = found["outputs"]
    return outputs
