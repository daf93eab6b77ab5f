"""The policies of one user, group or role: inline, attached, and nothing beside them unless the config says so.

Attachments are named after what they attach, never after a list index, and are listed in the order of those names:
reordering a list changes nothing, not even in the state. The exclusive resources make hand-made additions show (after a
refresh; they act on refreshed state only).
Deliberately not used: ``iam.PolicyAttachment`` (exclusive account-wide), ``Role.inline_policies`` and
``Role.managed_policy_arns`` (deprecated).
"""

from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws


class PermissionArgs(TypedDict):
    """The policies of one entity."""

    inline: NotRequired[dict[str, pulumi.Input[str]]]
    """Inline policies: name to canonical JSON."""
    attached: NotRequired[dict[str, pulumi.Input[str]]]
    """Managed policies: a name that is stable in this stack, to the policy's ARN."""
    exclusive: NotRequired[bool]
    """Remove policies that others added to the entity (default true)."""


@dataclass(frozen=True)
class EntityKind:
    """The resource classes for one kind of entity, and the name of the argument that holds the entity's name."""

    argument: str
    inline: Any
    attachment: Any
    inline_exclusive: Any
    attachments_exclusive: Any


ROLE = EntityKind(
    "role",
    aws.iam.RolePolicy,
    aws.iam.RolePolicyAttachment,
    aws.iam.RolePoliciesExclusive,
    aws.iam.RolePolicyAttachmentsExclusive,
)
USER = EntityKind(
    "user",
    aws.iam.UserPolicy,
    aws.iam.UserPolicyAttachment,
    aws.iam.UserPoliciesExclusive,
    aws.iam.UserPolicyAttachmentsExclusive,
)
GROUP = EntityKind(
    "group",
    aws.iam.GroupPolicy,
    aws.iam.GroupPolicyAttachment,
    aws.iam.GroupPoliciesExclusive,
    aws.iam.GroupPolicyAttachmentsExclusive,
)


def declare_permissions(
    kind: EntityKind, logical_name: str, entity: pulumi.Resource, entity_name: pulumi.Input[str], args: PermissionArgs
) -> None:
    """Declare the policies of ``entity`` as its children."""
    opts = pulumi.ResourceOptions(parent=entity)
    inline = [
        kind.inline(
            f"{logical_name}-inline-{name}", **{kind.argument: entity_name}, name=name, policy=document, opts=opts
        )
        for name, document in sorted(args.get("inline", {}).items(), key=lambda item: item[0])
    ]
    attached = [
        kind.attachment(f"{logical_name}-policy-{name}", **{kind.argument: entity_name}, policy_arn=arn, opts=opts)
        for name, arn in sorted(args.get("attached", {}).items(), key=lambda item: item[0])
    ]
    if not args.get("exclusive", True):
        return
    owner = {f"{kind.argument}_name": entity_name}
    # Their lists are the children's outputs, so that each waits for what it lists.
    kind.inline_exclusive(
        f"{logical_name}-inline-exclusive", **owner, policy_names=[policy.name for policy in inline], opts=opts
    )
    kind.attachments_exclusive(
        f"{logical_name}-policies-exclusive", **owner, policy_arns=[each.policy_arn for each in attached], opts=opts
    )
