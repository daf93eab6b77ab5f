"""What AWS may have made for a killed update, by resource type: how it is found, and what is done with it.

``ADOPTED`` things are found by their name and imported (IDs as pulumi-aws imports them). ``RENEWED`` things hold a
secret that AWS tells once, and whoever it told is dead: nobody can be using them, which is checked, so they are deleted
and made again; a second access key beside a lost one there never is. ``REPEATED`` things are relations: AWS takes them
twice and has them once (attachments, inline policies, memberships), and pulumi-aws cannot import all of them. A version
of a secret that is written twice leaves the first one as AWSPREVIOUS. Any other type is for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Clients = Callable[[str], Any]
"""The boto3 client of a service."""
Inputs = Mapping[str, Any]

REPEATED = frozenset(
    {
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/userPolicy:UserPolicy",
        "aws:iam/groupPolicy:GroupPolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
        "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
        "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive",
        "aws:iam/userPoliciesExclusive:UserPoliciesExclusive",
        "aws:iam/groupPoliciesExclusive:GroupPoliciesExclusive",
        "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
        "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive",
        "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive",
        "aws:iam/groupMembership:GroupMembership",
        "aws:iam/userGroupMembership:UserGroupMembership",
        "aws:secretsmanager/secretVersion:SecretVersion",
    }
)


class NotOurs(Exception):
    """Something has the name, and the killed update cannot have made it. ``str()`` says what is in the way."""


@dataclass(frozen=True)
class Found:
    """Something that AWS has: its ID for an import, and when it was made."""

    id: str
    made: str


Find = Callable[[Clients, Inputs, str], Found | None]
"""Looks a thing up: the clients, the inputs of its creation, the account. Raises ``NotOurs``."""


def _entity(operation: str, parameter: str, answer: str) -> Find:
    """A user, group, role or instance profile: one for each name, whatever its path."""

    def find(clients: Clients, inputs: Inputs, account: str) -> Found | None:
        del account
        iam = clients("iam")
        try:
            entity = getattr(iam, operation)(**{parameter: inputs["name"]})[answer]
        except iam.exceptions.NoSuchEntityException:
            return None
        if entity["Path"] != inputs.get("path", "/"):
            raise NotOurs(f"{entity['Arn']} has this name, and another path")
        return Found(inputs["name"], entity["CreateDate"].isoformat())

    return find


def _policy(clients: Clients, inputs: Inputs, account: str) -> Found | None:
    iam = clients("iam")
    partition = str(iam.meta.partition)
    arn = f"arn:{partition}:iam::{account}:policy{inputs.get('path', '/')}{inputs['name']}"
    try:
        policy = iam.get_policy(PolicyArn=arn)["Policy"]
    except iam.exceptions.NoSuchEntityException:
        return None
    return Found(arn, policy["CreateDate"].isoformat())


def _secret(clients: Clients, inputs: Inputs, account: str) -> Found | None:
    del account
    manager = clients("secretsmanager")
    try:
        secret = manager.describe_secret(SecretId=inputs["name"])
    except manager.exceptions.ResourceNotFoundException:
        return None
    if secret.get("DeletedDate"):
        raise NotOurs(f"secret {inputs['name']} is scheduled for deletion: restore it, or wait until its name is free")
    return Found(secret["ARN"], secret["CreatedDate"].isoformat())


ADOPTED: Mapping[str, Find] = {
    "aws:iam/user:User": _entity("get_user", "UserName", "User"),
    "aws:iam/group:Group": _entity("get_group", "GroupName", "Group"),
    "aws:iam/role:Role": _entity("get_role", "RoleName", "Role"),
    "aws:iam/instanceProfile:InstanceProfile": _entity(
        "get_instance_profile", "InstanceProfileName", "InstanceProfile"
    ),
    "aws:iam/policy:Policy": _policy,
    "aws:secretsmanager/secret:Secret": _secret,
}


@dataclass(frozen=True)
class Lost:
    """A credential whose secret nobody has: what it is, for people, and how it is deleted."""

    label: str
    delete: Callable[[], object]


def _access_keys(clients: Clients, user: str, managed: frozenset[str]) -> list[Lost]:
    iam, found = clients("iam"), []
    for page in iam.get_paginator("list_access_keys").paginate(UserName=user):
        for key in page["AccessKeyMetadata"]:
            if (key_id := key["AccessKeyId"]) in managed:
                continue
            if iam.get_access_key_last_used(AccessKeyId=key_id)["AccessKeyLastUsed"].get("LastUsedDate"):
                raise NotOurs(f"access key {key_id} of {user} is in use: somebody has its secret")
            found.append(Lost(f"access key {key_id} of {user}", _deleting(iam, user, key_id)))
    if len(found) > 1:
        keys = " and ".join(each.label for each in found)
        raise NotOurs(f"{keys} are both unknown here: delete what the killed update made, by hand")
    return found


def _deleting(iam: Any, user: str, key_id: str) -> Callable[[], object]:
    return lambda: iam.delete_access_key(UserName=user, AccessKeyId=key_id)


def _login_profile(clients: Clients, user: str, managed: frozenset[str]) -> list[Lost]:
    del managed
    iam = clients("iam")
    try:
        made = iam.get_login_profile(UserName=user)["LoginProfile"]["CreateDate"]
    except iam.exceptions.NoSuchEntityException:
        return []
    used = iam.get_user(UserName=user)["User"].get("PasswordLastUsed")
    if used and used >= made:
        raise NotOurs(f"the password of {user} is in use: somebody knows it")
    return [Lost(f"login profile of {user}", lambda: iam.delete_login_profile(UserName=user))]


RENEWED: Mapping[str, Callable[[Clients, str, frozenset[str]], list[Lost]]] = {
    "aws:iam/accessKey:AccessKey": _access_keys,
    "aws:iam/userLoginProfile:UserLoginProfile": _login_profile,
}
"""By type, what finds the credentials of a user that no state has; ``managed`` are the IDs that a state has."""
