"""TrustingAccount: the account whose roles are assumed from elsewhere."""

from graphlib import CycleError, TopologicalSorter
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from .roles import RoleArgs, declare_role


class TrustingAccountArgs(TypedDict):
    """The trusting side of an account."""

    roles: dict[str, RoleArgs]
    """Roles by name."""


class TrustingAccount(pulumi.ComponentResource):
    """The roles of one account.

    ``opts.depends_on`` names principals of the same stack that the trust policies name exactly: each role waits for
    them. Roles that trust each other exactly in a circle are refused: IAM could create none of them first.
    """

    def __init__(self, name: str, args: TrustingAccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("crossaccount:index:TrustingAccount", name, {}, opts)
        principals = pulumi.ResourceOptions(depends_on=opts.depends_on if opts else None)
        self.roles: dict[str, aws.iam.Role] = {}
        for role_name in _creation_order(args):
            role = args["roles"][role_name]
            siblings = pulumi.ResourceOptions(depends_on=[self.roles[each] for each in role.get("trusts_roles", [])])
            waits_for = pulumi.ResourceOptions.merge(principals, siblings).depends_on
            self.roles[role_name] = declare_role(self, f"{name}-role-{role_name}", role_name, role, waits_for)
        self.register_outputs({})


def _creation_order(args: TrustingAccountArgs) -> list[str]:
    graph = {name: role.get("trusts_roles", []) for name, role in args["roles"].items()}
    for name, trusted in graph.items():
        if unknown := [each for each in trusted if each not in graph]:
            raise ValueError(f"roles.{name}.trusts_roles: no role of this component, got {unknown}")
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as cycle:
        raise ValueError(f"roles: trust each other exactly in a circle, got {' → '.join(cycle.args[1])}") from None
