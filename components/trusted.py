"""TrustedAccount: the account whose users, groups and applications assume roles elsewhere."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .options import EntityOptions, entity_options
from .permissions import GROUP, PermissionArgs, declare_permissions
from .roles import RoleArgs, declare_role
from .users import Handover, UserArgs, declare_user


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


class TrustedAccount(pulumi.ComponentResource):
    """The users, groups and applications of one account.

    A user that names a group which the component does not declare is refused. For the program that declares it there
    are ``principals``, the users and applications that a trust policy of the same stack may have to wait for, and
    ``handover``, where each user's secrets lie.
    """

    def __init__(self, name: str, args: TrustedAccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("crossaccount:index:TrustedAccount", name, {}, opts)
        members = _members(args)
        users: dict[str, aws.iam.User] = {}
        self.handover: dict[str, Handover] = {}
        for user_name, user in args.get("users", {}).items():
            users[user_name], handover = declare_user(self, f"{name}-user-{user_name}", user_name, user)
            if handover:
                self.handover[user_name] = handover
        for group_name, group in args.get("groups", {}).items():
            self._group(
                f"{name}-group-{group_name}", group_name, group, {each: users[each] for each in members[group_name]}
            )
        applications = [
            declare_role(self, f"{name}-application-{role_name}", role_name, role)
            for role_name, role in args.get("applications", {}).items()
        ]
        self.principals: list[pulumi.Resource] = [*users.values(), *applications]
        self.register_outputs({})

    def _group(self, logical_name: str, name: str, args: GroupArgs, users: dict[str, aws.iam.User]) -> None:
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
            return
        for user_name, member in members.items():
            aws.iam.UserGroupMembership(
                f"{logical_name}-member-{user_name}", user=member, groups=[group.name], opts=opts
            )


def _members(args: TrustedAccountArgs) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {group: [] for group in args.get("groups", {})}
    for user_name, user in args.get("users", {}).items():
        for group in user.get("groups", []):
            if group not in members:
                known = ", ".join(members) or "none"
                raise ValueError(f"users.{user_name}.groups: no group of this component, got {group!r}; it has {known}")
            members[group].append(user_name)
    return members
