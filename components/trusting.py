"""TrustingAccount: the account whose roles are assumed from elsewhere."""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem

from .arguments import checked
from .options import twice
from .roles import RoleArgs, declare_role, role_problems


class TrustingAccountArgs(TypedDict):
    """The trusting side of an account."""

    roles: dict[str, RoleArgs]
    """Roles by name."""


def trusting_account_problems(where: str, name: str, args: TrustingAccountArgs) -> Iterator[Problem]:
    """What IAM refuses of the roles together."""
    del where, name
    graph = {role: list(each.get("trusts_roles") or ()) for role, each in args["roles"].items()}
    yield from twice("roles", graph)
    for role, trusted in graph.items():
        for index, each in enumerate(trusted):
            if each not in graph:
                fix = did_you_mean(each, graph, f"it has {', '.join(graph)}")
                yield Problem(f"roles.{role}.trusts_roles[{index}]", "no role of this component", each, fix)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        what = "trust each other exactly in a circle, and IAM could create none of them first"
        fix = "trust the account, with a condition on aws:PrincipalArn, in one of them"
        yield Problem("roles", what, " → ".join(cycle.args[1]), fix)


class TrustingAccount(pulumi.ComponentResource):
    """The roles of one account.

    ``opts.depends_on`` names principals of the same stack that the trust policies name exactly: each role waits for
    them. Roles that trust each other exactly in a circle are refused: IAM could create none of them first.
    """

    role_arns: pulumi.Output[dict[str, str]]
    """ARNs of the roles by name."""
    role_names: pulumi.Output[dict[str, str]]
    """Names of the roles, once they exist, by name."""

    def __init__(self, name: str, args: TrustingAccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("crossaccount:index:TrustingAccount", name, {}, opts)
        checks = {RoleArgs: role_problems, TrustingAccountArgs: trusting_account_problems}
        args = checked(self, name, args, TrustingAccountArgs, checks)
        principals = pulumi.ResourceOptions(depends_on=opts.depends_on if opts else None)
        self.roles: dict[str, aws.iam.Role] = {}
        for role_name in _creation_order(args):
            role = args["roles"][role_name]
            siblings = pulumi.ResourceOptions(depends_on=[self.roles[each] for each in role.get("trusts_roles", [])])
            waits_for = pulumi.ResourceOptions.merge(principals, siblings).depends_on
            self.roles[role_name] = declare_role(self, f"{name}-role-{role_name}", role_name, role, waits_for)
        self.role_arns = pulumi.Output.all(**{each: role.arn for each, role in self.roles.items()})
        self.role_names = pulumi.Output.all(**{each: role.name for each, role in self.roles.items()})
        self.register_outputs({"roleArns": self.role_arns, "roleNames": self.role_names})


def _creation_order(args: TrustingAccountArgs) -> list[str]:
    return list(
        TopologicalSorter({name: role.get("trusts_roles", []) for name, role in args["roles"].items()}).static_order()
    )
