"""Compares two estates: which entities differ, the resulting changes, and which changes cover others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeVar

from crossaccount.access.chains import Chains
from crossaccount.access.diff.change import AccessDiff, Change
from crossaccount.access.diff.circumstances import TestedAttributes, control_changes, session_changes
from crossaccount.access.diff.credentials import credential_changes
from crossaccount.access.diff.paths import Touched, path_changes
from crossaccount.access.diff.permissions import permission_changes
from crossaccount.access.diff.reach import reach_changes, with_reach
from crossaccount.access.diff.times import FromThenOn
from crossaccount.access.diff.trusts import trust_changes
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Policy, Principal, Role
from crossaccount.access.evaluation.callers import ASSUMING
from crossaccount.iam.validation import is_unique_id

P = TypeVar("P", bound=Principal)
Pairs = list[tuple[P | None, P | None]]

_ASSUMING = frozenset(map(str.lower, ASSUMING))


def diff(before: Estate, after: Estate) -> AccessDiff:
    """The access diff of two estates: ``diff(a, a)`` is neutral, ``diff(b, a)`` is the reverse of ``diff(a, b)``."""
    before, after = _equally_placed(before, after)
    same = _Same()
    users = [pair for pair in _pairs(before.users, after.users) if not same.principals(*pair)]
    roles = [pair for pair in _pairs(before.roles, after.roles) if not same.roles(*pair)]
    then = FromThenOn(min(before.since, after.since) if before.since and after.since else None)
    controls = list(control_changes(then.controls(before), then.controls(after)))
    touched = Touched(
        frozenset(_arn(pair) for pair in (*users, *(each for each in roles if not same.principals(*each)))),
        frozenset(_arn(pair) for pair in roles),
        everything=bool(controls) or before.accounts != after.accounts or before.members != after.members,
    )
    old, new = Chains(before), Chains(after)
    found_paths = list(path_changes(old, new, touched))
    bearers = {"permission-gained": _unique_ids(after), "permission-lost": _unique_ids(before)}
    tested = _of_tested_attributes([*users, *roles], before, after)
    dated_users = [(then.principal(one), then.principal(other)) for one, other in users]
    dated_roles = [(then.principal(one), then.principal(other)) for one, other in roles]
    others = [
        *_of_principals(dated_users),
        *_of_principals(dated_roles),
        *_of_roles(dated_roles, bearers),
        *tested,
    ]
    left = _Explained(found_paths)
    kept = (change for change in others if not left.covers(change))
    reach = reach_changes(old, new, found_paths, touched.roles)
    with_ends = with_reach(found_paths, reach)
    return AccessDiff.of([*with_ends, *controls, *credential_changes(before, after), *kept], reach)


def _equally_placed(before: Estate, after: Estate) -> tuple[Estate, Estate]:
    """Both estates, each with the organisation that only one of them describes.

    That an account's organisation becomes known is no change of access. Control policies are a change.
    """
    if (before.members is None) == (after.members is None):
        return before, after
    if before.members is None and after.members is not None:
        return before.placed(after.members), after
    assert before.members is not None, "one of the two has members"
    return before, after.placed(before.members)


def _pairs(before: Mapping[str, P], after: Mapping[str, P]) -> Pairs[P]:
    return [(before.get(arn), after.get(arn)) for arn in {**before, **after}]


def _arn(pair: tuple[Principal | None, Principal | None]) -> str:
    principal = pair[1] or pair[0]
    assert principal is not None, "a pair has one of the two at least"
    return principal.arn


def _of_principals(pairs: Iterable[tuple[Principal | None, Principal | None]]) -> Iterator[Change]:
    for before, after in pairs:
        yield from permission_changes(before, after)


def _of_roles(
    pairs: Iterable[tuple[Role | None, Role | None]], bearers: Mapping[str, Collection[str | None]]
) -> Iterator[Change]:
    """``bearers``: by kind of change, the unique IDs of all principals at that time; an unknown ID is empty."""
    for before, after in pairs:
        for change in trust_changes(before, after):
            # AWS shows a unique ID if its principal is deleted; the loss is a change of that principal.
            named, known = change.principal, bearers.get(change.kind, ())
            if named is None or not is_unique_id(named) or named in known or not all(known):
                yield change
        yield from session_changes(before, after)


def _unique_ids(estate: Estate) -> set[str | None]:
    return {each.unique_id for each in (*estate.users.values(), *estate.roles.values())}


def _of_tested_attributes(
    pairs: Iterable[tuple[Principal | None, Principal | None]], before: Estate, after: Estate
) -> Iterator[Change]:
    tested = TestedAttributes(before, after)
    for one, other in pairs:
        if one is not None and other is not None:
            yield from tested.changes(one, other)


class _Same:
    """Whether two entities are equal. Comparisons of policies are cached."""

    def __init__(self) -> None:
        self._policies: dict[tuple[int, int], bool] = {}

    def principals(self, one: Principal | None, other: Principal | None) -> bool:
        """As callers: policies, boundary, tags and unique ID."""
        if one is None or other is None:
            return one is other
        if one is other:
            return True
        return (
            one.tags == other.tags
            and one.unique_id == other.unique_id
            and self._all(one.policies, other.policies)
            and self._all(_boundary(one), _boundary(other))
        )

    def roles(self, one: Role | None, other: Role | None) -> bool:
        """As callers and as what is assumed."""
        if one is None or other is None or not self.principals(one, other):
            return one is other
        return self._policy(one.trust, other.trust) and one.max_session_duration == other.max_session_duration

    def _all(self, one: tuple[Policy, ...], other: tuple[Policy, ...]) -> bool:
        return len(one) == len(other) and all(map(self._policy, one, other))

    def _policy(self, one: Policy, other: Policy) -> bool:
        key = (id(one), id(other))
        if key not in self._policies:
            self._policies[key] = one is other or one == other
        return self._policies[key]


def _boundary(principal: Principal) -> tuple[Policy, ...]:
    return (principal.boundary,) if principal.boundary is not None else ()


class _Explained:
    """The changes of paths, which already show a changed grant or trust."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self._ends: dict[tuple[str, str], set[str]] = {}
        for change in changes:
            self._ends.setdefault((change.direction, change.role or ""), set()).add(change.principal or "")

    def covers(self, change: Change) -> bool:
        """Whether a path of the same pair changes in the same direction."""
        if not change.actions or not {action.lower() for action in change.actions} <= _ASSUMING:
            return False
        if change.principal is not None and change.role is not None:
            return self._trusted(change.principal, self._ends.get((change.direction, change.role), set()))
        holder = change.principal or change.role
        return all(holder in self._ends.get((change.direction, role), set()) for role in change.resources)

    def _trusted(self, entry: str, principals: set[str]) -> bool:
        if entry == "*" or entry in principals:
            return bool(principals)
        members = entry.removesuffix(":root") + ":" if entry.endswith(":root") else ""
        return any(members and principal.startswith(members) for principal in principals)
