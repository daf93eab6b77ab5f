"""What a policy needs to delegate IAM: full ARNs of entities, the key iam:PermissionsBoundary, and iam:PassRole."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from crossaccount.local.clients import Aws
from tests.local.conftest import policy, trust

ALL = ("iam:*",)


def allow(root: Aws, name: str, *statements: dict[str, Any]) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Resource": "*", **each} for each in statements],
    }
    root.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(document))


def denied(aws: Aws, expected: bool) -> AbstractContextManager[Any]:
    return pytest.raises(aws.iam.exceptions.ClientError, match=r"\(AccessDenied\)") if expected else nullcontext()


@pytest.fixture
def boundary(root: Aws) -> str:
    return root.iam.create_policy(PolicyName="B", PolicyDocument=policy("s3:*"))["Policy"]["Arn"]


CALLS: dict[str, dict[str, Any]] = {
    "get_role": {"RoleName": "R"},
    "put_role_policy": {"RoleName": "R", "PolicyName": "p", "PolicyDocument": policy("s3:GetObject")},
    "get_user": {"UserName": "U"},
    "create_access_key": {"UserName": "U"},
    "get_group": {"GroupName": "G"},
    "add_user_to_group": {"GroupName": "G", "UserName": "Ana"},
    "get_instance_profile": {"InstanceProfileName": "P"},
    "create_role": {"RoleName": "N", "Path": "/team/", "AssumeRolePolicyDocument": trust("*")},
    "create_user": {"UserName": "N", "Path": "/team/"},
    "create_group": {"GroupName": "N", "Path": "/team/"},
    "create_policy": {"PolicyName": "N", "Path": "/team/", "PolicyDocument": policy("s3:GetObject")},
    "create_instance_profile": {"InstanceProfileName": "N", "Path": "/team/"},
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("path", "expected"), [("team/", False), ("", True), ("other/", True)])
def test_an_entity_is_named_with_its_path(
    call: str, path: str, expected: bool, root: Aws, user: Callable[..., Aws]
) -> None:
    ana = user(root, "Ana")
    root.iam.create_role(RoleName="R", Path="/team/", AssumeRolePolicyDocument=trust("*"))
    root.iam.create_user(UserName="U", Path="/team/")
    root.iam.create_group(GroupName="G", Path="/team/")
    root.iam.create_instance_profile(InstanceProfileName="P", Path="/team/")
    kinds = ("role", "user", "group", "policy", "instance-profile")
    names = [f"arn:aws:iam::{root.account_id()}:{kind}/{path}{name}" for kind in kinds for name in "RUGPN"]
    allow(root, "Ana", {"Action": ALL, "Resource": names})
    with denied(ana, expected):
        getattr(ana.iam, call)(**CALLS[call])


def test_the_user_of_an_access_key_is_the_resource_of_its_last_use(root: Aws, user: Callable[..., Aws]) -> None:
    ana = user(root, "Ana")
    for name in ("U", "V"):
        root.iam.create_user(UserName=name)
    keys = {name: root.iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"] for name in ("U", "V")}
    allow(root, "Ana", {"Action": ALL, "Resource": f"arn:aws:iam::{root.account_id()}:user/U"})
    assert ana.iam.get_access_key_last_used(AccessKeyId=keys["U"])["UserName"] == "U"
    with denied(ana, True):
        ana.iam.get_access_key_last_used(AccessKeyId=keys["V"])


@pytest.mark.parametrize(("given", "expected"), [("B", False), ("other", True), ("", True)])
@pytest.mark.parametrize("kind", ["role", "user"])
def test_a_new_entity_needs_the_boundary_that_the_policy_asks_for(
    kind: str, given: str, expected: bool, root: Aws, user: Callable[..., Aws], boundary: str
) -> None:
    ana = user(root, "Ana")
    other = root.iam.create_policy(PolicyName="other", PolicyDocument=policy("*"))["Policy"]["Arn"]
    allow(root, "Ana", {"Action": ALL, "Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}}})
    more = {"PermissionsBoundary": {"B": boundary, "other": other}[given]} if given else {}
    with denied(ana, expected):
        if kind == "role":
            ana.iam.create_role(RoleName="N", AssumeRolePolicyDocument=trust("*"), **more)
        else:
            ana.iam.create_user(UserName="N", **more)


CHANGES: dict[str, dict[str, Any]] = {
    "put_role_policy": CALLS["put_role_policy"],
    "attach_role_policy": {"RoleName": "R", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
    "detach_role_policy": {"RoleName": "R", "PolicyArn": "arn:aws:iam::aws:policy/SecurityAudit"},
    "delete_role_policy": {"RoleName": "R", "PolicyName": "old"},
    "update_assume_role_policy": {"RoleName": "R", "PolicyDocument": trust("*")},
    "put_user_policy": {"UserName": "U", "PolicyName": "p", "PolicyDocument": policy("s3:GetObject")},
    "attach_user_policy": {"UserName": "U", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
}


@pytest.mark.parametrize("call", CHANGES)
@pytest.mark.parametrize("bounded", [True, False])
def test_permissions_are_changed_only_of_an_entity_with_the_boundary(
    call: str, bounded: bool, root: Aws, user: Callable[..., Aws], boundary: str
) -> None:
    ana = user(root, "Ana")
    more = {"PermissionsBoundary": boundary} if bounded else {}
    root.iam.create_role(RoleName="R", AssumeRolePolicyDocument=trust("*"), **more)
    root.iam.put_role_policy(RoleName="R", PolicyName="old", PolicyDocument=policy("s3:GetObject"))
    root.iam.attach_role_policy(RoleName="R", PolicyArn="arn:aws:iam::aws:policy/SecurityAudit")
    root.iam.create_user(UserName="U", **more)
    deny = {"Effect": "Deny", "Condition": {"StringNotEquals": {"iam:PermissionsBoundary": boundary}}}
    allow(root, "Ana", {"Action": ALL}, {"Action": ALL, **deny})
    with denied(ana, not bounded):
        getattr(ana.iam, call)(**CHANGES[call])


def test_another_boundary_is_not_put_in_its_place(root: Aws, user: Callable[..., Aws], boundary: str) -> None:
    ana = user(root, "Ana")
    wide = root.iam.create_policy(PolicyName="wide", PolicyDocument=policy("*"))["Policy"]["Arn"]
    root.iam.create_role(RoleName="R", AssumeRolePolicyDocument=trust("*"), PermissionsBoundary=boundary)
    allow(root, "Ana", {"Action": ALL, "Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}}})
    ana.iam.put_role_permissions_boundary(RoleName="R", PermissionsBoundary=boundary)
    with denied(ana, True):
        ana.iam.put_role_permissions_boundary(RoleName="R", PermissionsBoundary=wide)


@pytest.mark.parametrize(("arn", "expected"), [("ReadOnlyAccess", False), ("AdministratorAccess", True)])
def test_only_some_policies_may_be_attached(arn: str, expected: bool, root: Aws, user: Callable[..., Aws]) -> None:
    ana = user(root, "Ana")
    root.iam.create_group(GroupName="G")
    allowed = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    allow(root, "Ana", {"Action": ALL, "Condition": {"ArnEquals": {"iam:PolicyARN": allowed}}})
    with denied(ana, expected):
        ana.iam.attach_group_policy(GroupName="G", PolicyArn=f"arn:aws:iam::aws:policy/{arn}")


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        ({"Resource": "arn:aws:iam::{account}:role/R"}, False),
        ({"Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}, False),
        ({"Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}, True),
        ({"Resource": "arn:aws:iam::{account}:role/S"}, True),
        ({"Effect": "Deny"}, True),
        (None, True),
    ],
)
def test_a_role_enters_an_instance_profile_only_with_the_permission_to_pass_it(
    passed: dict[str, Any] | None, expected: bool, root: Aws, user: Callable[..., Aws]
) -> None:
    ana = user(root, "Ana")
    root.iam.create_role(RoleName="R", AssumeRolePolicyDocument=trust("*"))
    root.iam.create_instance_profile(InstanceProfileName="P")
    add = {"Action": "iam:AddRoleToInstanceProfile"}
    passing = json.loads(json.dumps(passed).replace("{account}", root.account_id()))
    allow(root, "Ana", add, *([{"Action": "iam:PassRole", **passing}] if passing else []))
    with denied(ana, expected):
        ana.iam.add_role_to_instance_profile(InstanceProfileName="P", RoleName="R")
    if expected:
        with pytest.raises(
            ana.iam.exceptions.ClientError, match=r"not authorized to perform: iam:PassRole on resource"
        ):
            ana.iam.add_role_to_instance_profile(InstanceProfileName="P", RoleName="R")


def test_roots_pass_any_role(root: Aws) -> None:
    root.iam.create_role(RoleName="R", AssumeRolePolicyDocument=trust("*"))
    root.iam.create_instance_profile(InstanceProfileName="P")
    root.iam.add_role_to_instance_profile(InstanceProfileName="P", RoleName="R")
    assert root.iam.get_instance_profile(InstanceProfileName="P")["InstanceProfile"]["Roles"][0]["RoleName"] == "R"
