"""``aws:iam/instanceProfile:InstanceProfile``. Source: internal/service/iam/instance_profile.go."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers import tags
from crossaccount.local.handlers.base import AUTO_NAMES, Handler, timestamp
from crossaccount.local.handlers.errors import already_gone, is_gone
from crossaccount.local.handlers.fields import Field, Kind
from crossaccount.local.handlers.values import Properties


class InstanceProfile(Handler):
    """ID: the name. The role changes in place: out with the old one, in with the new one."""

    type = "aws:iam/instanceProfile:InstanceProfile"
    fields = {
        "name": Field(required=True, replaces=True),
        "path": Field(default="/", replaces=True),
        "role": Field(),
        "tags": Field(Kind.MAP),
    }
    outputs = frozenset({"arn", "createDate", "namePrefix", "tagsAll", "uniqueId"})
    refused = {"namePrefix": AUTO_NAMES}

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        name, wanted = inputs["name"], tags.for_aws(tags.wanted(inputs))
        profile: Any = aws.iam.create_instance_profile(InstanceProfileName=name, Path=inputs["path"], Tags=wanted)
        state = _state({"Tags": wanted, **profile["InstanceProfile"]}, inputs)
        if inputs.get("role"):
            try:
                aws.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=inputs["role"])
            except (ClientError, BotoCoreError):
                aws.iam.delete_instance_profile(InstanceProfileName=name)
                raise
            state["role"] = inputs["role"]
        return name, state

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        try:
            profile = aws.iam.get_instance_profile(InstanceProfileName=id)["InstanceProfile"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return profile["InstanceProfileName"], _state(profile, state)

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        if old.get("role") != new.get("role"):
            if old.get("role"):
                with already_gone():
                    aws.iam.remove_role_from_instance_profile(InstanceProfileName=id, RoleName=old["role"])
            if new.get("role"):
                aws.iam.add_role_to_instance_profile(InstanceProfileName=id, RoleName=new["role"])
        take_off, put_on = tags.changes(old, new)
        if take_off:
            aws.iam.untag_instance_profile(InstanceProfileName=id, TagKeys=take_off)
        if put_on:
            aws.iam.tag_instance_profile(InstanceProfileName=id, Tags=tags.for_aws(put_on))
        return _state(aws.iam.get_instance_profile(InstanceProfileName=id)["InstanceProfile"], new)

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        if state.get("role"):
            with already_gone():
                aws.iam.remove_role_from_instance_profile(InstanceProfileName=id, RoleName=state["role"])
        with already_gone():
            aws.iam.delete_instance_profile(InstanceProfileName=id)


def _state(profile: Any, known: Properties) -> Properties:
    roles = profile.get("Roles", [])
    return {
        "arn": profile["Arn"],
        "createDate": timestamp(profile["CreateDate"]),
        "name": profile["InstanceProfileName"],
        "namePrefix": "",
        "path": profile["Path"],
        **({"role": roles[0]["RoleName"]} if roles else {}),
        **tags.outputs(profile.get("Tags", []), known),
        "uniqueId": profile["InstanceProfileId"],
    }
