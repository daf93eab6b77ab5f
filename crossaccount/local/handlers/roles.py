"""Roles, and the instance profiles that hand a role to EC2.

``aws:iam/role:Role`` and ``aws:iam/instanceProfile:InstanceProfile``. Source: internal/service/iam/role.go,
instance_profile.go.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.calls import Calls, iam
from crossaccount.local.handlers.errors import already_gone, is_gone
from crossaccount.local.handlers.handler import AUTO_NAMES, Handler, same_as_before, timestamp
from crossaccount.local.handlers.policies import ROLE, boundary_outputs
from crossaccount.local.handlers.properties import (
    Field,
    Kind,
    Properties,
    between,
    equivalent,
    retag,
    spelled_as_known,
    tag_outputs,
    tags_for_aws,
    wanted_tags,
)

_READ = iam("GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies")
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
    calls = Calls(
        create=iam("CreateRole"),
        read=_READ,
        update=_READ
        | iam(
            *("UpdateAssumeRolePolicy", "UpdateRoleDescription", "UpdateRole", "TagRole", "UntagRole"),
            *("PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"),
        ),
        delete=iam(
            *("ListInstanceProfilesForRole", "RemoveRoleFromInstanceProfile"),
            *("ListAttachedRolePolicies", "DetachRolePolicy", "ListRolePolicies", "DeleteRolePolicy", "DeleteRole"),
        ),
        aws={"create": _READ | iam("TagRole")},
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        arguments: dict[str, Any] = {
            "AssumeRolePolicyDocument": inputs["assumeRolePolicy"],
            "MaxSessionDuration": inputs["maxSessionDuration"],
            "Path": inputs["path"],
            "RoleName": inputs["name"],
            "Tags": tags_for_aws(wanted_tags(inputs)),
        }
        if inputs.get("description"):
            arguments["Description"] = inputs["description"]
        if inputs.get("permissionsBoundary"):
            arguments["PermissionsBoundary"] = inputs["permissionsBoundary"]
        role = aws.iam.create_role(**arguments)["Role"]
        # CreateRole's response lacks some of the inputs: they are filled in without another call.
        return role["RoleName"], _role_state({**arguments, **role}, inputs, [], [])

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
        return role["RoleName"], _role_state(role, state, inline, attached)

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        if not equivalent(old.get("assumeRolePolicy"), new["assumeRolePolicy"]):
            aws.iam.update_assume_role_policy(RoleName=id, PolicyDocument=new["assumeRolePolicy"])
        if (old.get("description") or "") != (new.get("description") or ""):
            aws.iam.update_role_description(RoleName=id, Description=new.get("description") or "")
        if old.get("maxSessionDuration") != new["maxSessionDuration"]:
            aws.iam.update_role(RoleName=id, MaxSessionDuration=new["maxSessionDuration"])
        ROLE.set_boundary(aws, id, old, new)
        retag(old, new, aws.iam.tag_role, aws.iam.untag_role, RoleName=id)
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


def _role_state(role: Any, known: Properties, inline: list[Any], attached: list[str]) -> Properties:
    """The state of a role as AWS describes it; what AWS does not know comes from ``known``."""
    return {
        **same_as_before(known, "forceDetachPolicies"),
        "arn": role["Arn"],
        "assumeRolePolicy": spelled_as_known(known.get("assumeRolePolicy"), role["AssumeRolePolicyDocument"]),
        "createDate": timestamp(role["CreateDate"]),
        **({"description": role["Description"]} if role.get("Description") else {}),
        "inlinePolicies": [{**each, "policy": spelled_as_known(None, each["policy"])} for each in inline],
        "managedPolicyArns": attached,
        "maxSessionDuration": role.get("MaxSessionDuration", 3600),
        "name": role["RoleName"],
        "namePrefix": "",
        "path": role["Path"],
        **boundary_outputs(role),
        **tag_outputs(role.get("Tags", []), known),
        "uniqueId": role["RoleId"],
    }


class InstanceProfile(Handler):
    """ID: the name. The role changes in place: the old one is removed, the new one is added."""

    type = "aws:iam/instanceProfile:InstanceProfile"
    fields = {
        "name": Field(required=True, replaces=True),
        "path": Field(default="/", replaces=True),
        "role": Field(),
        "tags": Field(Kind.MAP),
    }
    outputs = frozenset({"arn", "createDate", "namePrefix", "tagsAll", "uniqueId"})
    refused = {"namePrefix": AUTO_NAMES}
    calls = Calls(
        create=iam("CreateInstanceProfile", "AddRoleToInstanceProfile", "DeleteInstanceProfile"),
        read=iam("GetInstanceProfile"),
        update=iam(
            *("RemoveRoleFromInstanceProfile", "AddRoleToInstanceProfile"),
            *("TagInstanceProfile", "UntagInstanceProfile", "GetInstanceProfile"),
        ),
        delete=iam("RemoveRoleFromInstanceProfile", "DeleteInstanceProfile"),
        aws={
            "create": iam("GetInstanceProfile", "GetRole", "PassRole", "TagInstanceProfile"),
            "read": iam("GetRole"),
            "update": iam("GetRole", "PassRole"),
        },
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        name, wanted = inputs["name"], tags_for_aws(wanted_tags(inputs))
        profile: Any = aws.iam.create_instance_profile(InstanceProfileName=name, Path=inputs["path"], Tags=wanted)
        state = _profile_state({"Tags": wanted, **profile["InstanceProfile"]}, inputs)
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
        return profile["InstanceProfileName"], _profile_state(profile, state)

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        if old.get("role") != new.get("role"):
            if old.get("role"):
                with already_gone():
                    aws.iam.remove_role_from_instance_profile(InstanceProfileName=id, RoleName=old["role"])
            if new.get("role"):
                aws.iam.add_role_to_instance_profile(InstanceProfileName=id, RoleName=new["role"])
        retag(old, new, aws.iam.tag_instance_profile, aws.iam.untag_instance_profile, InstanceProfileName=id)
        return _profile_state(aws.iam.get_instance_profile(InstanceProfileName=id)["InstanceProfile"], new)

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        if state.get("role"):
            with already_gone():
                aws.iam.remove_role_from_instance_profile(InstanceProfileName=id, RoleName=state["role"])
        with already_gone():
            aws.iam.delete_instance_profile(InstanceProfileName=id)


def _profile_state(profile: Any, known: Properties) -> Properties:
    roles = profile.get("Roles", [])
    return {
        "arn": profile["Arn"],
        "createDate": timestamp(profile["CreateDate"]),
        "name": profile["InstanceProfileName"],
        "namePrefix": "",
        "path": profile["Path"],
        **({"role": roles[0]["RoleName"]} if roles else {}),
        **tag_outputs(profile.get("Tags", []), known),
        "uniqueId": profile["InstanceProfileId"],
    }
