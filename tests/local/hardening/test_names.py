"""Names as IAM takes them, and one of each without regard to case or path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crossaccount.local.clients import Aws

DOCUMENT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": '
    '{"AWS": "*"}}]}'
)


def create(root: Aws, kind: str, name: str, **more: Any) -> None:
    calls: dict[str, Callable[[], Any]] = {
        "User": lambda: root.iam.create_user(UserName=name, **more),
        "Group": lambda: root.iam.create_group(GroupName=name, **more),
        "Role": lambda: root.iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, **more),
        "InstanceProfile": lambda: root.iam.create_instance_profile(InstanceProfileName=name, **more),
        "Policy": lambda: root.iam.create_policy(PolicyName=name, PolicyDocument=DOCUMENT, **more),
    }
    calls[kind]()


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        ("User", "User with name {} already exists."),
        ("Group", "Group with name {} already exists."),
        ("Role", "Role with name {} already exists."),
        ("InstanceProfile", "Instance Profile {} already exists."),
        ("Policy", "A policy called {} already exists. Duplicate names are not allowed."),
    ],
)
def test_a_name_is_taken_whatever_its_case_or_path(
    kind: str, taken: str, fresh_account: Callable[[], Aws], refused: Callable[..., Any]
) -> None:
    root = fresh_account()
    create(root, kind, "Deployer")
    for name in ("Deployer", "deployer", "DEPLOYER"):
        with refused("EntityAlreadyExists", taken.format(name)):
            create(root, kind, name, Path="/team/")
    create(root, kind, "Deployer2")
    create(fresh_account(), kind, "deployer")


@pytest.mark.parametrize("kind", ["User", "Group", "Role", "InstanceProfile", "Policy"])
def test_a_name_has_only_these_characters(kind: str, root: Aws, refused: Callable[..., Any]) -> None:
    parameter = f"{kind[0].lower()}{kind[1:]}Name"
    what = f"The specified value for {parameter} is invalid. It must contain only alphanumeric characters"
    for name in ("with space", "with/slash", "ünïcode"):
        with refused("ValidationError", f"{what} and/or the following: +=,.@_-"):
            create(root, kind, name)
    create(root, kind, "a+b=c,d.e@f_g-h")


@pytest.mark.parametrize(("kind", "longest"), [("User", 64), ("Role", 64), ("Group", 128), ("Policy", 128)])
def test_a_name_is_no_longer_than_this(kind: str, longest: int, root: Aws, refused: Callable[..., Any]) -> None:
    create(root, kind, "x" * longest)
    value = "y" * (longest + 1)
    where = f"1 validation error detected: Value '{value}' at '{kind.lower()}Name' failed to satisfy constraint"
    with refused("ValidationError", f"{where}: Member must have length less than or equal to {longest}"):
        create(root, kind, value)


def test_a_path_begins_and_ends_with_a_slash(root: Aws, refused: Callable[..., Any]) -> None:
    what = "It must begin and end with / and contain only alphanumeric characters and/or / characters."
    for path in ("team", "/team", "team/"):
        with refused("ValidationError", f"The specified value for path is invalid. {what}"):
            create(root, "User", "u", Path=path)
    create(root, "User", "u", Path="/team/a/")
