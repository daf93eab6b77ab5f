"""Secrets and their versions against a local AWS."""

from __future__ import annotations

from typing import Any

import pytest

from crossaccount.local.clients import Aws
from crossaccount.local.handlers import HANDLERS, ResourceError, create
from crossaccount.local.handlers.handler import changes

SECRET = HANDLERS["aws:secretsmanager/secret:Secret"]
VERSION = HANDLERS["aws:secretsmanager/secretVersion:SecretVersion"]


def make(root: Aws, **inputs: Any) -> tuple[str, dict[str, Any]]:
    return create(SECRET.type, root, {"name": "crossaccount/user/Bo/console", **inputs})


def put(root: Aws, secret_id: str, text: str = "hunter2") -> tuple[str, dict[str, Any]]:
    return create(VERSION.type, root, {"secretId": secret_id, "secretString": text})


def test_a_secret_is_created_read_and_changed(root: Aws) -> None:
    id, state = make(root, description="d", tags={"a": "1"})
    assert id == state["arn"]
    assert state["recoveryWindowInDays"] == 30
    assert SECRET.read(root, id, state) == (id, SECRET.imported(state), state)
    new = SECRET.check({"name": state["name"], "description": "e", "tags": {"b": "2"}, "recoveryWindowInDays": 7})
    after = SECRET.update(root, id, state, new)
    assert (after["description"], after["tags"], after["recoveryWindowInDays"]) == ("e", {"b": "2"}, 7)
    assert changes(SECRET, after, new) == []
    assert SECRET.replaces == {"name", "region"}


def test_a_deleted_secrets_name_stays_taken(root: Aws) -> None:
    id, state = make(root, recoveryWindowInDays=7)
    SECRET.delete(root, id, state)
    assert SECRET.read(root, id, state) is None
    with pytest.raises(ResourceError) as caught:
        make(root)
    assert str(caught.value) == (
        "aws:secretsmanager/secret:Secret crossaccount/user/Bo/console: CreateSecret: InvalidRequestException: You "
        "can't create this secret because a secret with this name is already scheduled for deletion."
    )


def test_without_a_recovery_window_the_name_is_free_at_once(root: Aws) -> None:
    id, state = make(root, recoveryWindowInDays=0)
    SECRET.delete(root, id, state)
    again, _ = make(root, recoveryWindowInDays=0)
    assert again != id
    SECRET.delete(root, id, state)


def test_a_secret_that_exists_already_is_aws_to_refuse(root: Aws) -> None:
    make(root)
    with pytest.raises(ResourceError, match="CreateSecret: ResourceExistsException"):
        make(root)


@pytest.mark.parametrize("type_", [SECRET.type, VERSION.type])
def test_another_region_is_refused(root: Aws, type_: str) -> None:
    inputs = {"name": "s"} if type_ == SECRET.type else {"secretId": "s", "secretString": "x"}
    with pytest.raises(ResourceError, match="region must be the provider's, us-east-1, got eu-west-1"):
        create(type_, root, {**inputs, "region": "eu-west-1"})


def test_an_imported_secret_is_not_replaced(root: Aws) -> None:
    id, state = make(root)
    found = SECRET.read(root, id, {})
    assert found is not None
    assert found[1]["name"] == state["name"]
    after = changes(SECRET, found[2], SECRET.check({"name": state["name"]}))
    assert {each.path for each in after} == {"forceOverwriteReplicaSecret", "recoveryWindowInDays"}
    assert not any(each.replaces for each in after)


def test_a_version_lives_and_is_followed_by_the_next(root: Aws) -> None:
    secret_id, _ = make(root)
    id, state = put(root, secret_id)
    assert id == f"{secret_id}|{state['versionId']}"
    assert state["versionStages"] == ["AWSCURRENT"]
    assert state["secretArn"] == secret_id
    found = VERSION.read(root, id, state)
    assert found is not None
    assert found[2] == state
    put(root, secret_id, "hunter3")
    assert root.secretsmanager.get_secret_value(SecretId=secret_id)["SecretString"] == "hunter3"
    old = VERSION.read(root, id, state)
    assert old is not None
    assert old[2]["versionStages"] == ["AWSPREVIOUS"]
    inputs = {"secretId": secret_id, "secretString": "hunter2"}
    assert changes(VERSION, old[2], VERSION.check(inputs)) == []
    assert VERSION.replaces == {"region", "secretId", "secretString"}
    VERSION.delete(root, id, old[2])
    unlabelled = VERSION.read(root, id, state)
    assert unlabelled is None or unlabelled[2]["versionStages"] == []  # AWS forgets it when it likes


def test_the_version_in_force_stays_until_the_secret_goes(root: Aws) -> None:
    secret_id, secret = make(root)
    id, state = put(root, secret_id)
    VERSION.delete(root, id, state)
    assert root.secretsmanager.get_secret_value(SecretId=secret_id)["SecretString"] == "hunter2"
    SECRET.delete(root, secret_id, secret)
    assert VERSION.read(root, id, state) is None
    VERSION.delete(root, id, {**state, "versionStages": ["mine"]})


def test_staging_labels_change_in_place(root: Aws) -> None:
    secret_id, _ = make(root)
    first, state = put(root, secret_id)
    put(root, secret_id, "hunter3")
    found = VERSION.read(root, first, state)
    assert found is not None
    inputs = {"secretId": secret_id, "secretString": "hunter2"}
    back = VERSION.update(root, first, found[2], {**inputs, "versionStages": ["AWSCURRENT", "mine"]})
    assert set(back["versionStages"]) >= {"AWSCURRENT", "mine"}
    assert root.secretsmanager.get_secret_value(SecretId=secret_id)["SecretString"] == "hunter2"
    gone = VERSION.update(root, first, back, {**inputs, "versionStages": ["AWSCURRENT"]})
    assert "mine" not in gone["versionStages"]


def test_an_id_that_is_none(root: Aws) -> None:
    with pytest.raises(ResourceError, match=r"an ID is <secret ID>\|<version ID>, got 's'"):
        VERSION.read(root, "s", {})
