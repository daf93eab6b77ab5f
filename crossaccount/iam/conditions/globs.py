"""Whether some text fits some patterns and not others: wildcards as small automata, run side by side.

Exact, where the search ends within its bound; beyond it the answer is that there may be such a text. That is the safe
side: whoever asks wants to know what is impossible.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_MOST_STATES = 4_000
_ELSE = "\N{REPLACEMENT CHARACTER}"
"""Stands for every character that no pattern writes out."""


@dataclass(frozen=True)
class Step:
    """What a pattern takes next: one of ``characters`` (any where None, but for ``excluded``), or a run of them."""

    characters: frozenset[str] | None = None
    excluded: str = ""
    run: bool = False

    def takes(self, character: str) -> bool:
        """Whether it may stand for ``character``."""
        if self.characters is None:
            return character not in self.excluded
        return character in self.characters


Glob = tuple[Step, ...]


def may_fit(needed: Sequence[Sequence[Glob]], forbidden: Iterable[Glob]) -> bool:
    """Whether there may be a text that fits one of each group of ``needed`` and none of ``forbidden``."""
    out = tuple(forbidden)
    groups = [tuple(group) for group in needed]
    globs = [glob for group in groups for glob in group] + list(out)
    alphabet = {character for glob in globs for step in glob for character in step.characters or step.excluded}
    start = tuple(_closure(glob, {0}) for glob in globs)
    seen, todo = {start}, [start]
    while todo:
        state = todo.pop()
        if _accepts(state, globs, groups):
            return True
        for character in (_ELSE, *sorted(alphabet)):
            after = tuple(_advance(glob, places, character) for glob, places in zip(globs, state, strict=True))
            if after not in seen and _alive(after, groups):
                if len(seen) >= _MOST_STATES:
                    return True
                seen.add(after)
                todo.append(after)
    return False


_State = tuple[frozenset[int], ...]


def _accepts(state: _State, globs: Sequence[Glob], groups: Sequence[Sequence[Glob]]) -> bool:
    ended = [len(glob) in places for glob, places in zip(globs, state, strict=True)]
    first = 0
    for group in groups:
        if not any(ended[first : first + len(group)]):
            return False
        first += len(group)
    return not any(ended[first:])


def _alive(state: _State, groups: Sequence[Sequence[Glob]]) -> bool:
    """Whether each needed group still has a pattern that may fit."""
    first = 0
    for group in groups:
        if not any(state[first : first + len(group)]):
            return False
        first += len(group)
    return True


def _advance(glob: Glob, places: frozenset[int], character: str) -> frozenset[int]:
    reached = set()
    for place in places:
        if place < len(glob) and glob[place].takes(character):
            reached.add(place if glob[place].run else place + 1)
    return _closure(glob, reached)


def _closure(glob: Glob, places: set[int]) -> frozenset[int]:
    """The places with those that are reached by an empty run."""
    found = set(places)
    for place in places:
        while place < len(glob) and glob[place].run:
            place += 1
            found.add(place)
    return frozenset(found)
