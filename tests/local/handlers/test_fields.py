"""Checks of inputs: defaults, kinds, and all failures at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crossaccount.local.handlers import HANDLERS, CheckFailed
from crossaccount.local.handlers.properties import UNKNOWN

ROLE = {"name": "R", "assumeRolePolicy": '{"Version":"2012-10-17","Statement":[]}'}


def check(kind: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return HANDLERS[kind].check(inputs)


def failures(kind: str, inputs: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(CheckFailed) as caught:
        check(kind, inputs)
    return dict(caught.value.failures)


@pytest.mark.parametrize(
    ("kind", "inputs", "defaults"),
    [
        ("aws:iam/role:Role", ROLE, {"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"}),
        ("aws:iam/user:User", {"name": "U"}, {"forceDestroy": False, "path": "/"}),
        ("aws:iam/group:Group", {"name": "G"}, {"path": "/"}),
        ("aws:iam/policy:Policy", {"name": "P", "policy": "{}"}, {"path": "/"}),
        ("aws:iam/instanceProfile:InstanceProfile", {"name": "I"}, {"path": "/"}),
        ("aws:iam/userLoginProfile:UserLoginProfile", {"user": "U"}, {"passwordLength": 20}),
        ("aws:iam/accessKey:AccessKey", {"user": "U"}, {"status": "Active"}),
        (
            "aws:secretsmanager/secret:Secret",
            {"name": "S"},
            {"forceOverwriteReplicaSecret": False, "recoveryWindowInDays": 30},
        ),
    ],
)
def test_defaults_are_pulumi_awss(kind: str, inputs: dict[str, Any], defaults: dict[str, Any]) -> None:
    checked = check(kind, inputs)
    checked.pop("tagsAll", None)
    assert checked == {**inputs, **defaults}


def test_all_failures_come_at_once() -> None:
    found = failures("aws:iam/role:Role", {"assumeRolePolicy": "{", "maxSessionDuration": "an hour", "pth": "/"})
    assert set(found) == {"assumeRolePolicy", "maxSessionDuration", "name", "pth"}
    assert "is not JSON" in found["assumeRolePolicy"]
    assert found["maxSessionDuration"] == "must be a whole number"
    assert "makes up no names" in found["name"]
    assert "it has assumeRolePolicy, description" in found["pth"]


@pytest.mark.parametrize(
    ("kind", "inputs", "name", "reason"),
    [
        (
            "aws:iam/role:Role",
            {**ROLE, "maxSessionDuration": 3599},
            "maxSessionDuration",
            "must be 3600–43200, got 3599",
        ),
        ("aws:iam/role:Role", {**ROLE, "maxSessionDuration": True}, "maxSessionDuration", "must be a whole number"),
        ("aws:iam/role:Role", {**ROLE, "forceDetachPolicies": "yes"}, "forceDetachPolicies", "must be true or false"),
        ("aws:iam/role:Role", {**ROLE, "tags": {"a": 1}}, "tags", "must be a mapping of texts to texts"),
        ("aws:iam/role:Role", {**ROLE, "assumeRolePolicy": "[]"}, "assumeRolePolicy", "must be a JSON object"),
        ("aws:iam/role:Role", {**ROLE, "assumeRolePolicy": 3}, "assumeRolePolicy", "must be a JSON object"),
        ("aws:iam/user:User", {"name": 7}, "name", "must be text"),
        (
            "aws:iam/accessKey:AccessKey",
            {"user": "U", "status": "Off"},
            "status",
            "must be Active or Inactive, got 'Off'",
        ),
        (
            "aws:secretsmanager/secret:Secret",
            {"name": "S", "recoveryWindowInDays": 5},
            "recoveryWindowInDays",
            "must be 7–30 or 0, got 5",
        ),
        (
            "aws:iam/userLoginProfile:UserLoginProfile",
            {"user": "U", "passwordLength": 4},
            "passwordLength",
            "must be 5–128, got 4",
        ),
        (
            "aws:iam/groupMembership:GroupMembership",
            {"name": "G", "group": "G", "users": "U"},
            "users",
            "must be a list of texts",
        ),
    ],
)
def test_a_bad_value_is_refused(kind: str, inputs: dict[str, Any], name: str, reason: str) -> None:
    found = failures(kind, inputs)
    assert list(found) == [name]
    assert found[name].startswith(reason)


def test_a_document_may_be_an_object() -> None:
    checked = check("aws:iam/role:Role", {**ROLE, "assumeRolePolicy": {"Version": "2012-10-17", "Statement": []}})
    assert json.loads(checked["assumeRolePolicy"]) == {"Version": "2012-10-17", "Statement": []}


def test_what_is_not_known_yet_passes() -> None:
    checked = check("aws:iam/role:Role", {**ROLE, "assumeRolePolicy": UNKNOWN, "tags": {"team": UNKNOWN}})
    assert checked["assumeRolePolicy"] is UNKNOWN
    assert checked["tagsAll"] == {"team": UNKNOWN}


def test_default_tags_lie_under_the_resources_own() -> None:
    checked = HANDLERS["aws:iam/role:Role"].check({**ROLE, "tags": {"team": "a"}}, {"team": "b", "cost": "c"})
    assert checked["tags"] == {"team": "a"}
    assert checked["tagsAll"] == {"team": "a", "cost": "c"}


def test_a_refused_value_is_not_repeated() -> None:
    found = failures("aws:secretsmanager/secretVersion:SecretVersion", {"secretId": "s", "secretString": ["hunter2"]})
    assert "hunter2" not in str(found)
