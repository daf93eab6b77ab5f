"""Who reaches what, and who holds what: the two indexes that closure asks, each built in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from crossaccount.access.estate.policies import Details
from crossaccount.access.verdict import Decision
from crossaccount.iam.arn import parse_arn


class PathLike(Protocol):
    """What closure needs of a path."""

    @property
    def principal(self) -> str:
        """Who gets in: a user, a role, or an account, organisation or provider."""

    @property
    def role(self) -> str:
        """Where."""

    @property
    def trust(self) -> tuple[Decision, ...]:
        """By which statements of the trust."""


@dataclass(frozen=True)
class Reach:
    """All paths of an estate, indexed. ``trusts`` are role and statement label of every trust that lets somebody in."""

    pairs: frozenset[tuple[str, str]]
    by_role: Mapping[str, tuple[str, ...]]
    trusts: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, paths: Iterable[PathLike]) -> Reach:
        """The index of these paths."""
        pairs: set[tuple[str, str]] = set()
        by_role: dict[str, list[str]] = {}
        trusts: set[tuple[str, str]] = set()
        for path in paths:
            pairs.add((path.principal, path.role))
            by_role.setdefault(path.role, []).append(path.principal)
            trusts.update((path.role, decision.statement) for decision in path.trust)
        return cls(frozenset(pairs), {role: tuple(found) for role, found in by_role.items()}, frozenset(trusts))


class Holders:
    """Which users and roles hold a document: by the ARN of its owner and, for inline policies, its name."""

    def __init__(self, details: Iterable[Details]) -> None:
        self._members: dict[str, list[str]] = {}
        self._attached: dict[str, list[str]] = {}
        for account in details:
            self._add(account)

    def of(self, owner: str) -> tuple[str, ...]:
        """The users and roles to whom a document of ``owner`` (an entity, or a managed policy) applies, by ARN."""
        kind = parse_arn(owner).kind
        if kind == "group":
            return tuple(sorted(self._members.get(owner, ())))
        if kind != "policy":
            return (owner,)
        holders = (holder for entity in self._attached.get(owner, ()) for holder in self.of(entity))
        return tuple(sorted(set(holders)))

    def _add(self, account: Details) -> None:
        groups = {str(group["GroupName"]): str(group["Arn"]) for group in account.get("GroupDetailList") or ()}
        for user in account.get("UserDetailList") or ():
            self._attach(user)
            for name in user.get("GroupList") or ():
                if str(name) in groups:
                    self._members.setdefault(groups[str(name)], []).append(str(user["Arn"]))
        for name in ("GroupDetailList", "RoleDetailList"):
            for entity in account.get(name) or ():
                self._attach(entity)

    def _attach(self, entity: Mapping[str, Any]) -> None:
        for policy in entity.get("AttachedManagedPolicies") or ():
            self._attached.setdefault(str(policy["PolicyArn"]), []).append(str(entity["Arn"]))


@dataclass(frozen=True)
class RoleIndex:
    """The roles of an estate by account."""

    by_account: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, roles: Iterable[str]) -> RoleIndex:
        """The index of these ARNs."""
        found: dict[str, list[str]] = {}
        for arn in roles:
            found.setdefault(parse_arn(arn).account, []).append(arn)
        return cls({account: tuple(arns) for account, arns in found.items()})

    def of_account(self, account: str) -> tuple[str, ...]:
        """The roles of one account."""
        return self.by_account.get(account, ())


def listed(names: Iterable[str], most: int = 3) -> str:
    """The first names, and how many more there are."""
    found = list(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more
