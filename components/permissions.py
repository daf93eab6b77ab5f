"""The policies of one user, group or role: inline and attached, and no others unless the config allows them.

Attachments are named after what they attach, never after a list index, and are listed in the order of those names:
reordering a list changes nothing, not even in the state. The exclusive resources make hand-made additions show (after a
refresh; they act on refreshed state only).
Deliberately not used: ``iam.PolicyAttachment`` (exclusive account-wide), ``Role.inline_policies`` and
``Role.managed_policy_arns`` (deprecated).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from crossaccount.iam import quotas
from crossaccount.iam.arn import ACCOUNT_ID, parse_arn
from crossaccount.iam.entity_names import check_name
from crossaccount.iam.problem import Problem

from .documents import identity_problems, over, size_of, text_of
from .options import refused, twice


class PermissionArgs(TypedDict):
    """The policies of one entity."""

    inline: NotRequired[dict[str, pulumi.Input[Any]]]
    """Inline policies by name: each a policy document, as a mapping or as JSON."""
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
    together: quotas.Quota
    """Characters of all inline policies."""
    number: quotas.Quota
    """Managed policies."""


ROLE = EntityKind(
    "role",
    aws.iam.RolePolicy,
    aws.iam.RolePolicyAttachment,
    aws.iam.RolePoliciesExclusive,
    aws.iam.RolePolicyAttachmentsExclusive,
    quotas.ROLE_INLINE,
    quotas.POLICIES_PER_ROLE,
)
USER = EntityKind(
    "user",
    aws.iam.UserPolicy,
    aws.iam.UserPolicyAttachment,
    aws.iam.UserPoliciesExclusive,
    aws.iam.UserPolicyAttachmentsExclusive,
    quotas.USER_INLINE,
    quotas.POLICIES_PER_USER,
)
GROUP = EntityKind(
    "group",
    aws.iam.GroupPolicy,
    aws.iam.GroupPolicyAttachment,
    aws.iam.GroupPoliciesExclusive,
    aws.iam.GroupPolicyAttachmentsExclusive,
    quotas.GROUP_INLINE,
    quotas.POLICIES_PER_GROUP,
)


def permission_problems(kind: EntityKind, where: str, args: PermissionArgs) -> Iterator[Problem]:
    """What IAM refuses of the policies of one entity, as far as they are known."""
    inline, attached = args.get("inline", {}), args.get("attached", {})
    for name, document in inline.items():
        yield from refused(f"{where}.inline.{name}", name, check_name("policy", name))
        yield from identity_problems(document, f"{where}.inline.{name}", kind.together)
    yield from twice(f"{where}.inline", inline)
    unit = "characters without white space"
    yield from over(kind.together, sum(map(size_of, inline.values())), f"{where}.inline", unit, "attach some instead")
    for name, arn in attached.items():
        yield from policy_arn_problems(arn, f"{where}.attached.{name}")
    yield from over(kind.number, len(attached), f"{where}.attached", "managed policies", "join some of them")


def policy_arn_problems(arn: pulumi.Input[str] | None, where: str) -> Iterator[Problem]:
    """Whether a known ARN is that of a managed policy."""
    if not isinstance(arn, str):
        return
    fix = "write arn:aws:iam::aws:policy/NAME, or the arn of a policy that you declare"
    try:
        parsed = parse_arn(arn)
    except ValueError:
        yield Problem(where, "not the ARN of a managed policy", arn, fix)
        return
    of_somebody = parsed.account == "aws" or ACCOUNT_ID.match(parsed.account)
    if parsed.service != "iam" or parsed.kind != "policy" or not parsed.name or not of_somebody:
        yield Problem(where, "not the ARN of a managed policy", arn, fix)


def declare_permissions(
    kind: EntityKind, logical_name: str, entity: pulumi.Resource, entity_name: pulumi.Input[str], args: PermissionArgs
) -> None:
    """Declare the policies of ``entity`` as its children."""
    opts = pulumi.ResourceOptions(parent=entity)
    inline = [
        kind.inline(
            f"{logical_name}-inline-{name}",
            **{kind.argument: entity_name},
            name=name,
            policy=text_of(document, f"{logical_name}.inline.{name}", partial(identity_problems, quota=kind.together)),
            opts=opts,
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
