"""The estate: the IAM of a set of accounts and their organisations, as AWS itself describes them, ready to be asked.

Reads the JSON of ``aws iam get-account-authorization-details`` (one mapping per account; documents may be mappings or
URL-encoded JSON text). All keys but ``Arn``, the name and a role's trust document are optional; what is absent is left
out, never made up. Refuses to be an authority on what it was not given: entities of other accounts are unknown.

In an organisation every level from the root down to the account itself has to allow, and any of them may deny. The
management account is under none. ``RCPFullAWSAccess`` is at every level once resource control policies are in use:
nobody can detach it.

Sources: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html and, of
https://docs.aws.amazon.com/organizations/latest/userguide/: orgs_manage_policies_scps_evaluation.html,
orgs_manage_policies_rcps_evaluation.html, orgs_manage_policies_scps.html ("Tasks and entities not restricted by SCPs"),
orgs_manage_policies_rcps.html ("Resources and entities not restricted by RCPs").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from crossaccount.access.estate.credentials import credentials_of
from crossaccount.access.estate.entities import Members, Membership, Policy, Principal, Role, User
from crossaccount.access.estate.policies import Details, Policies, compiled_policy
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.caching import cached_property, made
from crossaccount.iam.compiled import Kind
from crossaccount.iam.organizations import RESOURCE_CONTROL, SERVICE_CONTROL, levels_of

_FULL_ACCESS = Policy(
    "RCPFullAWSAccess",
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
    },
    "resource-control",
)

Levels = tuple[tuple[Policy, ...], ...]
"""An account's control policies by level (root, organisational units, account): every level has to allow."""


@dataclass(frozen=True)
class Organization:
    """``members`` are all its accounts, by ID; the control policies, by account ID, are those of its members."""

    id: str
    members: Mapping[str, Membership] = field(default_factory=dict)
    service_control: Mapping[str, Levels] = field(default_factory=dict)
    resource_control: Mapping[str, Levels] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Organization:
        """The organisation of AWS's own answers put together.

        ``Organization`` of DescribeOrganization, ``Accounts`` of ListAccounts, ``Policies``: each the ``Policy`` of
        DescribePolicy with the ``Targets`` of ListTargetsForPolicy.
        """
        paths = {str(account["Id"]): str(account["Paths"][0]) for account in data["Accounts"]}
        organization, management = str(data["Organization"]["Id"]), str(data["Organization"]["MasterAccountId"])
        ruled = {key: path for key, path in paths.items() if key != management}
        # The management account is a member, listed or not; where it is not listed, only its path is unknown.
        members = {management: Membership(organization)}
        members |= {key: Membership(path.split("/")[0], _of_parent(path)) for key, path in paths.items()}
        services = _attached(data["Policies"], SERVICE_CONTROL, "permissions")
        resources = _attached(data["Policies"], RESOURCE_CONTROL, "resource-control")
        return cls(
            organization,
            members,
            {key: _levels_of_path(path, services) for key, path in ruled.items()} if services else {},
            {key: _with_full_access(_levels_of_path(path, resources)) for key, path in ruled.items()}
            if resources
            else {},
        )


def _of_parent(path: str) -> str:
    """What ``aws:PrincipalOrgPaths`` says: the path without the account."""
    return path.rstrip("/").rpartition("/")[0] + "/"


def _attached(policies: Iterable[Mapping[str, Any]], of_type: str, kind: Kind) -> Mapping[str, tuple[Policy, ...]]:
    """The policies of a type by what they are attached to; nothing where the organisation does not use the type."""
    found: dict[str, tuple[Policy, ...]] = {}
    for target, policy in _attachments(policies, of_type, kind):
        found[target] = (*found.get(target, ()), policy)
    return found


def _attachments(policies: Iterable[Mapping[str, Any]], of_type: str, kind: Kind) -> Iterator[tuple[str, Policy]]:
    for item in policies:
        summary = item["PolicySummary"]
        if summary["Type"] == of_type:
            policy = Policy(str(summary.get("Name") or summary["Id"]), item["Content"], kind)
            yield from ((str(target["TargetId"]), policy) for target in item["Targets"])


def _levels_of_path(path: str, attached: Mapping[str, tuple[Policy, ...]]) -> Levels:
    return tuple(attached.get(level, ()) for level in levels_of(path))


def _with_full_access(levels: Levels) -> Levels:
    return tuple(
        level if any(policy.name == _FULL_ACCESS.name for policy in level) else (_FULL_ACCESS, *level)
        for level in levels
    )


Groups = Mapping[tuple[str, str], tuple[Policy, ...]]
"""The policies of each group, by account ID and name."""


