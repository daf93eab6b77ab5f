"""Groups and memberships against a local AWS."""

from __future__ import annotations

import pytest

from crossaccount.local.clients import Aws
from crossaccount.local.handlers import HANDLERS, ResourceError, create
from crossaccount.local.handlers.handler import changes

GROUP = HANDLERS["aws:iam/group:Group"]
MEMBERS = HANDLERS["aws:iam/groupMembership:GroupMembership"]
GROUPS = HANDLERS["aws:iam/userGroupMembership:UserGroupMembership"]


@pytest.fixture
def people(root: Aws) -> Aws:
    """An account with users Ann, Bo and Cy, and groups G and H."""
    for name in ("Ann", "Bo", "Cy"):
        root.iam.create_user(UserName=name)
    for name in ("G", "H"):
        root.iam.create_group(GroupName=name)
    return root


def in_group(aws: Aws, group: str) -> set[str]:
    return {user["UserName"] for user in aws.iam.get_group(GroupName=group)["Users"]}


def test_a_group_lives_and_dies(root: Aws) -> None:
    id, state = create(GROUP.type, root, {"name": "Developers", "path": "/team/"})
    assert id == "Developers"
    assert state["arn"] == f"arn:aws:iam::{root.account_id()}:group/team/Developers"
    assert GROUP.read(root, id, {}) == (id, {"name": "Developers", "path": "/team/"}, state)
    GROUP.delete(root, id, state)
    assert GROUP.read(root, id, state) is None
    GROUP.delete(root, id, state)


def test_a_groups_name_and_path_change_in_place(root: Aws) -> None:
    id, state = create(GROUP.type, root, {"name": "Developers"})
    new = GROUP.check({"name": "Devs", "path": "/team/"})
    assert [(each.path, each.replaces) for each in changes(GROUP, state, new)] == [("name", False), ("path", False)]
    after = GROUP.update(root, id, state, new)
    assert after["arn"] == f"arn:aws:iam::{root.account_id()}:group/team/Devs"
    assert after["uniqueId"] == state["uniqueId"]


def test_the_members_of_a_group_are_all_of_them(people: Aws) -> None:
    inputs = {"name": "developers", "group": "G", "users": ["Bo", "Ann"]}
    id, state = create(MEMBERS.type, people, inputs)
    assert (id, in_group(people, "G")) == ("developers", {"Ann", "Bo"})
    people.iam.add_user_to_group(UserName="Cy", GroupName="G")
    found = MEMBERS.read(people, id, state)
    assert found is not None
    assert found[2] == {**inputs, "users": ["Bo", "Ann", "Cy"]}
    assert MEMBERS.refreshed(inputs, found[2]) == inputs  # as pulumi-aws: who is too much shows in the state
    assert MEMBERS.update(people, id, found[2], {**inputs, "users": ["Ann"]})["users"] == ["Ann"]
    assert in_group(people, "G") == {"Ann"}
    MEMBERS.delete(people, id, {**inputs, "users": ["Ann"]})
    assert in_group(people, "G") == set()


def test_members_of_a_group_that_is_gone_are_gone(people: Aws) -> None:
    id, state = create(MEMBERS.type, people, {"name": "m", "group": "G", "users": []})
    people.iam.delete_group(GroupName="G")
    assert MEMBERS.read(people, id, state) is None
    MEMBERS.delete(people, id, {**state, "users": ["Ann"]})


def test_members_cannot_be_imported_and_need_not_be(people: Aws) -> None:
    people.iam.add_user_to_group(UserName="Ann", GroupName="G")
    with pytest.raises(ResourceError, match="cannot import it; declare it"):
        MEMBERS.read(people, "m", {})
    create(MEMBERS.type, people, {"name": "m", "group": "G", "users": ["Ann"]})


def test_group_or_name_replace_the_membership() -> None:
    assert MEMBERS.replaces == {"group", "name"}
    assert GROUPS.replaces == {"user"}


def test_a_users_groups_leave_other_members_alone(people: Aws) -> None:
    people.iam.add_user_to_group(UserName="Ann", GroupName="G")
    id, state = create(GROUPS.type, people, {"user": "Bo", "groups": ["G"]})
    assert in_group(people, "G") == {"Ann", "Bo"}
    people.iam.add_user_to_group(UserName="Bo", GroupName="H")
    found = GROUPS.read(people, id, state)
    assert found is not None
    assert found[2] == {"user": "Bo", "groups": ["G"]}  # H is none of its business
    state = GROUPS.update(people, id, state, {"user": "Bo", "groups": ["H"]})
    assert in_group(people, "G") == {"Ann"}
    GROUPS.delete(people, id, state)
    assert in_group(people, "H") == set()
    people.iam.delete_user(UserName="Bo")
    assert GROUPS.read(people, id, state) is None


def test_a_users_groups_are_imported_by_their_names(people: Aws) -> None:
    people.iam.add_user_to_group(UserName="Bo", GroupName="G")
    found = GROUPS.read(people, "Bo/G/H", {})
    assert found is not None
    assert found[1] == {"user": "Bo", "groups": ["G"]}
    with pytest.raises(ResourceError, match="an import ID is"):
        GROUPS.read(people, "Bo", {})
