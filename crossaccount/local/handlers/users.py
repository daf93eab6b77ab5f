"""Users, groups, and which user is in which group.

``aws:iam/user:User``, ``group:Group``, ``groupMembership:GroupMembership`` (all members of a group) and
``userGroupMembership:UserGroupMembership`` (some groups of a user).

Source: internal/service/iam/user.go, group.go, group_membership.go, user_group_membership.go.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.calls import Calls, iam
from crossaccount.local.handlers.errors import ResourceError, already_gone, is_gone
from crossaccount.local.handlers.handler import Handler, same_as_before
from crossaccount.local.handlers.policies import USER, boundary_outputs
from crossaccount.local.handlers.properties import (
    Field,
    Kind,
    Properties,
    retag,
    tag_outputs,
    tags_for_aws,
    wanted_tags,
)


class User(Handler):
    """ID: the name. Name and path change in place; SSH keys and certificates are not in the local AWS, nor here.

    After a rename Pulumi keeps the old name as the ID, and with it every operation looks in vain
    (https://github.com/pulumi/pulumi-aws/issues/1610): kept, because a rehearsal has to show it.
    """

    type = "aws:iam/user:User"
    fields = {
        "forceDestroy": Field(Kind.FLAG, default=False),
        "name": Field(required=True),
        "path": Field(default="/"),
        "permissionsBoundary": Field(),
        "tags": Field(Kind.MAP),
    }
    outputs = frozenset({"arn", "tagsAll", "uniqueId"})
    calls = Calls(
        create=iam("CreateUser"),
        read=iam("GetUser"),
        update=iam(
            *("UpdateUser", "GetUser", "TagUser", "UntagUser"),
            *("PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary"),
        ),
        delete=iam(
            *("ListGroupsForUser", "RemoveUserFromGroup", "ListUserPolicies", "DeleteUserPolicy"),
            *("ListAttachedUserPolicies", "DetachUserPolicy", "ListAccessKeys", "DeleteAccessKey"),
            *("ListMFADevices", "DeactivateMFADevice", "DeleteVirtualMFADevice", "DeleteLoginProfile", "DeleteUser"),
        ),
        aws={
            "create": iam("GetUser", "TagUser"),
            "delete": iam(
                *("ListSSHPublicKeys", "DeleteSSHPublicKey", "ListVirtualMFADevices"),
                *("ListSigningCertificates", "DeleteSigningCertificate"),
                *("ListServiceSpecificCredentials", "DeleteServiceSpecificCredential"),
            ),
        },
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        arguments: dict[str, Any] = {
            "UserName": inputs["name"],
            "Path": inputs["path"],
            "Tags": tags_for_aws(wanted_tags(inputs)),
        }
        if inputs.get("permissionsBoundary"):
            arguments["PermissionsBoundary"] = inputs["permissionsBoundary"]
        user = aws.iam.create_user(**arguments)["User"]
        return user["UserName"], _user_state({**arguments, **user}, inputs)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        try:
            user = aws.iam.get_user(UserName=id)["User"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return user["UserName"], _user_state(user, state)

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        if (old["name"], old["path"]) != (new["name"], new["path"]):
            aws.iam.update_user(UserName=id, NewUserName=new["name"], NewPath=new["path"])
            id = new["name"]
        USER.set_boundary(aws, id, old, new)
        retag(old, new, aws.iam.tag_user, aws.iam.untag_user, UserName=id)
        return _user_state(aws.iam.get_user(UserName=id)["User"], new)

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        with already_gone():
            for group in aws.iam.list_groups_for_user(UserName=id)["Groups"]:
                with already_gone():
                    aws.iam.remove_user_from_group(UserName=id, GroupName=group["GroupName"])
            if state.get("forceDestroy"):
                _strip(aws, id)
            aws.iam.delete_user(UserName=id)


def _strip(aws: Aws, name: str) -> None:
    """Remove everything from a user that prevents its deletion."""
    for policy in USER.inline(aws, name):
        USER.drop(aws, name, policy)
    for arn in USER.attached(aws, name):
        USER.detach(aws, name, arn)
    for key in aws.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        aws.iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for device in aws.iam.list_mfa_devices(UserName=name)["MFADevices"]:
        aws.iam.deactivate_mfa_device(UserName=name, SerialNumber=device["SerialNumber"])
        with already_gone():  # a hardware device has no virtual one to delete
            aws.iam.delete_virtual_mfa_device(SerialNumber=device["SerialNumber"])
    with already_gone():
        aws.iam.delete_login_profile(UserName=name)


def _user_state(user: Any, known: Properties) -> Properties:
    """The state of a user as AWS describes it; what AWS does not know comes from ``known``."""
    return {
        **same_as_before(known, "forceDestroy"),
        "arn": user["Arn"],
        "name": user["UserName"],
        "path": user["Path"],
        **boundary_outputs(user),
        **tag_outputs(user.get("Tags", []), known),
        "uniqueId": user["UserId"],
    }


class Group(Handler):
    """ID: the name. Name and path change in place. A group with members or policies is not deleted."""

    type = "aws:iam/group:Group"
    fields = {"name": Field(required=True), "path": Field(default="/")}
    outputs = frozenset({"arn", "uniqueId"})
    calls = Calls(
        create=iam("CreateGroup"),
        read=iam("GetGroup"),
        update=iam("UpdateGroup", "GetGroup"),
        delete=iam("DeleteGroup"),
        aws={"create": iam("GetGroup")},
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        group = aws.iam.create_group(GroupName=inputs["name"], Path=inputs["path"])["Group"]
        return group["GroupName"], _group_state(group)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        try:
            group = aws.iam.get_group(GroupName=id, MaxItems=1)["Group"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return group["GroupName"], _group_state(group)

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        aws.iam.update_group(GroupName=id, NewGroupName=new["name"], NewPath=new["path"])
        return _group_state(aws.iam.get_group(GroupName=new["name"], MaxItems=1)["Group"])

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        with already_gone():
            aws.iam.delete_group(GroupName=id)


def _group_state(group: Any) -> Properties:
    return {"arn": group["Arn"], "name": group["GroupName"], "path": group["Path"], "uniqueId": group["GroupId"]}


class GroupMembership(Handler):
    """All users of a group. ID: the ``name`` input, which AWS does not know."""

    type = "aws:iam/groupMembership:GroupMembership"
    fields = {
        "group": Field(required=True, replaces=True),
        "name": Field(required=True, replaces=True),
        "users": Field(Kind.TEXTS, required=True),
    }
    calls = Calls(
        create=iam("AddUserToGroup"),
        read=iam("GetGroup"),
        update=iam("AddUserToGroup", "RemoveUserFromGroup"),
        delete=iam("RemoveUserFromGroup"),
        aws={"create": iam("GetGroup"), "update": iam("GetGroup")},
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        _change(aws, [(user, inputs["group"]) for user in inputs["users"]], [])
        return inputs["name"], dict(inputs)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        if "group" not in state:
            raise ResourceError(
                f"{self.type} {id}: pulumi-aws 7.51 cannot import it; declare it: who is in the group already stays"
            )
        try:
            paginator: Any = aws.client("iam")
            found = paginator.get_paginator("get_group").paginate(GroupName=state["group"]).build_full_result()
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        members = _in_order(state.get("users", []), [user["UserName"] for user in found.get("Users", [])])
        return id, {"group": state["group"], "name": id, "users": members}

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        group, before, after = new["group"], old["users"], new["users"]
        leave = [(user, group) for user in before if user not in after]
        _change(aws, [(user, group) for user in after if user not in before], leave)
        return dict(new)

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        _change(aws, [], [(user, state["group"]) for user in state["users"]])


class UserGroupMembership(Handler):
    """Some groups of a user; other members of these groups are kept. ID: generated, as in pulumi-aws."""

    type = "aws:iam/userGroupMembership:UserGroupMembership"
    fields = {"groups": Field(Kind.TEXTS, required=True), "user": Field(required=True, replaces=True)}
    named_by = ("user",)
    calls = Calls(
        create=iam("AddUserToGroup"),
        read=iam("ListGroupsForUser"),
        update=iam("AddUserToGroup", "RemoveUserFromGroup"),
        delete=iam("RemoveUserFromGroup"),
        aws={"create": iam("ListGroupsForUser"), "update": iam("ListGroupsForUser")},
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        _change(aws, [(inputs["user"], group) for group in inputs["groups"]], [])
        return _made_up_id(), dict(inputs)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        if "user" not in state:
            user, *groups = id.split("/")
            if not groups:
                raise ResourceError(f"{self.type}: an import ID is <user>/<group>/<group> …, got {id!r}")
            id, state = _made_up_id(), {"user": user, "groups": groups}
        try:
            paginator: Any = aws.client("iam")
            pages = paginator.get_paginator("list_groups_for_user").paginate(UserName=state["user"])
            found = [group["GroupName"] for group in pages.build_full_result()["Groups"]]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return id, {"groups": [group for group in state["groups"] if group in found], "user": state["user"]}

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        user, before, after = new["user"], old["groups"], new["groups"]
        leave = [(user, group) for group in before if group not in after]
        _change(aws, [(user, group) for group in after if group not in before], leave)
        return dict(new)

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        _change(aws, [], [(state["user"], group) for group in state["groups"]])


def _change(aws: Aws, enter: list[tuple[str, str]], leave: list[tuple[str, str]]) -> None:
    """Remove users from groups and add users to groups, given as (user, group)."""
    for user, group in leave:
        with already_gone():
            aws.iam.remove_user_from_group(UserName=user, GroupName=group)
    for user, group in enter:
        aws.iam.add_user_to_group(UserName=user, GroupName=group)


def _in_order(known: list[str], found: list[str]) -> list[str]:
    """``found`` in the program's order, others after them, so that only real changes show."""
    return [each for each in known if each in found] + sorted(set(found) - set(known))


def _made_up_id() -> str:
    return f"terraform-{uuid4().hex}"
