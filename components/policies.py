"""ManagedPolicies: the customer-managed policies of one account, for both of its sides."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .options import EntityOptions, entity_options


class ManagedPolicyArgs(EntityOptions):
    """One customer-managed policy."""

    document: pulumi.Input[str]
    """The policy, canonical JSON."""
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


class ManagedPolicies(pulumi.ComponentResource):
    """The customer-managed policies of one account; ``arns`` holds their ARNs by name."""

    def __init__(self, name: str, args: ManagedPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("crossaccount:index:ManagedPolicies", name, {}, opts)
        self.arns: dict[str, pulumi.Output[str]] = {}
        for policy_name, policy in args["policies"].items():
            logical_name = f"{name}-policy-{policy_name}"
            declared = aws.iam.Policy(
                logical_name,
                name=policy_name,
                policy=policy["document"],
                path=policy.get("path", "/"),
                description=policy.get("description"),
                tags=policy.get("tags"),
                opts=entity_options(self, policy, logical_name, policy_name, ignore_changes=["description"]),
            )
            self.arns[policy_name] = declared.arn
        self.register_outputs({})
