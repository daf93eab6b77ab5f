"""The root's two stacks under the real engine, as a user runs them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.conftest import AUTH, WORKLOAD, Workspace

pytestmark = pytest.mark.engine

ROLES = "crossaccount:trusting"
TRUSTED = "crossaccount:trusted"


def test_both_stacks_deploy_from_nothing_and_a_second_run_changes_nothing(deployed: Workspace) -> None:
    for stack in ("auth", "workload"):
        printed = deployed.up(stack)
        assert "unchanged" in printed
        assert not any(word in printed for word in ("created", "updated", "deleted", "replaced")), printed
        assert set(deployed.changes(stack, "--refresh")) == {"same"}


def test_the_trust_names_the_arn_that_the_other_stack_exports(deployed: Workspace) -> None:
    exported = json.loads(deployed.run("stack", "output", "roles", "--stack", "auth", "--json"))
    role = deployed.account(WORKLOAD).iam.get_role(RoleName="AssumedRole")["Role"]
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]  # type: ignore[typeddict-item,index]
    assert statement["Principal"] == {"AWS": exported["AssumingRole"]}
    types = {each["type"] for each in deployed.exported("workload")["resources"]}
    assert "pulumi:pulumi:StackReference" not in types, "what is read leaves nothing in the reader's state"


def test_a_trust_edit_is_previewed_as_a_document_and_made_in_place(deployed: Workspace) -> None:
    def require_external_id(config: dict[str, Any]) -> None:
        config[ROLES]["roles"]["AssumedRoleForUsers"]["trust"][0]["external_id"] = ["CONTRACT-42"]

    before = deployed.account(WORKLOAD).iam.get_role(RoleName="AssumedRoleForUsers")["Role"]["RoleId"]
    deployed.edit("workload", require_external_id)

    preview = deployed.run("preview", "--stack", "workload", "--diff")
    assert 'sts:ExternalId: "CONTRACT-42"' in preview
    assert "[unknown]" not in preview
    deployed.up("workload")

    role = deployed.account(WORKLOAD).iam.get_role(RoleName="AssumedRoleForUsers")["Role"]
    assert role["RoleId"] == before
    assert "CONTRACT-42" in json.dumps(role["AssumeRolePolicyDocument"])


def test_a_renamed_role_is_replaced(deployed: Workspace) -> None:
    def rename(config: dict[str, Any]) -> None:
        roles = config[ROLES]["roles"]
        roles["ReadersRole"] = {**roles.pop("AssumedRoleForUsers"), "aliases": ["AssumedRoleForUsers"]}

    deployed.edit("workload", rename)
    assert deployed.changes("workload")["replace"] >= 1
    deployed.up("workload")
    names = {role["RoleName"] for role in deployed.account(WORKLOAD).iam.list_roles()["Roles"]}
    assert "ReadersRole" in names
    assert "AssumedRoleForUsers" not in names


def test_a_user_renamed_with_aliases_stays_the_same_user(workspace: Workspace) -> None:
    def without_console(config: dict[str, Any]) -> None:
        del config[TRUSTED]["users"]["richard"]["console"]

    def rename(config: dict[str, Any]) -> None:
        users = config[TRUSTED]["users"]
        users["rick"] = {**users.pop("richard"), "aliases": ["richard"]}

    def adopt(config: dict[str, Any]) -> None:
        config[TRUSTED]["users"]["rick"] = {"policies": ["AssumeRolePolicy"], "import": True}

    workspace.edit("auth", without_console)
    workspace.up("auth")
    before = workspace.account(AUTH).iam.get_user(UserName="richard")["User"]["UserId"]
    workspace.edit("auth", rename)
    workspace.up("auth")
    # Pulumi never changes an ID in place: the state still says richard, and a refresh would take the user for deleted.
    workspace.edit("auth", adopt)
    workspace.up("auth")

    iam = workspace.account(AUTH).iam
    assert iam.get_user(UserName="rick")["User"]["UserId"] == before
    attached = iam.list_attached_user_policies(UserName="rick")["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AssumeRolePolicy"]
    assert set(workspace.changes("auth", "--refresh")) == {"same"}


def test_a_password_that_its_user_changed_is_left_alone(deployed: Workspace) -> None:
    iam = deployed.account(AUTH).iam
    made = iam.get_login_profile(UserName="richard")["LoginProfile"]["CreateDate"]
    # What iam:ChangePassword leaves behind. (The local AWS asks that permission on every user, so richard's own grant,
    # on himself, does not let him call it there.)
    iam.update_login_profile(UserName="richard", Password="Chosen-by-Richard-1", PasswordResetRequired=False)

    assert set(deployed.changes("auth", "--refresh")) == {"same"}
    deployed.up("auth", "--refresh")
    profile = iam.get_login_profile(UserName="richard")["LoginProfile"]
    assert (profile["CreateDate"], profile["PasswordResetRequired"]) == (made, False)


def test_what_is_added_by_hand_is_seen_after_a_refresh_and_removed(deployed: Workspace) -> None:
    iam = deployed.account(WORKLOAD).iam
    iam.attach_role_policy(RoleName="AssumedRole", PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess")
    allow_all = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="AssumedRole", PolicyName="by-hand", PolicyDocument=json.dumps(allow_all))

    seen = deployed.run("preview", "--stack", "workload", "--refresh", "--diff")
    assert "PowerUserAccess" in seen
    assert "by-hand" in seen
    deployed.up("workload", "--refresh")

    assert iam.list_attached_role_policies(RoleName="AssumedRole")["AttachedPolicies"] == []
    assert iam.list_role_policies(RoleName="AssumedRole")["PolicyNames"] == ["AssumedRolePolicy"]


def test_an_existing_role_is_adopted_and_not_made_again(workspace: Workspace) -> None:
    workspace.up("auth")
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{AUTH}:root"},
            "Action": "sts:AssumeRole",
        },
    }
    iam = workspace.account(WORKLOAD).iam
    made = iam.create_role(RoleName="AssumedRoleForUsers", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["RoleId"]

    def adopt(config: dict[str, Any]) -> None:
        config[ROLES]["roles"]["AssumedRoleForUsers"]["import"] = True

    workspace.edit("workload", adopt)
    assert workspace.changes("workload")["import"] == 1
    workspace.up("workload")
    assert iam.get_role(RoleName="AssumedRoleForUsers")["Role"]["RoleId"] == made
    assert set(workspace.changes("workload", "--refresh")) == {"same"}


def test_destroy_leaves_nothing(deployed: Workspace) -> None:
    for stack in ("workload", "auth"):
        deployed.run("destroy", "--stack", stack, "--yes", "--skip-preview")
        assert deployed.exported(stack).get("resources", []) == []
    for account_id in (AUTH, WORKLOAD):
        iam = deployed.account(account_id).iam
        assert iam.list_users()["Users"] == []
        assert [role for role in iam.list_roles()["Roles"] if not role["Path"].startswith("/aws-service-role/")] == []
        assert iam.list_policies(Scope="Local")["Policies"] == []
        assert iam.list_instance_profiles()["InstanceProfiles"] == []
