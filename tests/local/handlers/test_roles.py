"""Roles and instance profiles against a local AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crossaccount.local.clients import Aws
from crossaccount.local.handlers import HANDLERS, ResourceError, create
from crossaccount.local.handlers.errors import as_resource_error
from crossaccount.local.handlers.handler import changes

ROLE = HANDLERS["aws:iam/role:Role"]
PROFILE = HANDLERS["aws:iam/instanceProfile:InstanceProfile"]
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def trust(service: str = "ec2.amazonaws.com") -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def policy(action: str = "s3:GetObject") -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})


def make(root: Aws, **inputs: Any) -> tuple[str, dict[str, Any]]:
    return create(ROLE.type, root, {"name": "R", "assumeRolePolicy": trust(), **inputs})


def inputs(**more: Any) -> dict[str, Any]:
    return ROLE.check({"name": "R", "assumeRolePolicy": trust(), **more})


def test_created_as_asked_and_read_in_the_programs_words(root: Aws) -> None:
    boundary = root.iam.create_policy(PolicyName="B", PolicyDocument=policy())["Policy"]["Arn"]
    id, state = make(
        root,
        path="/team/",
        description="d",
        maxSessionDuration=7200,
        permissionsBoundary=boundary,
        tags={"a": "1"},
        forceDetachPolicies=True,
    )
    assert id == "R"
    assert state["arn"] == f"arn:aws:iam::{root.account_id()}:role/team/R"
    assert state["assumeRolePolicy"] == trust()
    assert state["createDate"].endswith("Z")
    found = ROLE.read(root, id, state)
    assert found is not None
    assert found[2] == state
    assert ROLE.refreshed(inputs(), found[2])["assumeRolePolicy"] == trust()


def test_everything_but_name_and_path_changes_in_place(root: Aws) -> None:
    boundary = root.iam.create_policy(PolicyName="B", PolicyDocument=policy())["Policy"]["Arn"]
    id, state = make(root, description="d", tags={"a": "1", "b": "2"})
    new = inputs(
        assumeRolePolicy=trust("lambda.amazonaws.com"),
        description="e",
        maxSessionDuration=7200,
        permissionsBoundary=boundary,
        tags={"a": "3"},
        forceDetachPolicies=True,
    )
    assert not any(change.replaces for change in changes(ROLE, state, new))
    after = ROLE.update(root, id, state, new)
    assert set(after) >= set(state)  # the whole state, so that exports survive
    assert after["arn"] == state["arn"]
    assert changes(ROLE, after, new) == []
    again = ROLE.read(root, id, after)
    assert again is not None
    assert again[2] == after
    bare = ROLE.update(root, id, after, inputs())
    assert changes(ROLE, bare, inputs()) == []
    assert not {"description", "permissionsBoundary"} & set(bare)


def test_only_name_and_path_replace() -> None:
    assert ROLE.replaces == {"name", "path"}
    assert PROFILE.replaces == {"name", "path"}


def test_what_others_add_shows_in_the_state(root: Aws) -> None:
    id, state = make(root)
    root.iam.put_role_policy(RoleName=id, PolicyName="p", PolicyDocument=policy())
    root.iam.attach_role_policy(RoleName=id, PolicyArn=READ_ONLY)
    root.iam.update_assume_role_policy(RoleName=id, PolicyDocument=trust("lambda.amazonaws.com"))
    found = ROLE.read(root, id, state)
    assert found is not None
    assert found[2]["managedPolicyArns"] == [READ_ONLY]
    assert found[2]["inlinePolicies"][0]["name"] == "p"
    assert [each.path for each in changes(ROLE, found[2], inputs())] == ["assumeRolePolicy"]


def test_an_import_replaces_nothing(root: Aws) -> None:
    id, _ = make(root, maxSessionDuration=7200)
    root.iam.attach_role_policy(RoleName=id, PolicyArn=READ_ONLY)
    found = ROLE.read(root, id, {})
    assert found is not None
    assert set(found[1]) == {"assumeRolePolicy", "maxSessionDuration", "name"}
    ROLE.check(found[1])  # an import's inputs are inputs
    after = changes(ROLE, found[2], inputs(maxSessionDuration=7200, forceDetachPolicies=True))
    assert [(each.path, each.kind, each.replaces) for each in after] == [("forceDetachPolicies", "update", False)]


def test_a_hand_attached_policy_stops_a_deletion_without_force(root: Aws) -> None:
    id, state = make(root)
    root.iam.attach_role_policy(RoleName=id, PolicyArn=READ_ONLY)
    with pytest.raises(ResourceError, match="DeleteRole: DeleteConflict"), as_resource_error("it"):
        ROLE.delete(root, id, state)
    # As pulumi-aws: after a refresh the state has it, and it goes with the role.
    found = ROLE.read(root, id, state)
    assert found is not None
    ROLE.delete(root, id, found[2])
    assert ROLE.read(root, id, state) is None


def test_force_detach_takes_everything_from_the_role(root: Aws) -> None:
    id, state = make(root, forceDetachPolicies=True)
    root.iam.attach_role_policy(RoleName=id, PolicyArn=READ_ONLY)
    root.iam.put_role_policy(RoleName=id, PolicyName="p", PolicyDocument=policy())
    root.iam.create_instance_profile(InstanceProfileName="I")
    root.iam.add_role_to_instance_profile(InstanceProfileName="I", RoleName=id)
    ROLE.delete(root, id, state)
    assert ROLE.read(root, id, state) is None
    ROLE.delete(root, id, state)


def test_an_instance_profile_lives_and_dies(root: Aws) -> None:
    make(root)
    make(root, name="S")
    id, state = create(PROFILE.type, root, {"name": "I", "path": "/p/", "role": "R", "tags": {"a": "1"}})
    assert state["arn"] == f"arn:aws:iam::{root.account_id()}:instance-profile/p/I"
    assert PROFILE.read(root, id, state) == (id, PROFILE.imported(state), state)
    state = PROFILE.update(root, id, state, PROFILE.check({"name": "I", "path": "/p/", "role": "S"}))
    assert (state["role"], state["tags"]) == ("S", {})
    state = PROFILE.update(root, id, state, PROFILE.check({"name": "I", "path": "/p/"}))
    assert "role" not in state
    state = PROFILE.update(root, id, state, PROFILE.check({"name": "I", "path": "/p/", "role": "R"}))
    PROFILE.delete(root, id, state)
    assert PROFILE.read(root, id, state) is None
    PROFILE.delete(root, id, state)


def test_a_profile_whose_role_is_missing_leaves_nothing_behind(root: Aws) -> None:
    with pytest.raises(ResourceError, match="InstanceProfile I: AddRoleToInstanceProfile: NoSuchEntity"):
        create(PROFILE.type, root, {"name": "I", "role": "missing"})
    assert PROFILE.read(root, "I", {}) is None