@dataclass(frozen=True)
class Estate:
    """Users and roles by ARN.

    ``accounts`` are the IDs of the accounts that the sources describe. ``declared`` are those of which only the
    declarations of stacks are known: they may contain more.

    ``service_control`` and ``resource_control`` hold the SCPs and RCPs by account ID; an account without an entry is
    under none. ``groups`` are the policies of groups, which are among their users' own as well. ``members`` are the
    accounts of all organisations that the sources describe, None where they describe none. ``since`` is the moment from
    which on requests are looked at; None where they may be of any time.
    """

    users: Mapping[str, User] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    accounts: frozenset[str] = frozenset()
    service_control: Mapping[str, Levels] = field(default_factory=dict)
    resource_control: Mapping[str, Levels] = field(default_factory=dict)
    groups: Groups = field(default_factory=dict)
    members: Members | None = None
    since: datetime | None = None
    declared: frozenset[str] = frozenset()

    @classmethod
    def from_details(
        cls,
        details: Iterable[Details],
        *,
        organizations: Iterable[Organization] = (),
        accounts: Iterable[str] = (),
        declared: Iterable[str] = (),
        service_control: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
        resource_control: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
        since: datetime | None = None,
    ) -> Estate:
        """The estate of these accounts, whose members are in one of the organisations or in none of them.

        ``accounts`` are IDs of accounts that are described as well, although their details name no entity; ``declared``
        are those of accounts that are described as far as stacks declare them. Control policies beside those of the
        organisations: by account ID, one mapping of name to document per level.
        """
        described = list(details)
        above = list(organizations)
        members = Members({key: value for each in above for key, value in each.members.items()}) if above else None
        policies = Policies(described)
        groups = _groups(described, policies)
        users = [_user(item, groups, policies, members) for item in _all(described, "UserDetailList")]
        roles = [_role(item, policies, members) for item in _all(described, "RoleDetailList")]
        services = {key: value for each in above for key, value in each.service_control.items()}
        resources = {key: value for each in above for key, value in each.resource_control.items()}
        return cls(
            users={user.arn: user for user in users},
            groups=groups,
            roles={role.arn: role for role in roles},
            accounts=frozenset(_account_ids(described) | set(accounts)),
            service_control={**services, **_levels(service_control or {}, "permissions")},
            resource_control={**resources, **_levels(resource_control or {}, "resource-control")},
            members=members,
            since=since,
            declared=frozenset(declared),
        )

    @cached_property
    def whole(self) -> frozenset[str]:
        """The IDs of the accounts that the sources describe completely."""
        return self.accounts - self.declared

    def placed(self, members: Members) -> Estate:
        """The same estate with ``members`` of organisations. No control policies are added."""
        return replace(
            self,
            members=members,
            users={arn: replace(each, membership=members.of(each.account)) for arn, each in self.users.items()},
            roles={arn: replace(each, membership=members.of(each.account)) for arn, each in self.roles.items()},
        )

    def principal(self, arn: str) -> Principal | None:
        """The user or role with this ARN."""
        return self.users.get(arn) or self.roles.get(arn)

    def describes(self, organization: str) -> bool:
        """Whether the sources describe an organisation and all of its accounts, so that nobody of it is outside."""
        return organization in self._described

    def membership(self, account: str) -> Membership | None:
        """Where an account is, also one of no source; None where no source describes an organisation."""
        return _membership(self.members, account)

    @cached_property
    def _described(self) -> frozenset[str]:
        members = self.members or Members()
        listed = [(account, each) for account, each in members.items() if each.path or account in self.accounts]
        lacking = {each.organization for account, each in listed if account not in self.accounts}
        return frozenset({each.organization for each in members.values()} - lacking)


def _membership(members: Members | None, account: str) -> Membership | None:
    """That of an account, which may be in none of the organisations; None where nobody describes any."""
    return None if members is None else members.of(account)


def _all(accounts: Iterable[Details], key: str) -> list[Mapping[str, Any]]:
    return [item for account in accounts for item in account.get(key) or ()]


def _groups(accounts: Iterable[Details], known: Policies) -> Groups:
    items = _all(accounts, "GroupDetailList")
    return {
        (_account_of(str(item["Arn"])), str(item["GroupName"])): _policies(item, "GroupPolicyList", known)
        for item in items
    }


def _user(item: Mapping[str, Any], groups: Groups, known: Policies, members: Members | None) -> User:
    account = _account_of(str(item["Arn"]))
    names = tuple(str(name) for name in item.get("GroupList") or ())
    policies = _policies(item, "UserPolicyList", known)
    for name in names:
        policies += groups.get((account, name), (Policy(f"group {name}", missing="the group is in no source"),))
    return made(
        User,
        arn=str(item["Arn"]),
        unique_id=str(item.get("UserId") or ""),
        tags=_tags(item),
        policies=policies,
        boundary=known.boundary(item),
        membership=_membership(members, account),
        groups=names,
        credentials=credentials_of(item),
    )


def _role(item: Mapping[str, Any], known: Policies, members: Members | None) -> Role:
    return made(
        Role,
        arn=str(item["Arn"]),
        unique_id=str(item.get("RoleId") or ""),
        tags=_tags(item),
        policies=_policies(item, "RolePolicyList", known),
        boundary=known.boundary(item),
        membership=None if members is None else members.of(_account_of(str(item["Arn"]))),
        trust=known.trust(item.get("AssumeRolePolicyDocument")),
        max_session_duration=item.get("MaxSessionDuration"),
    )


def _policies(item: Mapping[str, Any], inline: str, known: Policies) -> tuple[Policy, ...]:
    return known.inline(item.get(inline)) + known.attached(item.get("AttachedManagedPolicies"))


def _tags(item: Mapping[str, Any]) -> Mapping[str, str]:
    tags = item.get("Tags")
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags} if tags else {}


def _account_ids(accounts: Sequence[Details]) -> set[str]:
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    found = {_account_of(str(item["Arn"])) for key in lists for item in _all(accounts, key)}
    return found - {"aws"}


def _account_of(arn: str) -> str:
    """As ``parse_arn`` says it, which it takes longer for; it refuses what is no ARN."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else parse_arn(arn).account


def _levels(control: Mapping[str, Sequence[Mapping[str, object]]], kind: Kind) -> Mapping[str, Levels]:
    return {
        account: tuple(
            tuple(compiled_policy(name, document, kind) for name, document in level.items()) for level in levels
        )
        for account, levels in control.items()
    }
