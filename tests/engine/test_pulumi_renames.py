"""What belongs to a renamed entity goes on belonging to it, under the real engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.engine.conftest import AUTH, WORKLOAD, Workspace

pytestmark = pytest.mark.engine

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
POLICIES = {"policies": [READ_ONLY], "inline": {"assume": {"assume": ["workload/role/AssumedRoleForUsers"]}}}
TRUST = [{"principals": ["auth"]}]
MOVED = {"replace", "create-replacement", "delete-replaced"}


def _steps(workspace: Workspace, stack: str) -> Mapping[str, set[str]]:
    """What a preview would do: the operations by the type of the resource, stack and components left out."""
    printed = workspace.run("preview", "--stack", stack, "--json")
    found: dict[str, set[str]] = {}
    for step in json.loads(printed[printed.index("{") :])["steps"]:
        kind = step["urn"].split("::")[2].rpartition(":")[2]
        found.setdefault(kind, set()).add(step["op"])
    return found


def _declare(workspace: Workspace, stack: str, side: str, section: str, entities: Mapping[str, Any]) -> None:
    def change(config: dict[str, Any]) -> None:
        config.setdefault(f"crossaccount:{side}", {}).setdefault(section, {}).clear()
        config[f"crossaccount:{side}"][section].update(entities)

    workspace.edit(stack, change)


def test_a_group_renamed_with_aliases_keeps_members_and_policies(workspace: Workspace) -> None:
    member = {"policies": ["AssumeRolePolicy"]}
    _declare(workspace, "auth", "trusted", "groups", {"Testers": POLICIES})
    _declare(workspace, "auth", "trusted", "users", {"richard": {**member, "groups": ["Testers"]}})
    workspace.up("auth")
    iam = workspace.account(AUTH).iam
    before = iam.get_group(GroupName="Testers")["Group"]["GroupId"]

    _declare(workspace, "auth", "trusted", "groups", {"Checkers": {**POLICIES, "aliases": ["Testers"]}})
    _declare(workspace, "auth", "trusted", "users", {"richard": {**member, "groups": ["Checkers"]}})
    steps = _steps(workspace, "auth")
    assert steps["Group"] == {"update"}
    # Known as what they were: taken to the group's new name, and neither made beside the old ones nor deleted.
    for kind in ("GroupPolicy", "GroupPolicyAttachment", "GroupMembership"):
        assert steps[kind] <= {"update", *MOVED}, (kind, steps[kind])
    workspace.up("auth")

    group = iam.get_group(GroupName="Checkers")
    assert group["Group"]["GroupId"] == before
    assert [user["UserName"] for user in group["Users"]] == ["richard"]
    assert iam.list_group_policies(GroupName="Checkers")["PolicyNames"] == ["assume"]
    attached = iam.list_attached_group_policies(GroupName="Checkers")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [READ_ONLY]

    adopted = {**POLICIES, "import": True, "exclusive": True}
    _declare(workspace, "auth", "trusted", "groups", {"Checkers": adopted})
    workspace.up("auth")
    assert set(workspace.changes("auth", "--refresh")) == {"same"}
    assert iam.get_group(GroupName="Checkers")["Group"]["GroupId"] == before
    assert len(iam.get_group(GroupName="Checkers")["Users"]) == 1


def test_the_policies_of_a_role_renamed_with_aliases_are_known_again(workspace: Workspace) -> None:
    """AWS cannot rename a role. Its policies move with it, and no other role is touched."""
    others = {"Other": {"trust": TRUST, **POLICIES}}
    _declare(workspace, "workload", "trusting", "roles", {**others, "Old": {"trust": TRUST, **POLICIES}})
    workspace.edit("workload", lambda config: config.pop("crossaccount:reads", None))
    workspace.up("workload")
    iam = workspace.account(WORKLOAD).iam
    kept = iam.get_role(RoleName="Other")["Role"]["RoleId"]

    new = {"New": {"trust": TRUST, **POLICIES, "aliases": ["Old"]}}
    _declare(workspace, "workload", "trusting", "roles", {**others, **new})
    steps = _steps(workspace, "workload")
    for kind in ("Role", "RolePolicy", "RolePolicyAttachment"):
        assert steps[kind] <= {"same", *MOVED}, (kind, steps[kind])
    workspace.up("workload")
    assert {each["RoleName"] for each in iam.list_roles()["Roles"]} >= {"Other", "New"}
    assert iam.get_role(RoleName="Other")["Role"]["RoleId"] == kept
    assert iam.list_role_policies(RoleName="New")["PolicyNames"] == ["assume"]
    assert len(iam.list_attached_role_policies(RoleName="New")["AttachedPolicies"]) == 1
    assert set(workspace.changes("workload", "--refresh")) == {"same"}
