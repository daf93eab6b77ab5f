"""``aws:iam/group:Group``. Source: internal/service/iam/group.go."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.base import Handler
from crossaccount.local.handlers.errors import already_gone, is_gone
from crossaccount.local.handlers.fields import Field
from crossaccount.local.handlers.values import Properties


class Group(Handler):
    """ID: the name. Name and path change in place. A group with members or policies is not deleted."""

    type = "aws:iam/group:Group"
    fields = {"name": Field(required=True), "path": Field(default="/")}
    outputs = frozenset({"arn", "uniqueId"})

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        group = aws.iam.create_group(GroupName=inputs["name"], Path=inputs["path"])["Group"]
        return group["GroupName"], _state(group)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        try:
            group = aws.iam.get_group(GroupName=id, MaxItems=1)["Group"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return group["GroupName"], _state(group)

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        aws.iam.update_group(GroupName=id, NewGroupName=new["name"], NewPath=new["path"])
        return _state(aws.iam.get_group(GroupName=new["name"], MaxItems=1)["Group"])

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        with already_gone():
            aws.iam.delete_group(GroupName=id)


def _state(group: Any) -> Properties:
    return {"arn": group["Arn"], "name": group["GroupName"], "path": group["Path"], "uniqueId": group["GroupId"]}
