"""What a diff finds between a state and inputs, and what it makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crossaccount.local.handlers import HANDLERS
from crossaccount.local.handlers.handler import Change, changes, must_delete_first, with_ignored
from crossaccount.local.handlers.properties import UNKNOWN

ROLE = HANDLERS["aws:iam/role:Role"]
MEMBERS = HANDLERS["aws:iam/groupMembership:GroupMembership"]
PROFILE = HANDLERS["aws:iam/userLoginProfile:UserLoginProfile"]
ATTACHMENT = HANDLERS["aws:iam/rolePolicyAttachment:RolePolicyAttachment"]


def trust(*principals: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, **more}]})


INPUTS: dict[str, Any] = {
    "assumeRolePolicy": trust("111111111111"),
    "forceDetachPolicies": True,
    "maxSessionDuration": 3600,
    "name": "R",
    "path": "/",
    "tags": {"team": "a"},
    "tagsAll": {"team": "a"},
}
STATE: dict[str, Any] = {
    **INPUTS,
    "arn": "arn:aws:iam::222222222222:role/R",
    "managedPolicyArns": ["x"],
    "namePrefix": "",
}


def found(handler: Any, state: dict[str, Any], inputs: dict[str, Any], *ignored: str) -> list[tuple[str, str, bool]]:
    return [(each.path, each.kind, each.replaces) for each in changes(handler, state, inputs, ignored)]


def test_the_same_is_no_change() -> None:
    assert found(ROLE, STATE, INPUTS) == []


@pytest.mark.parametrize(
    "document",
    [
        trust("arn:aws:iam::111111111111:root"),
        trust("111111111111", Condition={}),
        '{"Statement": {"Action": ["sts:AssumeRole"], "Principal": {"AWS": "111111111111"}, "Effect": "Allow"}, '
        '"Version": "2012-10-17"}',
    ],
)
def test_the_same_policy_written_otherwise_is_no_change(document: str) -> None:
    assert found(ROLE, STATE, {**INPUTS, "assumeRolePolicy": document}) == []


@pytest.mark.parametrize(
    ("news", "expected"),
    [
        ({"assumeRolePolicy": trust("333333333333")}, [("assumeRolePolicy", "update", False)]),
        ({"description": "d"}, [("description", "add", False)]),
        ({"maxSessionDuration": 7200}, [("maxSessionDuration", "update", False)]),
        ({"permissionsBoundary": "arn:b"}, [("permissionsBoundary", "add", False)]),
        ({"name": "S"}, [("name", "update", True)]),
        ({"path": "/p/"}, [("path", "update", True)]),
        ({"path": UNKNOWN}, [("path", "update", True)]),
        ({"assumeRolePolicy": UNKNOWN}, [("assumeRolePolicy", "update", False)]),
        (
            {"tags": {"a b": "1"}, "tagsAll": {"team": "a", "cost": "c"}},
            [('tags["a b"]', "add", False), ("tags.team", "delete", False), ("tagsAll.cost", "add", False)],
        ),
    ],
)
def test_changes_of_a_role(news: dict[str, Any], expected: list[tuple[str, str, bool]]) -> None:
    assert found(ROLE, STATE, {**INPUTS, **news}) == expected


def test_a_drift_that_a_refresh_has_found_is_a_change() -> None:
    drifted = {**STATE, "permissionsBoundary": "arn:b", "description": "by hand"}
    assert found(ROLE, drifted, INPUTS) == [
        ("description", "delete", False),
        ("permissionsBoundary", "delete", False),
    ]


def test_what_aws_fills_in_is_no_change_when_left_out() -> None:
    state = {"user": "U", "passwordLength": 20, "passwordResetRequired": True, "password": "x"}
    assert found(PROFILE, state, {"user": "U", "passwordLength": 20}) == []


def test_after_an_import_a_default_that_aws_does_not_tell_is_added() -> None:
    imported = {"user": "U", "passwordResetRequired": True}
    assert found(PROFILE, imported, {"user": "U", "passwordLength": 20}) == [("passwordLength", "add", True)]
    assert found(PROFILE, imported, {"user": "U", "passwordLength": 20}, "passwordLength") == []


@pytest.mark.parametrize(
    ("users", "expected"),
    [
        (["b", "a"], []),
        (["a", "b", "c"], [("users[2]", "add", False)]),
        (["a"], [("users[1]", "delete", False)]),
        (["a", "c"], [("users[1]", "update", False)]),
        ([], [("users[0]", "delete", False), ("users[1]", "delete", False)]),
    ],
)
def test_the_order_of_members_means_nothing(users: list[str], expected: list[tuple[str, str, bool]]) -> None:
    state = {"group": "G", "name": "G", "users": ["a", "b"]}
    assert found(MEMBERS, state, {**state, "users": users}) == expected


@pytest.mark.parametrize("ignored", ["tags", 'tags["team"]', "tags.team"])
def test_what_pulumi_was_reported_to_ignore_is_ignored(ignored: str) -> None:
    news = {**INPUTS, "tags": {"team": "b"}}
    assert found(ROLE, STATE, news, ignored) == ([("tags.team", "update", False)] if "[" in ignored else [])


def test_an_explicit_name_is_deleted_first() -> None:
    assert must_delete_first(ROLE, INPUTS)
    assert must_delete_first(ATTACHMENT, {"role": "R", "policyArn": "x"})
    assert not must_delete_first(PROFILE, {"user": "U"})


def test_an_update_keeps_what_is_ignored_as_it_is() -> None:
    assert with_ignored({"a": 1}, {"a": 2, "b": 3, "c": 4}, ["a", "b"]) == {"a": 1, "c": 4}


def test_a_change_knows_its_property() -> None:
    assert [Change(path, "add").property for path in ("users[2]", "tags.team", 'tags["a.b"]', "policy")] == [
        "users",
        "tags",
        "tags",
        "policy",
    ]
