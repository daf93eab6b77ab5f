"""``aws:iam/user:User``. Source: internal/service/iam/user.go."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers import tags
from crossaccount.local.handlers.base import Handler, same_as_before
from crossaccount.local.handlers.entities import USER
from crossaccount.local.handlers.errors import already_gone, is_gone
from crossaccount.local.handlers.fields import Field, Kind
from crossaccount.local.handlers.values import Properties


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

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        arguments: dict[str, Any] = {
            "UserName": inputs["name"],
            "Path": inputs["path"],
            "Tags": tags.for_aws(tags.wanted(inputs)),
        }
        if inputs.get("permissionsBoundary"):
            arguments["PermissionsBoundary"] = inputs["permissionsBoundary"]
        user = aws.iam.create_user(**arguments)["User"]
        return user["UserName"], _state({**arguments, **user}, inputs)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        try:
            user = aws.iam.get_user(UserName=id)["User"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return user["UserName"], _state(user, state)

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        if (old["name"], old["path"]) != (new["name"], new["path"]):
            aws.iam.update_user(UserName=id, NewUserName=new["name"], NewPath=new["path"])
            id = new["name"]
        boundary = new.get("permissionsBoundary")
        if boundary and boundary != old.get("permissionsBoundary"):
            aws.iam.put_user_permissions_boundary(UserName=id, PermissionsBoundary=boundary)
        elif not boundary and old.get("permissionsBoundary"):
            aws.iam.delete_user_permissions_boundary(UserName=id)
        take_off, put_on = tags.changes(old, new)
        if take_off:
            aws.iam.untag_user(UserName=id, TagKeys=take_off)
        if put_on:
            aws.iam.tag_user(UserName=id, Tags=tags.for_aws(put_on))
        return _state(aws.iam.get_user(UserName=id)["User"], new)

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        with already_gone():
            for group in aws.iam.list_groups_for_user(UserName=id)["Groups"]:
                with already_gone():
                    aws.iam.remove_user_from_group(UserName=id, GroupName=group["GroupName"])
            if state.get("forceDestroy"):
                _strip(aws, id)
            aws.iam.delete_user(UserName=id)


def _strip(aws: Aws, name: str) -> None:
    """Take everything from a user that keeps AWS from deleting it."""
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


def _state(user: Any, known: Properties) -> Properties:
    """The state of a user as AWS describes it; what AWS does not know comes from ``known``."""
    boundary = user.get("PermissionsBoundary")
    if not isinstance(boundary, str):
        boundary = (boundary or {}).get("PermissionsBoundaryArn")
    return {
        **same_as_before(known, "forceDestroy"),
        "arn": user["Arn"],
        "name": user["UserName"],
        "path": user["Path"],
        **({"permissionsBoundary": boundary} if boundary else {}),
        **tags.outputs(user.get("Tags", []), known),
        "uniqueId": user["UserId"],
    }
