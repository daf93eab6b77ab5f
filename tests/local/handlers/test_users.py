"""``aws:iam/user:User`` against a local AWS."""

from __future__ import annotations

import time
from typing import Any

import pytest

from crossaccount.local.clients import Aws
from crossaccount.local.handlers import HANDLERS, ResourceError, create
from crossaccount.local.handlers.errors import as_resource_error
from crossaccount.local.handlers.handler import changes
from crossaccount.local.totp import code_of, step_at

USER = HANDLERS["aws:iam/user:User"]


def make(root: Aws, **inputs: Any) -> tuple[str, dict[str, Any]]:
    return create(USER.type, root, {"name": "Bo", **inputs})


def test_created_as_asked(root: Aws) -> None:
    boundary = root.iam.create_policy(PolicyName="B", PolicyDocument=_policy())["Policy"]["Arn"]
    id, state = make(root, path="/team/", tags={"a": "1"}, permissionsBoundary=boundary)
    assert id == "Bo"
    assert state["arn"] == f"arn:aws:iam::{root.account_id()}:user/team/Bo"
    assert state["permissionsBoundary"] == boundary
    assert state["tags"] == {"a": "1"}
    assert USER.read(root, id, state) == (id, USER.imported(state), state)


def test_an_import_takes_what_differs_from_the_defaults(root: Aws) -> None:
    id, _ = make(root, path="/team/")
    found = USER.read(root, id, {})
    assert found is not None
    assert found[1] == {"name": "Bo", "path": "/team/"}
    # As with pulumi-aws, the next `up` writes down what AWS does not tell. It replaces nothing.
    after = changes(USER, found[2], USER.check({"name": "Bo", "path": "/team/", "forceDestroy": True}))
    assert [(each.path, each.replaces) for each in after] == [("forceDestroy", False)]


def test_boundary_and_tags_change_in_place(root: Aws) -> None:
    boundary = root.iam.create_policy(PolicyName="B", PolicyDocument=_policy())["Policy"]["Arn"]
    id, state = make(root, tags={"a": "1", "b": "2"})
    state = USER.update(
        root, id, state, USER.check({"name": "Bo", "tags": {"a": "3"}, "permissionsBoundary": boundary})
    )
    assert (state["tags"], state["permissionsBoundary"]) == ({"a": "3"}, boundary)
    state = USER.update(root, id, state, USER.check({"name": "Bo"}))
    assert state["tags"] == {}
    assert "permissionsBoundary" not in state
    assert state["arn"].endswith(":user/Bo")


def test_name_and_path_change_in_place(root: Aws) -> None:
    id, state = make(root)
    new = USER.check({"name": "Bob", "path": "/team/"})
    assert [(each.path, each.replaces) for each in changes(USER, state, new)] == [("name", False), ("path", False)]
    after = USER.update(root, id, state, new)
    assert after["arn"] == f"arn:aws:iam::{root.account_id()}:user/team/Bob"
    assert after["uniqueId"] == state["uniqueId"]
    # Pulumi keeps the old name as the ID, as with pulumi-aws: the next refresh takes it for gone.
    assert USER.read(root, id, after) is None


def test_deletion_takes_the_user_out_of_groups(root: Aws) -> None:
    id, state = make(root)
    root.iam.create_group(GroupName="G")
    root.iam.add_user_to_group(UserName=id, GroupName="G")
    USER.delete(root, id, state)
    assert USER.read(root, id, state) is None
    USER.delete(root, id, state)  # gone is done


def test_credentials_stop_a_deletion_without_force(root: Aws) -> None:
    id, state = make(root)
    root.iam.create_access_key(UserName=id)
    with pytest.raises(ResourceError, match="DeleteUser: DeleteConflict"), as_resource_error("it"):
        USER.delete(root, id, state)


def test_force_destroy_takes_everything_from_the_user(root: Aws) -> None:
    id, state = make(root, forceDestroy=True)
    root.iam.create_access_key(UserName=id)
    root.iam.create_login_profile(UserName=id, Password="Aa1!aaaaaaaa")
    root.iam.put_user_policy(UserName=id, PolicyName="p", PolicyDocument=_policy())
    root.iam.attach_user_policy(UserName=id, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    device = root.iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    seed, now = device["Base32StringSeed"].decode(), step_at(time.time())
    codes = {"AuthenticationCode1": code_of(seed, now - 2), "AuthenticationCode2": code_of(seed, now - 1)}
    root.iam.enable_mfa_device(UserName=id, SerialNumber=device["SerialNumber"], **codes)
    USER.delete(root, id, state)
    assert USER.read(root, id, state) is None
    assert root.iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []


def _policy() -> str:
    return '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'
