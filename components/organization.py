"""ControlPolicies: the service and resource control policies of an organisation, in its management account."""

from collections.abc import Iterator
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from crossaccount.iam.documents import as_list
from crossaccount.iam.json_text import JsonError, parse_json
from crossaccount.iam.organizations import (
    FULL_ACCESS,
    FULL_ACCESS_ID,
    RESOURCE_CONTROL,
    SERVICE_CONTROL,
    check_control_policy,
    check_policy,
)
from crossaccount.iam.problem import Problem

from .arguments import checked, is_known
from .documents import text_of
from .options import EntityOptions, entity_options, twice


class ControlPolicyArgs(EntityOptions):
    """A control policy and its targets."""

    document: pulumi.Input[Any]
    """The document: a policy document, as a mapping or as JSON."""
    targets: list[str]
    """The IDs of the root, the units and the accounts to which the policy is attached."""
    description: NotRequired[pulumi.Input[str]]
    """The purpose of the policy."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of the policy."""


class ControlPoliciesArgs(TypedDict):
    """The control policies of an organisation. Every part may be absent."""

    scps: NotRequired[dict[str, ControlPolicyArgs]]
    """Service control policies by name."""
    rcps: NotRequired[dict[str, ControlPolicyArgs]]
    """Resource control policies by name."""
    full_access_targets: NotRequired[list[str]]
    """The targets of AWS's policy FullAWSAccess, if its attachments belong to this component. They exist already, so
    they are adopted."""


_TYPES = {"scps": SERVICE_CONTROL, "rcps": RESOURCE_CONTROL}


def control_policies_problems(where: str, name: str, args: ControlPoliciesArgs) -> Iterator[Problem]:
    """What AWS Organizations refuses of the policies, as far as they are known."""
    del where, name
    for section, type_ in _TYPES.items():
        policies: Any = args.get(section, {})
        yield from twice(section, policies)
        for policy_name, policy in policies.items():
            place = f"{section}.{policy_name}"
            document, description = policy["document"], policy.get("description", "")
            if is_known(document):
                text = text_of(document, place, _nothing)
                said = description if isinstance(description, str) else ""
                yield from check_policy(type_, policy_name, str(text), said, place)


def _nothing(document: Any, where: str) -> list[Problem]:
    del document, where
    return []


class ControlPolicies(pulumi.ComponentResource):
    """The control policies of an organisation and their attachments.

    A policy that only denies is attached after all others, and detached before them: nobody is restricted while what
    replaces the permission is still missing.
    """

    policy_ids: pulumi.Output[dict[str, str]]
    """IDs of the policies by name: ``scps.NAME`` and ``rcps.NAME``."""

    def __init__(self, name: str, args: ControlPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("crossaccount:index:ControlPolicies", name, {}, opts)
        args = checked(self, name, args, ControlPoliciesArgs, {ControlPoliciesArgs: control_policies_problems})
        self._widening: list[pulumi.Resource] = [
            aws.organizations.PolicyAttachment(
                f"{name}-scp-{FULL_ACCESS}-{target}",
                policy_id=FULL_ACCESS_ID,
                target_id=target,
                opts=pulumi.ResourceOptions(parent=self, import_=f"{target}:{FULL_ACCESS_ID}"),
            )
            for target in args.get("full_access_targets", [])
        ]
        ids: dict[str, pulumi.Output[str]] = {}
        every: list[tuple[str, str, ControlPolicyArgs]] = []
        for section in _TYPES:
            declared: Any = args.get(section, {})
            every += [(section, policy_name, policy) for policy_name, policy in declared.items()]
        for section, policy_name, policy in sorted(every, key=lambda each: _only_denies(each[2])):
            ids[f"{section}.{policy_name}"] = self._policy(name, section, policy_name, policy)
        self.policy_ids = pulumi.Output.all(**ids)
        self.register_outputs({"policyIds": self.policy_ids})

    def _policy(self, name: str, section: str, policy_name: str, args: ControlPolicyArgs) -> pulumi.Output[str]:
        logical_name = f"{name}-{section.removesuffix('s')}-{policy_name}"
        type_ = _TYPES[section]
        narrows = _only_denies(args)
        policy = aws.organizations.Policy(
            logical_name,
            name=policy_name,
            type=type_,
            content=text_of(args["document"], f"{logical_name}.document", _checking(type_)),
            description=args.get("description"),
            tags=args.get("tags"),
            opts=entity_options(self, args, logical_name, policy_name, self._widening if narrows else None),
        )
        for target in args["targets"]:
            adopted = args.get("import_id")
            attachment = aws.organizations.PolicyAttachment(
                f"{logical_name}-{target}",
                policy_id=policy.id,
                target_id=target,
                opts=pulumi.ResourceOptions(parent=policy, import_=f"{target}:{adopted}" if adopted else None),
            )
            if not narrows:
                self._widening.append(attachment)
        return policy.id


def _checking(type_: str) -> Any:
    return lambda document, where: check_control_policy(type_, document, where)


def _only_denies(args: ControlPolicyArgs) -> bool:
    """Whether a policy only restricts. A document that is not known yet is taken for one that allows, too."""
    document: Any = args["document"]
    if not is_known(document):
        return False
    try:
        found: Any = parse_json(document) if isinstance(document, str) else document
    except JsonError:
        return False
    return all(each.get("Effect") == "Deny" for each in as_list(found.get("Statement")))
