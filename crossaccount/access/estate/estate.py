"""The estate: the IAM of a set of accounts, as AWS itself describes it, ready to be asked.

Reads the JSON of ``aws iam get-account-authorization-details`` (one mapping per account; documents may be mappings or
URL-encoded JSON text). All keys but ``Arn``, the name and a role's trust document are optional; what is absent is left
out, never made up. Refuses to be an authority on what it was not given: entities of other accounts are unknown.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crossaccount.access.estate.documents import (
    Details,
    ManagedPolicies,
    compiled_policy,
    inline_policies,
    trust_policy,
)
from crossaccount.access.estate.entities import Policy, Principal, Role, User
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.compiled import Kind

Levels = tuple[tuple[Policy, ...], ...]
"""An account's control policies by level (root, organisational units, account): every level has to allow."""

Groups = Mapping[tuple[str, str], tuple[Policy, ...]]
"""The policies of each group, by account ID and name."""


@dataclass(frozen=True)
class Estate:
    """Users and roles by ARN. ``accounts`` are the IDs of the accounts that the sources describe.

    ``service_control`` and ``resource_control`` hold the SCPs and RCPs by account ID; an account without an entry is
    under none.
    """

    users: Mapping[str, User] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    accounts: frozenset[str] = frozenset()
    service_control: Mapping[str, Levels] = field(default_factory=dict)
    resource_control: Mapping[str, Levels] = field(default_factory=dict)

    @classmethod
    def from_details(
        cls,
        details: Iterable[Details],
        *,
        service_control: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
        resource_control: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
    ) -> Estate:
        """The estate of these accounts. Control policies: by account ID, one mapping of name to document per level."""
        accounts = list(details)
        managed = ManagedPolicies(accounts)
        groups = _groups(accounts, managed)
        users = [_user(item, groups, managed) for item in _all(accounts, "UserDetailList")]
        roles = [_role(item, managed) for item in _all(accounts, "RoleDetailList")]
        return cls(
            users={user.arn: user for user in users},
            roles={role.arn: role for role in roles},
            accounts=frozenset(_account_ids(accounts)),
            service_control=_levels(service_control or {}, "permissions"),
            resource_control=_levels(resource_control or {}, "resource-control"),
        )

    def principal(self, arn: str) -> Principal | None:
        """The user or role with this ARN."""
        return self.users.get(arn) or self.roles.get(arn)


def _all(accounts: Iterable[Details], key: str) -> list[Mapping[str, Any]]:
    return [item for account in accounts for item in account.get(key) or ()]


def _groups(accounts: Iterable[Details], managed: ManagedPolicies) -> Groups:
    items = _all(accounts, "GroupDetailList")
    return {
        (parse_arn(str(item["Arn"])).account, str(item["GroupName"])): _policies(item, "GroupPolicyList", managed)
        for item in items
    }


def _user(item: Mapping[str, Any], groups: Groups, managed: ManagedPolicies) -> User:
    account = parse_arn(str(item["Arn"])).account
    names = tuple(str(name) for name in item.get("GroupList") or ())
    policies = _policies(item, "UserPolicyList", managed)
    for name in names:
        policies += groups.get((account, name), (Policy(f"group {name}", missing="the group is in no source"),))
    return User(
        arn=str(item["Arn"]),
        unique_id=str(item.get("UserId") or ""),
        tags=_tags(item),
        policies=policies,
        boundary=managed.boundary(item),
        groups=names,
    )


def _role(item: Mapping[str, Any], managed: ManagedPolicies) -> Role:
    return Role(
        arn=str(item["Arn"]),
        unique_id=str(item.get("RoleId") or ""),
        tags=_tags(item),
        policies=_policies(item, "RolePolicyList", managed),
        boundary=managed.boundary(item),
        trust=trust_policy(item.get("AssumeRolePolicyDocument")),
        max_session_duration=item.get("MaxSessionDuration"),
    )


def _policies(item: Mapping[str, Any], inline: str, managed: ManagedPolicies) -> tuple[Policy, ...]:
    return inline_policies(item.get(inline)) + managed.attached(item.get("AttachedManagedPolicies"))


def _tags(item: Mapping[str, Any]) -> Mapping[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in item.get("Tags") or ()}


def _account_ids(accounts: Sequence[Details]) -> set[str]:
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    found = (parse_arn(str(item["Arn"])).account for key in lists for item in _all(accounts, key))
    return {account for account in found if account != "aws"}


def _levels(control: Mapping[str, Sequence[Mapping[str, object]]], kind: Kind) -> Mapping[str, Levels]:
    return {
        account: tuple(
            tuple(compiled_policy(name, document, kind) for name, document in level.items()) for level in levels
        )
        for account, levels in control.items()
    }
