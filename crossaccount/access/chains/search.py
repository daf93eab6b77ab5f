"""All ways of several hops to a role: a search backwards from it, the easiest first.

A label is a role with the rest of a way: the conditions of the remaining hops, those on the role's session, and what
that session carries. A hop before the label moves the conditions on the session back (``session.moved_back``). A label
is redundant if another label of the role has a part of its conditions and blocks no further role. A few redundant
labels of each role are kept for display; whether a principal reaches the role never depends on them.

No way passes a role twice. A search visits a bounded number of labels; ``Chains.unfinished`` has the roles at which it
stopped.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

from crossaccount.access.chains.edges import Edge, Edges
from crossaccount.access.chains.session import (
    FREE,
    LONGEST_CHAINED,
    MFA,
    SHARED,
    TRANSITIVE,
    HopCondition,
    Moved,
    Sticky,
    is_movable,
    may_carry,
    moved_back,
    present,
)
from crossaccount.access.chains.way import Hop, Way, easiest, flat, requires_no_less
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role, User
from crossaccount.access.evaluation.callers import ExternalPrincipal
from crossaccount.access.evaluation.context import CARRIED_IDENTITY, SET_SOURCE_IDENTITY
from crossaccount.access.evaluation.layers import TAG_SESSION
from crossaccount.access.paths.path import Path, new_tuple
from crossaccount.access.requirements import NEVER, Atom, Requirements, simplify
from crossaccount.access.requirements.assume_parameters import DURATION, SOURCE_IDENTITY, TAG_KEYS, parameters_meeting
from crossaccount.access.requirements.assume_parameters import TAG as REQUEST_TAG
from crossaccount.access.requirements.requirement import Conjunction, Meaning, is_possible
from crossaccount.iam.caching import cached_property
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.request_keys import SETTING_TAGS

MOST_KEPT = 8
"""The number of redundant labels of a role that are followed."""
MOST_LABELS = 50_000
"""The most labels of one search."""


@dataclass(frozen=True, eq=False)
class Label:
    """The rest of a way, from ``node`` to the target.

    ``pending`` are the conditions that the session of ``node`` must meet. ``carries`` are the actions for what that
    session carries on. ``trail`` are the conditions of the hops, each with the number of its hop, counted from the
    target. ``shared`` are the conditions on time and place, simplified. ``others`` counts all other conditions.
    """

    node: Role
    after: Label | None = None
    trail: tuple[tuple[int, HopCondition], ...] = ()
    pending: tuple[HopCondition, ...] = ()
    carries: Sticky = FREE
    shared: Conjunction = ()
    hops: int = 0
    others: int = 0

    @cached_property
    def stops(self) -> tuple[str, ...]:
        """The roles from here to the end."""
        return (self.node.arn, *(self.after.stops if self.after else ()))

    @cached_property
    def visited(self) -> frozenset[str]:
        """The roles from here to the end, as a set."""
        return frozenset(self.stops)

    @cached_property
    def cost(self) -> tuple[int, int]:
        """The number of conditions and of hops."""
        return self.others + len(self.shared), self.hops

    @cached_property
    def is_plain(self) -> bool:
        """Whether the session has no conditions to meet, and carries nothing."""
        return not self.pending and not self.carries

    @cached_property
    def is_free(self) -> bool:
        """Whether this label and all labels after it are plain."""
        return self.is_plain and (self.after is None or self.after.is_free)

    @cached_property
    def demands(self) -> frozenset[Meaning]:
        """The conditions that the session of the node must meet."""
        return frozenset(each.atom.meaning for each in self.pending)

    @cached_property
    def circumstances(self) -> frozenset[Meaning]:
        """The conditions on time and place."""
        return frozenset(atom.meaning for atom in self.shared)

    def requires_no_more(self, other: Label) -> bool:
        """Whether every session that can continue from ``other`` can also continue from this label."""
        if not (self.demands <= other.demands and self.circumstances <= other.circumstances):
            return False
        return self.is_free or self.visited <= other.visited


class Found(NamedTuple):
    """A label with the conditions of the first hop, by a start."""

    label: Label
    trail: tuple[tuple[int, HopCondition], ...]
    shared: Conjunction
    others: int


class Chains:
    """The ways of an estate. It caches the callers of each role.

    With ``keep_ways`` it also keeps the easiest ways to each role, for callers that need all of them more than once.
    ``unfinished`` are the roles with possibly more ways, because their search reached its bound.
    """

    def __init__(self, estate: Estate, *, keep_ways: bool = False) -> None:
        self.estate = estate
        self.edges = Edges(estate)
        self.unfinished: set[str] = set()
        self._last: tuple[tuple[str, str | None], _Search] | None = None
        self._ways: dict[str, list[Way]] | None = {} if keep_ways else None

    def paths_to(self, role_arn: str) -> list[Path]:
        """The paths to one role, as in ``who_can``."""
        role = self.estate.roles.get(role_arn)
        return [] if role is None else self.edges.paths_to(role)

    def direct(self, role_arn: str) -> dict[str, Requirements]:
        """The requirements of each principal that has a path to a role."""
        role = self.estate.roles.get(role_arn)
        return {} if role is None else {edge.caller.arn: edge.alternatives for edge in self.edges.into(role)}

    def paths(self) -> Iterator[Path]:
        """All paths, as in ``paths``."""
        for arn in sorted(self.estate.roles):
            yield from self.edges.paths_to(self.estate.roles[arn])

    def into(self, role_arn: str, only: str | None = None) -> list[Way]:
        """The easiest ways to a role of each principal, sorted by principal; or of ``only`` one principal."""
        if self._ways is not None and only is None and role_arn in self._ways:
            return self._ways[role_arn]
        search = self._search(role_arn, only)
        found = [] if search is None else search.ways()
        if self._ways is not None and only is None:
            self._ways[role_arn] = found
        return found

    def every(self, role_arn: str) -> list[Way]:
        """All ways to a role that the search finds, including those with more conditions than a path of the same
        pair.
        """
        search = self._search(role_arn)
        return [] if search is None else list(search.every())

    def every_alike(self, role_arn: str, wanted: Callable[[str], bool]) -> list[tuple[int, list[Way]]]:
        """All ways as in ``every``, of the starts that are ``wanted``: once for starts with the same ways, as ways of
        the first of them, with their number.
        """
        search = self._search(role_arn)
        return [] if search is None else list(search.every_alike(wanted))

    def _search(self, role_arn: str, only: str | None = None) -> _Search | None:
        """The search for the ways to a role. The last one is cached, because callers ask role by role."""
        role = self.estate.roles.get(role_arn)
        if role is None or not self.edges.has_roles_before(role):
            return None
        if self._last is None or self._last[0] != (role_arn, only):
            self._last = (role_arn, only), _Search(self, role, only)
        return self._last[1]

    def all(self) -> Iterator[Way]:
        """The easiest ways of each pair, sorted by role, then by principal."""
        for arn in sorted(self.estate.roles):
            yield from self.into(arn)

    def of(self, principal_arn: str) -> list[Way]:
        """The easiest ways of one principal, sorted by role."""
        principal = self.estate.principal(principal_arn)
        if principal is not None:
            reached = self.edges.after([principal])
        else:
            first = [role for role in self.estate.roles.values() if self._starts(principal_arn, role)]
            reached = self.edges.after(first)
        return [way for arn in sorted(reached) for way in self.into(arn, principal_arn)]

    def _starts(self, principal: str, role: Role) -> bool:
        every = (*self.edges.into(role), *self.edges.services_into(role))
        return any(edge.caller.arn == principal for edge in every)


class _Search:
    """The search for the ways to one role."""

    def __init__(self, chains: Chains, target: Role, only: str | None) -> None:
        self._edges = chains.edges
        self._target = target
        self._only = only
        self._order = count()
        self._kept: dict[tuple[str, Sticky], list[Label]] = {}
        self._found: dict[str, list[Found]] = {}
        self._callers: dict[str, Principal] = {}
        self._known: dict[tuple[bool, int, tuple[int, ...]], list[tuple[Any, ...]]] = {}
        self._unfinished = chains.unfinished
        self._run()

    def ways(self) -> list[Way]:
        """The easiest ways, sorted by principal."""
        direct = {edge.caller.arn: edge.alternatives for edge in self._edges.into(self._target)}
        found: list[Way] = []
        for start in sorted(self._found):
            found += self._easiest(start, direct.get(start, NEVER))
        return found

    def _easiest(self, start: str, direct: Requirements) -> list[Way]:
        """The easiest ways of a start. Users with the same conditions share the result."""
        same = self._same(start)
        if same is None:
            return easiest(self._ways_of(self._callers[start], direct))
        key = (direct == NEVER, id(direct), same)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = [way[1:] for way in easiest(self._ways_of(self._callers[start], direct))]
        return [new_tuple(Way, (start, *rest)) for rest in known]

    def _same(self, start: str) -> tuple[int, ...] | None:
        """Users for whom this is equal have the same ways; None for starts that share with nobody."""
        return tuple(map(id, self._found[start])) if isinstance(self._callers[start], User) else None

    def every(self) -> Iterator[Way]:
        """All ways, sorted by principal, regardless of paths."""
        for start in sorted(self._found):
            yield from self._ways_of(self._callers[start], NEVER)

    def every_alike(self, wanted: Callable[[str], bool]) -> Iterator[tuple[int, list[Way]]]:
        """As :meth:`Chains.every_alike`, by the first start."""
        alike: dict[Hashable, list[str]] = {}
        for start in sorted(filter(wanted, self._found)):
            alike.setdefault(self._same(start) or start, []).append(start)
        for starts in alike.values():
            yield len(starts), list(self._ways_of(self._callers[starts[0]], NEVER))

    def _run(self) -> None:
        heap: list[tuple[tuple[int, int], int, Label]] = []
        for carries in _subsets(may_carry(self._target)):
            heapq.heappush(heap, ((0, 0), next(self._order), Label(self._target, carries=carries)))
        for _ in range(MOST_LABELS):
            if not heap:
                return
            _, _, label = heapq.heappop(heap)
            if not self._keep(label):
                continue
            own, users = self._edges.into_alike(label.node)
            for edge in own:
                if label.after is not None:
                    self._start(edge, label)
                if isinstance(edge.caller, Role) and edge.caller.arn not in label.visited:
                    for before in self._extended(edge.caller, edge.alternatives, label):
                        heapq.heappush(heap, (before.cost, next(self._order), before))
            if label.after is not None:
                for edge, starts in users:
                    self._start_users(edge, starts, label)
                for edge in self._edges.services_into(label.node):
                    self._start(edge, label)
        if heap:
            self._unfinished.add(self._target.arn)

    def _keep(self, label: Label) -> bool:
        kept = self._kept.setdefault((label.node.arn, label.carries), [])
        if len(kept) >= MOST_KEPT and any(other.requires_no_more(label) for other in kept):
            return False
        kept.append(label)
        return True

    def _start(self, edge: Edge, label: Label) -> None:
        """The ways that begin with this hop."""
        caller = edge.caller
        if caller.arn in label.visited or (self._only and caller.arn != self._only):
            return
        found = tuple(self._first_hops(edge, label))
        if found:
            self._callers[caller.arn] = caller
            self._found.setdefault(caller.arn, []).extend(found)

    def _start_users(self, edge: Edge, users: Sequence[str], label: Label) -> None:
        """The ways of some users that begin with the same hop.

        If the label is plain, no condition moves back to the user, so all users have the ways of the first one.
        """
        if self._only:
            users = [each for each in users if each == self._only]
        if users and not label.is_plain:
            for user in users:
                self._start(edge._replace(caller=self._edges.estate.users[user]), label)
        elif users and (found := tuple(self._first_hops(edge, label))):
            for user in users:
                self._found.setdefault(user, []).extend(found)
                self._callers.setdefault(user, self._edges.estate.users[user])

    def _first_hops(self, edge: Edge, label: Label) -> Iterator[Found]:
        """The ways of a start by its first hop."""
        caller = edge.caller
        least, most = (
            (frozenset(caller.carried_actions), may_carry(caller)) if isinstance(caller, Role) else (FREE, FREE)
        )
        for before in _between(least, most, label.carries):
            for conjunction in self._edges.alternatives(caller, label.node, edge.alternatives, before):
                for moved in self._moved(caller, conjunction, label, before):
                    conditions = _own_session(caller, (*moved.own, *moved.for_actions), moved.inherited, before)
                    hop = None if conditions is None else self._hop(caller, Moved(conditions), label)
                    if hop is not None:
                        yield hop

    def _extended(self, caller: Role, alternatives: Requirements, label: Label) -> Iterator[Label]:
        """The labels of a role from which one hop leads to ``label``."""
        hop = label.hops + 1
        for before in _between(frozenset(caller.carried_actions), may_carry(caller), label.carries):
            for conjunction in self._edges.alternatives(caller, label.node, alternatives, before):
                of_session = tuple(HopCondition(atom, hop) for atom in conjunction if is_movable(atom))
                rest = tuple(atom for atom in conjunction if not is_movable(atom)) if of_session else conjunction
                for moved in self._moved(caller, rest, label, before):
                    left = tuple(each for each in moved.for_actions if not is_movable(each.atom))
                    further = tuple(each for each in moved.for_actions if is_movable(each.atom))
                    found = self._hop(caller, Moved((*moved.own, *left)), label)
                    pending = _consistent((*of_session, *moved.inherited, *further))
                    if found is not None and pending is not None:
                        yield Label(caller, label, found.trail, pending, before, found.shared, hop, found.others)

    def _moved(self, caller: Principal, conjunction: Conjunction, label: Label, before: Sticky) -> Iterable[Moved]:
        """The conditions of a hop. Usually no later hop has conditions on the session, and nothing moves back."""
        hop = label.hops + 1
        if label.is_plain and not before and not any(_is_sticky(atom) for atom in conjunction) and not _sets(caller):
            return (Moved(tuple([HopCondition(atom, hop) for atom in conjunction])),)
        allowing = self._edges.allowing(caller, label.node)
        carries = label.carries
        return moved_back(
            caller, label.node, conjunction, label.pending, allowing, before=before, after=carries, hop=hop
        )

    def _hop(self, caller: Principal, moved: Moved, label: Label) -> Found | None:
        """A hop combined with those after it; None if that is impossible."""
        of_session = isinstance(caller, Role)
        own = [each.atom for each in moved.own if not _is_shared(each.atom, of_session)]
        common = [each.atom for each in moved.own if _is_shared(each.atom, of_session)]
        if own and not _is_possible(tuple(own), chained=caller.is_role):
            return None
        shared = label.shared
        if common:
            together = _together((*shared, *common))
            if together == NEVER:
                return None
            shared = together[0]
        hop = label.hops + 1
        own_trail = {each.atom.meaning: (hop, each) for each in moved.own if each.atom.negation.possible}
        others = label.others + len(own_trail) - len(common)
        return Found(label, (*own_trail.values(), *label.trail), shared, others)

    def _ways_of(self, start: Principal, direct: Requirements) -> Iterator[Way]:
        by_via: dict[tuple[str, ...], list[Found]] = {}
        for found in self._found[start.arn]:
            by_via.setdefault(found.label.stops, []).append(found)
        for stops, every in by_via.items():
            conditions = [_conditions(found, len(stops), start) for found in every]
            less = [each for each in conditions if direct == NEVER or not requires_no_less(flat(each), direct)]
            if alternatives := _least(less, of_session=isinstance(start, Role)):
                yield Way(
                    start.arn,
                    self._target.arn,
                    stops[:-1],
                    alternatives,
                    _longest(alternatives, len(stops)),
                    tuple(_lost(start, self._target, alternatives, every)),
                    tuple(_kept(every)),
                )


def _subsets(carried: Sticky) -> list[Sticky]:
    found: list[Sticky] = [FREE]
    for action in sorted(carried):
        found += [each | {action} for each in found]
    return found


def _between(least: Sticky, most: Sticky, after: Sticky) -> list[Sticky]:
    """What the calling session may carry if the new session carries ``after``: nothing that sticks is lost."""
    if not least <= after:
        return []
    return [least | each for each in _subsets((most & after) - least)]


_STICKY_KEYS = (SOURCE_IDENTITY, TRANSITIVE)


def _is_sticky(atom: Atom) -> bool:
    return atom.is_condition and atom.meaning[1] in _STICKY_KEYS


def _sets(caller: Principal) -> bool:
    return isinstance(caller, ExternalPrincipal) and caller.arn in SETTING_TAGS


def _is_shared(atom: Atom, of_session: bool) -> bool:
    """Whether an atom is on a key that all hops share. All sessions of a way have the same MFA keys."""
    if not atom.is_condition:
        return False
    return atom.meaning[1] in SHARED or (of_session and atom.meaning[1] in MFA)


_ONE_HOUR = Atom("trust", "", "", "NumericLessThanEqualsIfExists", "sts:DurationSeconds", (str(LONGEST_CHAINED),))


@lru_cache(maxsize=16_384)
def _together(conjunction: Conjunction) -> Requirements:
    """A conjunction without what is implied; the same few come again in every search."""
    return simplify((conjunction,))


@lru_cache(maxsize=16_384)
def _is_possible(atoms: Conjunction, *, chained: bool) -> bool:
    """Whether one request can meet all atoms.

    A chained request has a duration of one hour at most. A transitive tag must be passed.
    """
    keys = {atom.meaning[1] for atom in atoms if atom.is_condition}
    if chained and DURATION in keys:
        atoms = (*atoms, _ONE_HOUR)
    for atom in atoms if TRANSITIVE in keys else ():
        if atom.is_condition and atom.meaning[1] == TRANSITIVE and not atom.holds(RequestContext()):
            names = [name for name in atom.values if atom.holds(RequestContext({TRANSITIVE: (name,)}))]
            passed = ([*atoms, present(f"aws:RequestTag/{name}", HopCondition(atom, 0)).atom] for name in names)
            if names and not any(map(is_possible, passed)):
                return False
    return is_possible(atoms)


def _own_session(
    caller: Principal, own: tuple[HopCondition, ...], inherited: tuple[HopCondition, ...], carries: Sticky
) -> tuple[HopCondition, ...] | None:
    """The conditions of a start, given what its own session carries; None if that session cannot meet them.

    The tags of a role are always in its session: a session tag may override a value, but removes none. Which transitive
    tags the session came with is unknown.
    """
    if not isinstance(caller, Role):
        return (*own, *inherited)
    if any(each.atom.is_condition and each.atom.meaning[1] == TRANSITIVE for each in inherited):
        return None
    conditions = (*own, *inherited)
    present_tags = [present(f"aws:PrincipalTag/{tag}", conditions[0]).atom for tag in caller.tags] if conditions else []
    if present_tags and not is_possible([*present_tags, *(each.atom for each in conditions)]):
        return None
    if SET_SOURCE_IDENTITY in carries:
        return conditions
    of_identity = [each for each in conditions if each.atom.is_condition and each.atom.meaning[1] == CARRIED_IDENTITY]
    if not of_identity:
        return conditions
    if not all(each.atom.holds(RequestContext()) for each in of_identity):
        return None
    return tuple(each for each in conditions if each not in of_identity)


def _consistent(pending: tuple[HopCondition, ...]) -> tuple[HopCondition, ...] | None:
    """The conditions on one session without duplicates; None if no session meets them all."""
    found = {each.atom.meaning: each for each in pending}
    if len(found) > 1 and not is_possible([each.atom for each in found.values()]):
        return None
    return tuple(found.values())


def _conditions(found: Found, hops: int, start: Principal) -> tuple[Hop, ...]:
    """The conditions of a way by hop, counted from the start. A shared condition is listed once, at the first hop that
    has it.
    """
    left = {atom.meaning for atom in found.shared}
    conditions = []
    for hop, condition in found.trail:
        number, atom = hops - hop + 1, condition.atom
        if _is_shared(atom, number > 1 or isinstance(start, Role)):
            if atom.meaning not in left:
                continue
            left.remove(atom.meaning)
        conditions.append(Hop(number, atom, hops - condition.by + 1))
    return tuple(sorted(conditions, key=lambda each: (each.number, each.atom.meaning)))


def _least(conditions: Iterable[tuple[Hop, ...]], *, of_session: bool) -> tuple[tuple[Hop, ...], ...]:
    """The alternatives that do not have more conditions than another one, the easiest first."""
    kept: list[tuple[tuple[Hop, ...], frozenset[tuple[int, Meaning]]]] = []
    for each in sorted(conditions, key=lambda each: (len(each), [(hop.number, hop.atom.meaning) for hop in each])):
        # What all hops share is the same condition, whichever hop has it first.
        meanings = frozenset(
            (0 if _is_shared(hop.atom, hop.number > 1 or of_session) else hop.number, hop.atom.meaning) for hop in each
        )
        if not any(other <= meanings for _, other in kept):
            kept.append((each, meanings))
    return tuple(each for each, _ in kept)


def _longest(alternatives: tuple[tuple[Hop, ...], ...], hops: int) -> int:
    """The longest that the last session may be."""
    last = tuple(tuple(each.atom for each in conditions if each.number == hops) for conditions in alternatives)
    if not any(atom.is_condition and atom.meaning[1] == DURATION for conjunction in last for atom in conjunction):
        return LONGEST_CHAINED
    seconds = [each.duration or LONGEST_CHAINED for each in parameters_meeting(last, "session", LONGEST_CHAINED)]
    return max(seconds, default=LONGEST_CHAINED)


def _lost(
    start: Principal, target: Role, alternatives: tuple[tuple[Hop, ...], ...], every: Iterable[Found]
) -> Iterator[str]:
    outside = isinstance(start, ExternalPrincipal) and not start.provider
    if isinstance(start, User) or outside:
        yield "mfa"
    easiest_one = alternatives[0]
    passed = any(
        hop.atom.is_condition and hop.atom.meaning[1].startswith((REQUEST_TAG, TAG_KEYS)) for hop in easiest_one
    )
    if passed and not any(TAG_SESSION in found.label.carries for found in every):
        yield "session-tags"
    if (target.max_session_duration or 0) > LONGEST_CHAINED:
        yield "session-duration"


def _kept(every: Iterable[Found]) -> Iterator[str]:
    carried = frozenset.intersection(*(found.label.carries for found in every))
    if SET_SOURCE_IDENTITY in carried:
        yield "source-identity"
    if TAG_SESSION in carried:
        yield "transitive-tags"
