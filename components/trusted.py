"""TrustedAccount: the account whose users, groups and applications assume roles elsewhere."""

from collections.abc import Iterator
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem

from .arguments import checked
from .options import EntityOptions, entity_options, entity_problems, twice
from .permissions import GROUP, PermissionArgs, declare_permissions, permission_problems
from .roles import RoleArgs, declare_role, role_problems
from .users import Handover, UserArgs, declare_user, user_problems


class GroupArgs(PermissionArgs, EntityOptions):
    """A group of users that hold the same grants."""

    path: NotRequired[pulumi.Input[str]]
    """IAM path with both slashes; changes in place."""


class TrustedAccountArgs(TypedDict):
    """The trusted side of an account. Every part may be absent."""

    users: NotRequired[dict[str, UserArgs]]
    """Users by name."""
    groups: NotRequired[dict[str, GroupArgs]]
    """Groups by name."""
    applications: NotRequired[dict[str, RoleArgs]]
    """Roles that services assume, by name."""


def group_problems(where: str, name: str, args: GroupArgs) -> Iterator[Problem]:
    """What IAM refuses of a group, as far as it is known."""
    yield from entity_problems("group", where, name, args)
    yield from permission_problems(GROUP, where, args)


def trusted_account_problems(where: str, name: str, args: TrustedAccountArgs) -> Iterator[Problem]:
    """What IAM refuses of users, groups and applications together."""
    del where, name
    groups = args.get("groups", {})
    for section in ("users", "groups", "applications"):
        names: Any = args.get(section, {})
        yield from twice(section, names)
    for user, each in args.get("users", {}).items():
        for index, group in enumerate(each.get("groups") or ()):
            if group not in groups:
                fix = did_you_mean(group, groups, f"it has {', '.join(groups) or 'none'}")
                yield Problem(f"users.{user}.groups[{index}]", "no group of this component", group, fix)


_CHECKS: dict[Any, Any] = {
    UserArgs: user_problems,
    GroupArgs: group_problems,
    RoleArgs: role_problems,
    TrustedAccountArgs: trusted_account_problems,
}


class TrustedAccount(pulumi.ComponentResource):
    """The users, groups and applications of one account.

    A user that names a group which the component does not declare is refused. For the program that declares it there
    are ``principals``, the users and applications that a trust policy of the same stack may have to wait for, and
    ``handover``, where each user's secrets lie.
    """

    user_arns: pulumi.Output[dict[str, str]]
    """ARNs of the users by name."""
    user_names: pulumi.Output[dict[str, str]]
    """Names of the users, once they exist, by name."""
    group_arns: pulumi.Output[dict[str, str]]
    """ARNs of the groups by name."""
    group_names: pulumi.Output[dict[str, str]]
    """Names of the groups, once they exist, by name."""
    role_arns: pulumi.Output[dict[str, str]]
    """ARNs of the applications' roles by name."""
    role_names: pulumi.Output[dict[str, str]]
    """Names of the applications' roles, once they exist, by name."""

    def __init__(self, name: str, args: TrustedAccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("crossaccount:index:TrustedAccount", name, {}, opts)
        args = checked(self, name, args, TrustedAccountArgs, _CHECKS)
        members = _members(args)
        users: dict[str, aws.iam.User] = {}
        self.handover: dict[str, Handover] = {}
        for user_name, user in args.get("users", {}).items():
            users[user_name], handover = declare_user(self, f"{name}-user-{user_name}", user_name, user)
            if handover:
                self.handover[user_name] = handover
        groups = {
            group_name: self._group(
                f"{name}-group-{group_name}", group_name, group, {each: users[each] for each in members[group_name]}
            )
            for group_name, group in args.get("groups", {}).items()
        }
        applications = {
            role_name: declare_role(self, f"{name}-application-{role_name}", role_name, role)
            for role_name, role in args.get("applications", {}).items()
        }
        self.principals: list[pulumi.Resource] = [*users.values(), *applications.values()]
        self.user_arns, self.user_names = _arns_and_names(users)
        self.group_arns, self.group_names = _arns_and_names(groups)
        self.role_arns, self.role_names = _arns_and_names(applications)
        self.register_outputs(
            {
                "userArns": self.user_arns,
                "userNames": self.user_names,
                "groupArns": self.group_arns,
                "groupNames": self.group_names,
                "roleArns": self.role_arns,
                "roleNames": self.role_names,
            }
        )

    def _group(self, logical_name: str, name: str, args: GroupArgs, users: dict[str, aws.iam.User]) -> aws.iam.Group:
        group = aws.iam.Group(
            logical_name, name=name, path=args.get("path", "/"), opts=entity_options(self, args, logical_name, name)
        )
        declare_permissions(GROUP, logical_name, group, group.name, args)
        opts = pulumi.ResourceOptions(parent=group)
        members = {user_name: users[user_name].name for user_name in sorted(users)}
        if args.get("exclusive", True):
            # Also for a group without members: somebody added by hand must show.
            aws.iam.GroupMembership(
                f"{logical_name}-members", name=name, group=group.name, users=list(members.values()), opts=opts
            )
            return group
        for user_name, member in members.items():
            aws.iam.UserGroupMembership(
                f"{logical_name}-member-{user_name}", user=member, groups=[group.name], opts=opts
            )
        return group


def _arns_and_names(entities: dict[str, Any]) -> tuple[pulumi.Output[dict[str, str]], pulumi.Output[dict[str, str]]]:
    arns, names = ({each: getattr(entity, key) for each, entity in entities.items()} for key in ("arn", "name"))
    return pulumi.Output.all(**arns), pulumi.Output.all(**names)


def _members(args: TrustedAccountArgs) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {group: [] for group in args.get("groups", {})}
    for user_name, user in args.get("users", {}).items():
        for group in user.get("groups", []):
            members[group].append(user_name)
    return members
