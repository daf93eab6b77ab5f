"""Control policies of AWS Organizations, and their attachments to roots, units and accounts.

``aws:organizations/policy:Policy`` and ``aws:organizations/policyAttachment:PolicyAttachment``.

Source: internal/service/organizations/policy.go, policy_attachment.go.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.calls import NO_CALLS, Calls, organizations
from crossaccount.local.handlers.errors import ResourceError, already_gone, is_gone
from crossaccount.local.handlers.handler import Handler, same_as_before
from crossaccount.local.handlers.properties import (
    Field,
    Kind,
    Properties,
    equivalent,
    one_of,
    retag,
    spelled_as_known,
    tag_outputs,
    tags_for_aws,
    wanted_tags,
)

SERVICE_CONTROL, RESOURCE_CONTROL = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"


_READS = organizations("DescribePolicy", "ListTagsForResource")
_REVIEW = organizations(
    *("DescribeOrganization", "ListAccounts", "ListAccountsForParent", "ListOrganizationalUnitsForParent"),
    *("ListPolicies", "ListRoots", "ListTargetsForPolicy"),
)
"""What the review of a stack with control policies reads of the organisation."""


def _organizations(aws: Aws) -> Any:
    return aws.client("organizations")


class ControlPolicy(Handler):
    """ID: that of the policy. Another type replaces it."""

    type = "aws:organizations/policy:Policy"
    fields = {
        "content": Field(Kind.DOCUMENT, required=True),
        "description": Field(),
        "name": Field(required=True),
        "skipDestroy": Field(Kind.FLAG),
        "tags": Field(Kind.MAP),
        "type": Field(default=SERVICE_CONTROL, replaces=True, refuse=one_of(SERVICE_CONTROL, RESOURCE_CONTROL)),
    }
    outputs = frozenset({"arn", "tagsAll"})
    calls = Calls(
        create=organizations("CreatePolicy"),
        read=_READS,
        update=_READS | organizations("UpdatePolicy", "TagResource", "UntagResource"),
        delete=organizations("DeletePolicy"),
        aws={"create": _READS | organizations("TagResource"), "read": _REVIEW, "delete": _READS},
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        policy = _organizations(aws).create_policy(
            Name=inputs["name"],
            Type=inputs["type"],
            Content=inputs["content"],
            Description=inputs.get("description") or "",
            Tags=tags_for_aws(wanted_tags(inputs)),
        )["Policy"]["PolicySummary"]
        return policy["Id"], _state(policy, inputs["content"], tags_for_aws(wanted_tags(inputs)), inputs)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        client = _organizations(aws)
        try:
            policy = client.describe_policy(PolicyId=id)["Policy"]
            tags = client.list_tags_for_resource(ResourceId=id)["Tags"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        text = spelled_as_known(state.get("content"), policy["Content"])
        return id, _state(policy["PolicySummary"], text, tags, state)

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        client = _organizations(aws)
        changed: dict[str, str] = {}
        if old.get("name") != new["name"]:
            changed["Name"] = new["name"]
        if (old.get("description") or "") != (new.get("description") or ""):
            changed["Description"] = new.get("description") or ""
        if not equivalent(old.get("content"), new["content"]):
            changed["Content"] = new["content"]
        if changed:
            client.update_policy(PolicyId=id, **changed)
        retag(old, new, client.tag_resource, client.untag_resource, ResourceId=id)
        found = self.find(aws, id, new)
        if found is None:
            raise ResourceError(f"{self.type} {id}: it is gone")
        return found[1]

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        if not state.get("skipDestroy"):
            with already_gone():
                _organizations(aws).delete_policy(PolicyId=id)


def _state(policy: Any, content: str, tags: Any, known: Properties) -> Properties:
    return {
        "arn": policy["Arn"],
        "content": content,
        **({"description": policy["Description"]} if policy.get("Description") else {}),
        "name": policy["Name"],
        **same_as_before(known, "skipDestroy"),
        "type": policy["Type"],
        **tag_outputs(tags, known),
    }


class ControlPolicyAttachment(Handler):
    """ID ``<target>:<policy>``. Nothing of it changes in place."""

    type = "aws:organizations/policyAttachment:PolicyAttachment"
    named_by = ("targetId", "policyId")
    fields = {
        "policyId": Field(required=True, replaces=True),
        "skipDestroy": Field(Kind.FLAG),
        "targetId": Field(required=True, replaces=True),
    }
    calls = Calls(
        create=organizations("AttachPolicy"),
        read=organizations("ListTargetsForPolicy"),
        update=NO_CALLS,
        delete=organizations("DetachPolicy"),
        aws={"create": organizations("ListTargetsForPolicy", "ListPoliciesForTarget")},
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        policy, target = inputs["policyId"], inputs["targetId"]
        _organizations(aws).attach_policy(PolicyId=policy, TargetId=target)
        return f"{target}:{policy}", _attachment(policy, target, inputs)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        target, _, policy = id.partition(":")
        pages = _organizations(aws).get_paginator("list_targets_for_policy").paginate(PolicyId=policy)
        try:
            found = any(each["TargetId"] == target for page in pages for each in page["Targets"])
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return (id, _attachment(policy, target, state)) if found else None

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        del aws, id, old
        return _attachment(new["policyId"], new["targetId"], new)

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        if not state.get("skipDestroy"):
            target, _, policy = id.partition(":")
            with already_gone():
                _organizations(aws).detach_policy(PolicyId=policy, TargetId=target)


def _attachment(policy: str, target: str, known: Properties) -> Properties:
    return {"policyId": policy, **same_as_before(known, "skipDestroy"), "targetId": target}
