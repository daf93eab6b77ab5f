"""A program that renames or moves a component with aliases keeps its resources; transforms reach all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.engine.conftest import AUTH, Workspace

pytestmark = pytest.mark.engine

PROGRAM = """
import pulumi
from pulumi import Alias, ResourceOptions
from components import TrustedAccount, TrustingAccount

def owned(args):
    if args.type_ not in ("aws:iam/role:Role", "aws:iam/user:User"):
        return None
    return pulumi.ResourceTransformResult({**args.props, "tags": {**(args.props.get("tags") or {}), "owner": "me"}},
                                          args.opts)

class Landing(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("mine:index:Landing", name, None, opts)

def statement(action, **more):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **more}]}

READER = {"assume_role_policy": statement("sts:AssumeRole", Principal={"AWS": "222222222222"}),
          "inline": {"look": statement("s3:ListAllMyBuckets", Resource="*")},
          "attached": {"read": "arn:aws:iam::aws:policy/ReadOnlyAccess"}}
GROUPS = {"Readers": {"inline": {"go": statement("sts:AssumeRole", Resource="arn:aws:iam::222222222222:role/R")}}}
"""
BEFORE = """
TrustingAccount("old", {"roles": {"Reader": READER}})
TrustedAccount("old-people", {"users": {"bo": {"groups": ["Readers"]}}, "groups": GROUPS})
"""
AFTER = """
landing = Landing("landing")
TrustingAccount("new", {"roles": {"Reader": READER}},
                ResourceOptions(parent=landing, aliases=[Alias(name="old", parent=pulumi.ROOT_STACK_RESOURCE)]))
TrustedAccount("people", {"users": {"bo": {"groups": ["Readers"]}}, "groups": GROUPS},
               ResourceOptions(aliases=[Alias(name="old-people")]))
"""


def _resources(workspace: Workspace) -> dict[str, str]:
    """The ID of every resource in AWS, by its logical name."""
    found = workspace.exported("auth")["resources"]
    return {each["urn"].rpartition("::")[2]: each["id"] for each in found if each["type"].startswith("aws:")}


def _unique_ids(workspace: Workspace) -> Mapping[str, Any]:
    iam = workspace.account(AUTH).iam
    roles = {each["RoleName"]: each["RoleId"] for each in iam.list_roles(PathPrefix="/")["Roles"]}
    return roles | {each["UserName"]: each["UserId"] for each in iam.list_users()["Users"]}


def test_a_program_that_renames_and_moves_components_keeps_every_resource(workspace: Workspace) -> None:
    main = workspace.folder / "__main__.py"
    main.write_text(PROGRAM + BEFORE)
    workspace.up("auth")
    before, ids = _resources(workspace), _unique_ids(workspace)
    assert {"old-role-Reader", "old-people-user-bo"} <= before.keys()

    main.write_text(PROGRAM + AFTER)
    steps = workspace.changes("auth")
    assert steps.keys() <= {"same", "create"}, steps
    assert steps.get("create") == 1, "the component around them alone"
    workspace.up("auth")
    after = _resources(workspace)
    assert sorted(after.values()) == sorted(before.values())
    assert "new-role-Reader" in after
    assert _unique_ids(workspace) == ids


def test_without_aliases_they_would_be_replaced(workspace: Workspace) -> None:
    """So the test above can fail."""
    main = workspace.folder / "__main__.py"
    main.write_text(PROGRAM + BEFORE)
    workspace.up("auth")
    without = AFTER.replace(', aliases=[Alias(name="old", parent=pulumi.ROOT_STACK_RESOURCE)]', "")
    assert without != AFTER
    main.write_text(PROGRAM + without)
    assert {"create", "delete"} <= workspace.changes("auth").keys()


def test_a_transform_reaches_every_resource_of_a_component(workspace: Workspace) -> None:
    main = workspace.folder / "__main__.py"
    main.write_text(PROGRAM + BEFORE.replace("READER}})", "READER}}, ResourceOptions(transforms=[owned]))"))
    workspace.up("auth")
    iam = workspace.account(AUTH).iam
    assert iam.list_role_tags(RoleName="Reader")["Tags"] == [{"Key": "owner", "Value": "me"}]
    assert iam.list_user_tags(UserName="bo")["Tags"] == [], "of another component"
    assert workspace.changes("auth").keys() == {"same"}


def test_a_role_renamed_by_its_own_alias_keeps_its_policies(workspace: Workspace) -> None:
    """AWS renames no role: a new one is made. What hangs on it is known, and moves with it."""
    main = workspace.folder / "__main__.py"
    main.write_text(PROGRAM + BEFORE)
    workspace.up("auth")
    renamed = BEFORE.replace('{"Reader": READER}', '{"Lector": {**READER, "aliases": ["Reader"]}}')
    main.write_text(PROGRAM + renamed)
    steps = workspace.changes("auth")
    assert not steps.keys() & {"create", "delete"}, steps
    workspace.up("auth")
    iam = workspace.account(AUTH).iam
    assert "Reader" not in _unique_ids(workspace)
    assert iam.list_role_policies(RoleName="Lector")["PolicyNames"] == ["look"]
    assert json.dumps(iam.get_role(RoleName="Lector")["Role"]["AssumeRolePolicyDocument"]).count("222222222222") == 1
