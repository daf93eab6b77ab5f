"""A way of several hops: its principal, its roles, the conditions of each hop, and what is kept and lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

from crossaccount.access.chains.session import LONGEST_CHAINED
from crossaccount.access.paths.path import IF_GRANTED
from crossaccount.access.requirements import ALWAYS, Atom, Requirements, implies
from crossaccount.access.requirements.words import UNCONDITIONAL, in_words

MOST_WAYS = 3
"""The most ways of a pair that are shown, the easiest first."""


class Hop(NamedTuple):
    """One condition of a way: the hop that must meet it, and the hop that requires it, from 1.

    The two differ if a hop must pass what a later one requires, such as a session tag.
    """

    number: int
    atom: Atom
    required_by: int

    def to_json(self) -> dict[str, Any]:
        """As in ``paths``, with ``hop``; with ``asked_by`` if a later hop requires it."""
        later = {"asked_by": self.required_by} if self.required_by != self.number else {}
        return {**self.atom.to_json(), "hop": self.number, **later}


Conditions = tuple[Hop, ...]


class Way(NamedTuple):
    """One way of ``principal`` to ``role``, through the roles ``via``. ``alternatives`` is an OR of ANDs.

    ``session_seconds`` is the longest that the last session can be. ``lost`` is what a later session no longer has:
    ``mfa``, ``session-tags``; ``session-duration`` if the role would allow a longer session. ``kept`` is what sticks:
    ``source-identity``, ``transitive-tags``. ``more`` counts the pair's ways that are not shown.
    """

    principal: str
    role: str
    via: tuple[str, ...]
    alternatives: tuple[Conditions, ...]
    session_seconds: int = LONGEST_CHAINED
    lost: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    more: int = 0

    @property
    def stops(self) -> tuple[str, ...]:
        """All principals on the way, from the first to the role."""
        return (self.principal, *self.via, self.role)

    @property
    def ease(self) -> tuple[int, int, tuple[str, ...]]:
        """The sort key of ways: the fewest conditions, then the fewest hops."""
        return min(map(len, self.alternatives)), len(self.via), self.via

    @property
    def is_unconditional(self) -> bool:
        """Whether an alternative has no conditions."""
        return () in self.alternatives

    def to_json(self) -> dict[str, Any]:
        """A way in the commands' JSON."""
        return {
            "principal": self.principal,
            "role": self.role,
            "via": list(self.via),
            "alternatives": [[each.to_json() for each in conditions] for conditions in self.alternatives],
            "session_seconds": self.session_seconds,
            "lost": list(self.lost),
            "kept": list(self.kept),
            "more": self.more,
        }

    def in_words(self) -> str:
        """The conditions of all hops, as one line."""
        return alternatives_in_words(self.alternatives)

    def hops_in_words(self, *, granted: bool = True) -> list[str]:
        """The conditions of the easiest alternative, one line for each hop; ``granted`` as in ``path_in_words``."""
        easiest = min(self.alternatives, key=len)
        hops = range(1, len(self.via) + 2)
        found = [
            _hop_in_words(tuple([each for each in easiest if each.number == hop])) or UNCONDITIONAL for hop in hops
        ]
        if not granted:
            found[0] = IF_GRANTED if found[0] == UNCONDITIONAL else f"{found[0]}, {IF_GRANTED}"
        return found


def flat(conditions: Conditions) -> tuple[Atom, ...]:
    """The conditions without their hops."""
    return tuple(each.atom for each in conditions)


def alternatives_in_words(alternatives: Iterable[Conditions]) -> str:
    """The conditions of a way, hop by hop, as one line."""
    return "; or ".join(_conditions_in_words(each) for each in alternatives)


def _conditions_in_words(conditions: Conditions) -> str:
    parts = []
    for number, found in groupby(sorted(conditions, key=lambda each: each.number), key=lambda each: each.number):
        parts.append(f"hop {number}: {_hop_in_words(tuple(found))}")
    return ", ".join(parts) or UNCONDITIONAL


@lru_cache(maxsize=16_384)
def _hop_in_words(conditions: Conditions) -> str:
    own = tuple(each.atom for each in conditions if each.required_by == each.number)
    parts = [in_words((own,))] if own else []
    for hop in sorted({each.required_by for each in conditions if each.required_by != each.number}):
        passed = tuple(each.atom for each in conditions if each.required_by == hop)
        parts.append(f"{in_words((passed,))} (for hop {hop})")
    return ", ".join(parts)


LOST_IN_WORDS = {
    "mfa": "MFA is gone after the first hop",
    "session-tags": "session tags that are passed are gone after the next hop",
    "session-duration": "the session lasts one hour at most, as every chained one",
}
KEPT_IN_WORDS = {
    "source-identity": "the source identity stays, and every later hop must allow sts:SetSourceIdentity",
    "transitive-tags": "transitive tags stay, and every later hop must allow sts:TagSession",
}


def notes_in_words(way: Way) -> list[str]:
    """What is kept and what is lost on a way."""
    return [KEPT_IN_WORDS[each] for each in way.kept] + [LOST_IN_WORDS[each] for each in way.lost]


def requires_no_less(way: Sequence[Atom], direct: Requirements) -> bool:
    """Whether a way has all the conditions of an alternative of the direct path, or more."""
    return any(all(any(_requires(one, other) for one in way) for other in alternative) for alternative in direct)


def _requires(one: Atom, other: Atom) -> bool:
    return one.meaning == other.meaning or (
        one.group == other.group and implies(((one,),), ((other,),)) and not implies(ALWAYS, ((other,),))
    )


def easiest(ways: Iterable[Way]) -> list[Way]:
    """The easiest ways of one pair, each with the number of those that are left out."""
    found = sorted(ways, key=lambda way: way.ease)
    return [way._replace(more=max(0, len(found) - MOST_WAYS)) for way in found[:MOST_WAYS]]


def way_in_words(way: Way, shown: Callable[[str], str] = str) -> str:
    """``kim → tooling → ProdAdmin``."""
    return " → ".join(map(shown, way.stops))
