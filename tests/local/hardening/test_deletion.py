"""Nothing is deleted that something still hangs on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crossaccount.local.clients import Aws

DOCUMENT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


def test_a_user(root: Aws, refused: Callable[..., Any]) -> None:
    iam = root.iam
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    policy = iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    iam.create_login_profile(UserName="u", Password="Correct-horse-1")
    iam.add_user_to_group(UserName="u", GroupName="g")
    iam.attach_user_policy(UserName="u", PolicyArn=policy)
    iam.put_user_policy(UserName="u", PolicyName="i", PolicyDocument=DOCUMENT)
    key = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    with refused("DeleteConflict", "Cannot delete entity, must delete login profile first."):
        iam.delete_user(UserName="u")
    iam.delete_login_profile(UserName="u")
    with refused("DeleteConflict", "Cannot delete entity, must remove users from group first."):
        iam.delete_user(UserName="u")
    iam.remove_user_from_group(UserName="u", GroupName="g")
    with refused("DeleteConflict", "Cannot delete entity, must detach all policies first."):
        iam.delete_user(UserName="u")
    iam.detach_user_policy(UserName="u", PolicyArn=policy)
    with refused("DeleteConflict", "Cannot delete entity, must delete policies first."):
        iam.delete_user(UserName="u")
    iam.delete_user_policy(UserName="u", PolicyName="i")
    with refused("DeleteConflict", "Cannot delete entity, must delete access keys first."):
        iam.delete_user(UserName="u")
    iam.delete_access_key(UserName="u", AccessKeyId=key)
    iam.delete_user(UserName="u")
    assert iam.list_users()["Users"] == []


def test_a_group(root: Aws, refused: Callable[..., Any]) -> None:
    iam = root.iam
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    policy = iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    iam.add_user_to_group(UserName="u", GroupName="g")
    iam.attach_group_policy(GroupName="g", PolicyArn=policy)
    iam.put_group_policy(GroupName="g", PolicyName="i", PolicyDocument=DOCUMENT)
    with refused("DeleteConflict", "Cannot delete entity, must remove users from group first."):
        iam.delete_group(GroupName="g")
    iam.remove_user_from_group(UserName="u", GroupName="g")
    with refused("DeleteConflict", "Cannot delete entity, must detach all policies first."):
        iam.delete_group(GroupName="g")
    iam.detach_group_policy(GroupName="g", PolicyArn=policy)
    with refused("DeleteConflict", "Cannot delete entity, must delete policies first."):
        iam.delete_group(GroupName="g")
    iam.delete_group_policy(GroupName="g", PolicyName="i")
    iam.delete_group(GroupName="g")


def test_a_role(root: Aws, role: Callable[..., str], refused: Callable[..., Any]) -> None:
    iam = root.iam
    role(root, "r", "*")
    policy = iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    iam.create_instance_profile(InstanceProfileName="r")
    iam.add_role_to_instance_profile(InstanceProfileName="r", RoleName="r")
    iam.attach_role_policy(RoleName="r", PolicyArn=policy)
    iam.put_role_policy(RoleName="r", PolicyName="i", PolicyDocument=DOCUMENT)
    with refused("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first."):
        iam.delete_role(RoleName="r")
    iam.remove_role_from_instance_profile(InstanceProfileName="r", RoleName="r")
    with refused("DeleteConflict", "Cannot delete entity, must detach all policies first."):
        iam.delete_role(RoleName="r")
    iam.detach_role_policy(RoleName="r", PolicyArn=policy)
    with refused("DeleteConflict", "Cannot delete entity, must delete policies first."):
        iam.delete_role(RoleName="r")
    iam.delete_role_policy(RoleName="r", PolicyName="i")
    iam.delete_role(RoleName="r")


def test_a_policy_with_versions(root: Aws, refused: Callable[..., Any]) -> None:
    arn = root.iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    root.iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)
    message = (
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
        "The default version is deleted with the policy."
    )
    with refused("DeleteConflict", message):
        root.iam.delete_policy(PolicyArn=arn)
    root.iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    root.iam.delete_policy(PolicyArn=arn)
