"""Who is in which group: all members of one (``GroupMembership``), or some groups of a user (``UserGroupMembership``).

Source: internal/service/iam/group_membership.go, user_group_membership.go. Adding who is in already changes nothing.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.base import Handler
from crossaccount.local.handlers.errors import ResourceError, already_gone, is_gone
from crossaccount.local.handlers.fields import Field, Kind
from crossaccount.local.handlers.values import Properties


class GroupMembership(Handler):
    """All users of a group. ID: the ``name`` input, which AWS does not know."""

    type = "aws:iam/groupMembership:GroupMembership"
    fields = {
        "group": Field(required=True, replaces=True),
        "name": Field(required=True, replaces=True),
        "users": Field(Kind.TEXTS, required=True),
    }

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
    """Some groups of a user; who else is in them is not its business. ID: made up, as pulumi-aws does."""

    type = "aws:iam/userGroupMembership:UserGroupMembership"
    fields = {"groups": Field(Kind.TEXTS, required=True), "user": Field(required=True, replaces=True)}
    named_by = ("user",)

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
    """Take users out of groups and put users into groups, given as (user, group)."""
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
