"""What an ``up`` makes of an account, as far as others may name it: which ARNs come and go, and who names which."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
TRUST = "AssumeRolePolicyDocument"
GRANTS = ("UserPolicyList", "GroupPolicyList", "RolePolicyList", "PolicyVersionList")


@dataclass(frozen=True)
class Account:
    """The ARNs that an account has, and which others its users, groups, roles and policies name, by their own."""

    has: frozenset[str] = frozenset()
    trusts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By role: what its trust policy names."""
    grants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By entity: what its permission policies name."""

    @property
    def names(self) -> frozenset[str]:
        """Everything that is named anywhere."""
        return frozenset().union(*self.trusts.values(), *self.grants.values())


@dataclass(frozen=True)
class Transition:
    """One stack's account as it is and as it will be."""

    before: Account = field(default_factory=Account)
    after: Account = field(default_factory=Account)

    @property
    def going(self) -> frozenset[str]:
        """The ARNs that disappear and leave their name free. One that only moves to another path is made in one go."""
        kept = {_kind_and_name(arn) for arn in self.after.has}
        return frozenset(arn for arn in self.before.has - self.after.has if _kind_and_name(arn) not in kept)

    @property
    def coming(self) -> frozenset[str]:
        """The ARNs that are new."""
        return self.after.has - self.before.has


def account_of(details: Mapping[str, Any]) -> Account:
    """What a description in the shape of ``GetAccountAuthorizationDetails`` has and names."""
    entities = _entities(details)
    trusts = {arn: _arns(entity.get(TRUST)) for arn, entity in entities.items()}
    grants = {arn: _arns([entity.get(key) for key in GRANTS]) for arn, entity in entities.items()}
    return Account(frozenset(entities), trusts, grants)


def transitions(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> dict[str, Transition]:
    """By stack: its account's descriptions before and after as a transition. None at all where nothing goes."""
    if not any(_entities(details).keys() - _entities(after[stack]).keys() for stack, details in before.items()):
        return {}
    return {stack: Transition(account_of(details), account_of(after[stack])) for stack, details in before.items()}


def urns_of(arns: Collection[str], state: Mapping[str, Any]) -> tuple[str, ...]:
    """The URNs of the entities with these ARNs in a stack's state, and of everything that belongs to them."""
    resources = state.get("resources") or ()
    found = {each["urn"] for each in resources if (each.get("outputs") or {}).get("arn") in set(arns)}
    size = -1
    while len(found) != size:
        size = len(found)
        found |= {each["urn"] for each in resources if each.get("parent") in found}
    return tuple(each["urn"] for each in resources if each["urn"] in found)


def _kind_and_name(arn: str) -> tuple[str, str]:
    resource = arn.split(":", 5)[5]
    return resource.partition("/")[0], resource.rpartition("/")[2]


def _entities(details: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(entity["Arn"]): entity for key in LISTS for entity in details.get(key) or ()}


def _arns(documents: Any) -> frozenset[str]:
    return frozenset(text for text in _texts(documents) if text.startswith("arn:") and ":iam::" in text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)
