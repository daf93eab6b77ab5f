"""What a person sees when an upstream is not there, under the real engine."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.conftest import WORKLOAD, Workspace, point_at

pytestmark = pytest.mark.engine


def _nothing_was_made(workspace: Workspace) -> bool:
    roles = workspace.account(WORKLOAD).iam.list_roles()["Roles"]
    return [role for role in roles if not role["Path"].startswith("/aws-service-role/")] == []


def test_an_upstream_that_was_never_deployed_is_reported_before_anything_is_made(workspace: Workspace) -> None:
    printed = workspace.up("workload", fails=True)
    assert "stack organization/crossaccount/auth was never deployed" in printed
    assert "pulumi up -s organization/crossaccount/auth" in printed
    assert "Traceback" not in printed
    assert _nothing_was_made(workspace)


def test_an_upstream_that_does_not_exist_is_reported_before_anything_is_made(workspace: Workspace) -> None:
    workspace.run("stack", "rm", "auth", "--yes", "--preserve-config")
    printed = workspace.up("workload", fails=True)
    assert "reads[0]: stack organization/crossaccount/auth was never deployed; deploy it first" in printed
    assert "Traceback" not in printed
    assert _nothing_was_made(workspace)


def test_a_role_that_the_upstream_does_not_export_is_named_with_those_it_has(workspace: Workspace) -> None:
    def misspell(config: dict[str, Any]) -> None:
        config["crossaccount:trusting"]["roles"]["AssumedRole"]["trust"][0]["principals"] = ["auth/role/AssumingRol"]

    workspace.up("auth")
    workspace.edit("workload", misspell)
    printed = workspace.run("preview", "--stack", "workload", fails=True)
    assert 'exports no such role, got "auth/role/AssumingRol"; did you mean `auth/role/AssumingRole`?' in printed
    assert "Traceback" not in printed


def test_a_misspelt_role_of_an_upstream_that_was_never_deployed_is_named_as_its_stack_declares_it(
    workspace: Workspace,
) -> None:
    def misspell(config: dict[str, Any]) -> None:
        config["crossaccount:trusting"]["roles"]["AssumedRole"]["trust"][0]["principals"] = ["auth/role/AssumingRol"]

    workspace.edit("workload", misspell)
    printed = workspace.up("workload", fails=True)
    assert "stack organization/crossaccount/auth was never deployed" in printed
    assert 'declares no such role, got "auth/role/AssumingRol"; did you mean `auth/role/AssumingRole`?' in printed
    assert _nothing_was_made(workspace)


def test_two_stacks_that_read_each_other_are_named(workspace: Workspace) -> None:
    def read_workload(config: dict[str, Any]) -> None:
        config["crossaccount:reads"] = ["workload"]

    workspace.edit("auth", read_workload)
    printed = workspace.up("auth", fails=True)
    assert "stacks read each other in a circle" in printed
    assert "Traceback" not in printed


def test_credentials_of_another_account_are_refused_before_any_change(workspace: Workspace) -> None:
    workspace.edit("auth", point_at(workspace.local.gateway, "999999999999"))
    printed = workspace.up("auth", fails=True)
    assert "AWS account ID not allowed: 999999999999" in printed
    assert "Traceback" not in printed
