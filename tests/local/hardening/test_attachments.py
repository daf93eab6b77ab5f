"""Attachments: the policy exists, may be attached, and there is room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crossaccount.local.clients import Aws

DOCUMENT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
AWS = "arn:aws:iam::aws:policy"


@pytest.fixture
def owners(root: Aws, role: Callable[..., str]) -> dict[str, Callable[[str], Any]]:
    """A user, a group and a role, and what attaches a policy to each."""
    root.iam.create_user(UserName="owner")
    root.iam.create_group(GroupName="owner")
    role(root, "owner", "*")
    return {
        "User": lambda arn: root.iam.attach_user_policy(UserName="owner", PolicyArn=arn),
        "Group": lambda arn: root.iam.attach_group_policy(GroupName="owner", PolicyArn=arn),
        "Role": lambda arn: root.iam.attach_role_policy(RoleName="owner", PolicyArn=arn),
    }


@pytest.mark.parametrize("kind", ["User", "Group", "Role"])
def test_a_policy_that_does_not_exist_is_refused(
    kind: str, root: Aws, owners: dict[str, Callable[[str], Any]], refused: Callable[..., Any]
) -> None:
    for arn in (f"arn:aws:iam::{root.account_id()}:policy/Missing", f"{AWS}/AdminstratorAccess"):
        with refused("NoSuchEntity", f"Policy {arn} does not exist or is not attachable."):
            owners[kind](arn)
    with refused("InvalidInput", "ARN AmazonS3FullAccessForAll is not valid."):
        owners[kind]("AmazonS3FullAccessForAll")


def test_a_policy_of_another_account_does_not_exist_here(
    fresh_account: Callable[[], Aws], owners: dict[str, Callable[[str], Any]], refused: Callable[..., Any]
) -> None:
    arn = fresh_account().iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    with refused("NoSuchEntity", f"Policy {arn} does not exist or is not attachable."):
        owners["User"](arn)


@pytest.mark.parametrize(("kind", "most"), [("User", 10), ("Group", 10), ("Role", 20)])
def test_more_policies_than_the_quota_are_refused(
    kind: str, most: int, root: Aws, owners: dict[str, Callable[[str], Any]], refused: Callable[..., Any]
) -> None:
    names = [f"p{n}" for n in range(most + 1)]
    made = [root.iam.create_policy(PolicyName=name, PolicyDocument=DOCUMENT)["Policy"]["Arn"] for name in names]
    for arn in made[:most]:
        owners[kind](arn)
    owners[kind](made[0])
    with refused("LimitExceeded", f"Cannot exceed quota for PoliciesPer{kind}: {most}"):
        owners[kind](made[most])


def test_an_owner_that_does_not_exist_is_reported_first(root: Aws) -> None:
    with pytest.raises(root.iam.exceptions.NoSuchEntityException, match="user with name nobody"):
        root.iam.attach_user_policy(UserName="nobody", PolicyArn=f"{AWS}/Missing")


def test_a_policy_of_a_service_role_is_for_service_roles(
    owners: dict[str, Callable[[str], Any]], refused: Callable[..., Any]
) -> None:
    with refused("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role."):
        owners["Role"](f"{AWS}/aws-service-role/AmazonECSServiceRolePolicy")


def test_a_boundary_must_exist(root: Aws, role: Callable[..., str], refused: Callable[..., Any]) -> None:
    missing = f"arn:aws:iam::{root.account_id()}:policy/Missing"
    for arn in (missing, f"{AWS}/PowerUserAcces"):
        with refused("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable."):
            root.iam.create_user(UserName="u", PermissionsBoundary=arn)
        with refused("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable."):
            role(root, "r", "*", PermissionsBoundary=arn)
    root.iam.create_user(UserName="u")
    with refused("NoSuchEntity", f"Scope ARN: {missing} does not exist or is not attachable."):
        root.iam.put_user_permissions_boundary(UserName="u", PermissionsBoundary=missing)
    root.iam.put_user_permissions_boundary(UserName="u", PermissionsBoundary=f"{AWS}/AmazonVPCFullAccess")


def test_ten_groups_are_the_most(root: Aws, refused: Callable[..., Any]) -> None:
    root.iam.create_user(UserName="u")
    for number in range(11):
        root.iam.create_group(GroupName=f"g{number}")
    for number in range(10):
        root.iam.add_user_to_group(UserName="u", GroupName=f"g{number}")
    root.iam.add_user_to_group(UserName="u", GroupName="g0")
    with refused("LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10"):
        root.iam.add_user_to_group(UserName="u", GroupName="g10")


def test_two_access_keys_are_the_most(root: Aws, refused: Callable[..., Any]) -> None:
    root.iam.create_user(UserName="u")
    root.iam.create_access_key(UserName="u")
    root.iam.create_access_key(UserName="u")
    with refused("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2"):
        root.iam.create_access_key(UserName="u")
