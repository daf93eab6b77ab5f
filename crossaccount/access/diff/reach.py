"""The ways through other roles that a change opens or closes, end to end.

Only roles beyond changed paths or roles are examined. Such a way is not a separate change and not part of the verdict,
because it consists of paths, whose changes are shown. A way is left out if its principal already reached the role under
the same or weaker conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from crossaccount.access.chains import Chains, Way
from crossaccount.access.chains.way import Conditions, Hop, flat, requires_no_less
from crossaccount.access.diff.change import Alternatives, Change, Reach
from crossaccount.access.requirements import Requirements
from crossaccount.iam.names import counted

Pair = tuple[str, str]


def reach_changes(before: Chains, after: Chains, changes: Iterable[Change], roles: Iterable[str]) -> tuple[Reach, ...]:
    """The ways that changes of paths, and of ``roles`` (ARNs), open and close, by principal and role."""
    ends = {change.role for change in changes if change.is_path and change.role} | set(roles)
    if not ends:
        return ()
    old, new = _Side(before, ends), _Side(after, ends)
    found = []
    for pair in sorted({*old.ways, *new.ways}):
        known = old.requirements(pair)
        opened = [way for way in new.ways.get(pair, []) if not all(_is_known(each, known) for each in way.alternatives)]
        if opened:
            found.append(Reach(*pair, opened[0].via, old.alternatives(pair), opened[0].alternatives))
        elif pair in old.ways and new.alternatives(pair) is None:
            gone = old.ways[pair][0]
            found.append(Reach(*pair, gone.via, gone.alternatives, None))
    return tuple(found)


def _is_known(conditions: Conditions, before: Requirements) -> bool:
    """Whether the principal could already reach the role with these conditions, possibly on another way."""
    return bool(before) and requires_no_less(flat(conditions), before)


class _Side:
    """The ways of one estate to the roles beyond given ones, with the conditions of the easiest way of each pair."""

    def __init__(self, chains: Chains, ends: Iterable[str]) -> None:
        self._chains, roles = chains, chains.estate.roles
        known = [roles[arn] for arn in ends if arn in roles]
        beyond = {role.arn for role in known} | self._chains.edges.after(known)
        self.ways: dict[Pair, list[Way]] = {}
        for arn in sorted(beyond):
            for way in self._chains.into(arn):
                self.ways.setdefault((way.principal, way.role), []).append(way)
        self._paths: dict[str, Mapping[str, Requirements]] = {}

    def requirements(self, pair: Pair) -> Requirements:
        """The conditions of all paths and ways of a pair, without their hops."""
        direct = self.alternatives(pair) or ()
        ways = [each for way in self.ways.get(pair, []) for each in way.alternatives]
        return tuple(flat(conditions) for conditions in (*direct, *ways))

    def alternatives(self, pair: Pair) -> Alternatives | None:
        """The conditions of a pair's direct path, or else of its easiest way; None if it has neither."""
        principal, role = pair
        if role not in self._paths:
            self._paths[role] = self._chains.direct(role)
        direct = self._paths[role].get(principal)
        if direct is not None:
            return tuple(tuple(Hop(1, atom, 1) for atom in conjunction) for conjunction in direct)
        return self.ways[pair][0].alternatives if pair in self.ways else None


def with_reach(changes: Sequence[Change], reach: Sequence[Reach]) -> list[Change]:
    """The changes. Each ``why`` names the ways that the change opens or closes."""
    return [_with_reach(change, reach) if change.is_path else change for change in changes]


def _with_reach(change: Change, reach: Sequence[Reach]) -> Change:
    opens = change.direction == "broadening"
    through = [each for each in reach if each.opens == opens and each.goes_through(change)]
    if not through:
        return change
    principals, roles = {each.principal for each in through}, {each.role for each in through}
    verb = "now" if opens else "no longer"
    among = f"{_name(through[0].principal)} → {_name(through[0].role)}"
    text = (
        f"through it {counted(len(principals), 'principal')} {verb} {_verb(principals)} {counted(len(roles), 'role')}"
    )
    return replace(change, why="; ".join(filter(None, (change.why, f"{text}, among them {among}"))))


def _verb(principals: set[str]) -> str:
    return "reaches" if len(principals) == 1 else "reach"


def _name(arn: str) -> str:
    return arn.split(":", 5)[5] if arn.count(":") >= 5 else arn
