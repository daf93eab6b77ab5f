"""ManagedPolicies: the customer-managed policies of one account, for both of its sides."""

from collections.abc import Iterator
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from crossaccount.iam.problem import Problem

from .arguments import checked
from .documents import identity_problems, text_of
from .options import EntityOptions, entity_options, entity_problems, twice


class ManagedPolicyArgs(EntityOptions):
    """One customer-managed policy."""

    document: pulumi.Input[Any]
    """The policy: a policy document, as a mapping or as JSON."""
    path: NotRequired[pulumi.Input[str]]
    """IAM path with both slashes; a change replaces the policy."""
    description: NotRequired[pulumi.Input[str]]
    """Set at creation only: AWS cannot change it, and a replacement would detach the policy everywhere for seconds."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of the policy."""


class ManagedPoliciesArgs(TypedDict):
    """The customer-managed policies of an account."""

    policies: dict[str, ManagedPolicyArgs]
    """Policies by name."""


def managed_policy_problems(where: str, name: str, args: ManagedPolicyArgs) -> Iterator[Problem]:
    """What IAM refuses of a customer-managed policy, as far as it is known."""
    yield from entity_problems("policy", where, name, args)
    yield from identity_problems(args["document"], f"{where}.document")


def policies_problems(where: str, name: str, args: ManagedPoliciesArgs) -> Iterator[Problem]:
    """What IAM refuses of the names of policies together."""
    del where, name
    return twice("policies", args["policies"])


class ManagedPolicies(pulumi.ComponentResource):
    """The customer-managed policies of one account; ``arns`` holds their ARNs by name."""

    policy_arns: pulumi.Output[dict[str, str]]
    """ARNs of the policies by name."""

    def __init__(self, name: str, args: ManagedPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("crossaccount:index:ManagedPolicies", name, {}, opts)
        checks = {ManagedPolicyArgs: managed_policy_problems, ManagedPoliciesArgs: policies_problems}
        args = checked(self, name, args, ManagedPoliciesArgs, checks)
        self.arns: dict[str, pulumi.Output[str]] = {}
        for policy_name, policy in args["policies"].items():
            logical_name = f"{name}-policy-{policy_name}"
            declared = aws.iam.Policy(
                logical_name,
                name=policy_name,
                policy=text_of(policy["document"], f"{logical_name}.document", identity_problems),
                path=policy.get("path", "/"),
                description=policy.get("description"),
                tags=policy.get("tags"),
                opts=entity_options(self, policy, logical_name, policy_name, ignore_changes=["description"]),
            )
            self.arns[policy_name] = declared.arn
        self.policy_arns = pulumi.Output.all(**self.arns)
        self.register_outputs({"policyArns": self.policy_arns})
