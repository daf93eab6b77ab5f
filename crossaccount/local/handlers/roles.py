"""``aws:iam/role:Role``. Source: internal/service/iam/role.go."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers import tags
from crossaccount.local.handlers.base import AUTO_NAMES, Handler, same_as_before, timestamp
from crossaccount.local.handlers.documents import equivalent, in_the_states_words
from crossaccount.local.handlers.entities import ROLE
from crossaccount.local.handlers.errors import already_gone, is_gone
from crossaccount.local.handlers.fields import Field, Kind, between
from crossaccount.local.handlers.values import Properties

_ELSEWHERE = "deprecated in pulumi-aws; declare RolePolicy and RolePolicyAttachment, with the Exclusive resources"


class Role(Handler):
    """ID: the name. Name and path replace; trust, description, session length, boundary and tags change in place."""

    type = "aws:iam/role:Role"
    fields = {
        "assumeRolePolicy": Field(Kind.DOCUMENT, required=True),
        "description": Field(),
        "forceDetachPolicies": Field(Kind.FLAG, default=False),
        "maxSessionDuration": Field(Kind.NUMBER, default=3600, refuse=between(3600, 43200)),
        "name": Field(required=True, replaces=True),
        "path": Field(default="/", replaces=True),
        "permissionsBoundary": Field(),
        "tags": Field(Kind.MAP),
    }
    outputs = frozenset(
        {"arn", "createDate", "inlinePolicies", "managedPolicyArns", "namePrefix", "tagsAll", "uniqueId"}
    )
    refused = {"inlinePolicies": _ELSEWHERE, "managedPolicyArns": _ELSEWHERE, "namePrefix": AUTO_NAMES}

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        arguments: dict[str, Any] = {
            "AssumeRolePolicyDocument": inputs["assumeRolePolicy"],
            "MaxSessionDuration": inputs["maxSessionDuration"],
            "Path": inputs["path"],
            "RoleName": inputs["name"],
            "Tags": tags.for_aws(tags.wanted(inputs)),
        }
        if inputs.get("description"):
            arguments["Description"] = inputs["description"]
        if inputs.get("permissionsBoundary"):
            arguments["PermissionsBoundary"] = inputs["permissionsBoundary"]
        role = aws.iam.create_role(**arguments)["Role"]
        # CreateRole's answer leaves out what it was just told: fill it in rather than ask again.
        return role["RoleName"], _state({**arguments, **role}, inputs, [], [])

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        try:
            role = aws.iam.get_role(RoleName=id)["Role"]
            inline = [{"name": each, "policy": ROLE.get(aws, id, each)} for each in ROLE.inline(aws, id)]
            attached = ROLE.attached(aws, id)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        if not state.get("arn"):
            state = {**state, "forceDetachPolicies": False}  # as pulumi-aws's importer does
        return role["RoleName"], _state(role, state, inline, attached)

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        if not equivalent(old.get("assumeRolePolicy"), new["assumeRolePolicy"]):
            aws.iam.update_assume_role_policy(RoleName=id, PolicyDocument=new["assumeRolePolicy"])
        if (old.get("description") or "") != (new.get("description") or ""):
            aws.iam.update_role_description(RoleName=id, Description=new.get("description") or "")
        if old.get("maxSessionDuration") != new["maxSessionDuration"]:
            aws.iam.update_role(RoleName=id, MaxSessionDuration=new["maxSessionDuration"])
        boundary = new.get("permissionsBoundary")
        if boundary and boundary != old.get("permissionsBoundary"):
            aws.iam.put_role_permissions_boundary(RoleName=id, PermissionsBoundary=boundary)
        elif not boundary and old.get("permissionsBoundary"):
            aws.iam.delete_role_permissions_boundary(RoleName=id)
        take_off, put_on = tags.changes(old, new)
        if take_off:
            aws.iam.untag_role(RoleName=id, TagKeys=take_off)
        if put_on:
            aws.iam.tag_role(RoleName=id, Tags=tags.for_aws(put_on))
        found = self.find(aws, id, {**new, "arn": old.get("arn", id)})
        return found[1] if found else {**old, **new}

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        with already_gone():
            for profile in aws.iam.list_instance_profiles_for_role(RoleName=id)["InstanceProfiles"]:
                with already_gone():
                    name = profile["InstanceProfileName"]
                    aws.iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=id)
            if state.get("forceDetachPolicies") or state.get("managedPolicyArns"):
                for arn in ROLE.attached(aws, id):
                    ROLE.detach(aws, id, arn)
            if state.get("forceDetachPolicies") or state.get("inlinePolicies"):
                for policy in ROLE.inline(aws, id):
                    ROLE.drop(aws, id, policy)
            aws.iam.delete_role(RoleName=id)


def _state(role: Any, known: Properties, inline: list[Any], attached: list[str]) -> Properties:
    """The state of a role as AWS describes it; what AWS does not know comes from ``known``."""
    boundary = role.get("PermissionsBoundary")
    if not isinstance(boundary, str):
        boundary = (boundary or {}).get("PermissionsBoundaryArn")
    return {
        **same_as_before(known, "forceDetachPolicies"),
        "arn": role["Arn"],
        "assumeRolePolicy": in_the_states_words(known.get("assumeRolePolicy"), role["AssumeRolePolicyDocument"]),
        "createDate": timestamp(role["CreateDate"]),
        **({"description": role["Description"]} if role.get("Description") else {}),
        "inlinePolicies": [{**each, "policy": in_the_states_words(None, each["policy"])} for each in inline],
        "managedPolicyArns": attached,
        "maxSessionDuration": role.get("MaxSessionDuration", 3600),
        "name": role["RoleName"],
        "namePrefix": "",
        "path": role["Path"],
        **({"permissionsBoundary": boundary} if boundary else {}),
        **tags.outputs(role.get("Tags", []), known),
        "uniqueId": role["RoleId"],
    }
