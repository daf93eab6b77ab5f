"""Users and groups keep what they have under a new name or path; MiniStack's store is where we think it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crossaccount.local.clients import Aws

DOCUMENT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


def test_a_user_moves_with_everything(root: Aws, user: Callable[..., Aws]) -> None:
    ana = user(root, "Ana", "iam:GetUser")
    before = root.iam.get_user(UserName="Ana")["User"]
    root.iam.create_group(GroupName="g")
    root.iam.add_user_to_group(UserName="Ana", GroupName="g")
    root.iam.create_login_profile(UserName="Ana", Password="Correct-horse-1", PasswordResetRequired=True)
    policy = root.iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    root.iam.attach_user_policy(UserName="Ana", PolicyArn=policy)

    root.iam.update_user(UserName="Ana", NewUserName="Anna", NewPath="/team/")

    after = root.iam.get_user(UserName="Anna")["User"]
    assert after["UserId"] == before["UserId"]
    assert (after["Arn"], after["Path"]) == (f"arn:aws:iam::{root.account_id()}:user/team/Anna", "/team/")
    assert root.iam.list_user_policies(UserName="Anna")["PolicyNames"] == ["p"]
    assert len(root.iam.list_attached_user_policies(UserName="Anna")["AttachedPolicies"]) == 1
    assert [group["GroupName"] for group in root.iam.list_groups_for_user(UserName="Anna")["Groups"]] == ["g"]
    assert root.iam.get_login_profile(UserName="Anna")["LoginProfile"]["UserName"] == "Anna"
    assert [key["UserName"] for key in root.iam.list_access_keys(UserName="Anna")["AccessKeyMetadata"]] == ["Anna"]
    assert ana.sts.get_caller_identity()["Arn"] == after["Arn"]
    with pytest.raises(root.iam.exceptions.NoSuchEntityException):
        root.iam.get_user(UserName="Ana")


def test_a_trust_follows_its_user(
    fresh_account: Callable[[], Aws], role: Callable[..., str], user: Callable[..., Aws], assume: Callable[..., Aws]
) -> None:
    auth, workload = fresh_account(), fresh_account()
    ana = user(auth, "Ana", "sts:AssumeRole")
    assumed = role(workload, "Assumed", f"arn:aws:iam::{auth.account_id()}:user/Ana")
    auth.iam.update_user(UserName="Ana", NewPath="/team/")
    [statement] = workload.iam.get_role(RoleName="Assumed")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"]["AWS"] == f"arn:aws:iam::{auth.account_id()}:user/team/Ana"
    assume(ana, assumed)


def test_a_group_moves_with_everything(root: Aws) -> None:
    root.iam.create_user(UserName="Ana")
    root.iam.create_group(GroupName="g")
    root.iam.add_user_to_group(UserName="Ana", GroupName="g")
    root.iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=DOCUMENT)
    before = root.iam.get_group(GroupName="g")["Group"]
    root.iam.update_group(GroupName="g", NewGroupName="G", NewPath="/team/")
    after = root.iam.get_group(GroupName="G")
    assert after["Group"]["GroupId"] == before["GroupId"]
    assert after["Group"]["Arn"] == f"arn:aws:iam::{root.account_id()}:group/team/G"
    assert [user["UserName"] for user in after["Users"]] == ["Ana"]
    assert root.iam.list_group_policies(GroupName="G")["PolicyNames"] == ["p"]


def test_a_new_name_is_checked_as_any(root: Aws, refused: Callable[..., Any]) -> None:
    root.iam.create_user(UserName="Ana")
    root.iam.create_user(UserName="Bo")
    with refused("EntityAlreadyExists", "User with name bo already exists."):
        root.iam.update_user(UserName="Ana", NewUserName="bo")
    with refused("NoSuchEntity", "The user with name nobody cannot be found."):
        root.iam.update_user(UserName="nobody", NewPath="/team/")
    root.iam.update_user(UserName="Ana", NewUserName="ANA")


def test_it_takes_a_permission(root: Aws, user: Callable[..., Aws]) -> None:
    ana = user(root, "Ana", "iam:GetUser")
    with pytest.raises(ana.iam.exceptions.ClientError, match="AccessDenied"):
        ana.iam.update_user(UserName="Ana", NewPath="/team/")
    assert root.iam.get_user(UserName="Ana")["User"]["Path"] == "/"


def test_a_description_can_be_taken_away(root: Aws, role: Callable[..., str]) -> None:
    role(root, "r", "*", Description="some")
    root.iam.update_role(RoleName="r", MaxSessionDuration=7200)
    assert root.iam.get_role(RoleName="r")["Role"]["Description"] == "some"
    root.iam.update_role(RoleName="r", Description="")
    assert root.iam.get_role(RoleName="r")["Role"].get("Description", "") == ""
