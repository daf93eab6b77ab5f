"""The name that was probably meant: for the fix of a problem.

An input may have many problems and many names, so each search is bounded: of more names than ``MOST_COMPARED``
only those that begin like the word are compared, and a text that is too long for a name is like none.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_COMPARED = 200
LONGEST = 256
"""Characters of a word that is compared."""


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The one of ``known`` most like ``word``, letter case aside; None where none is as like as ``cutoff`` (0 to 1)."""
    if len(word) > LONGEST:
        return None
    names = _beginning_like(word.lower(), list(known))
    by_lower = {name.lower(): name for name in sorted(names, reverse=True)}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str, cutoff: float = 0.6) -> str:
    """``did you mean `x`?`` where something is near, ``otherwise`` where nothing is."""
    found = nearest(word, known, cutoff)
    return f"did you mean `{found}`?" if found else otherwise


def _beginning_like(word: str, names: list[str]) -> list[str]:
    """The names, at most ``MOST_COMPARED``: those that have the longest beginning with ``word`` in common."""
    for length in range(1, len(word) + 1):
        if len(names) <= MOST_COMPARED:
            break
        alike = [name for name in names if name[:length].lower() == word[:length]]
        if not alike:
            break
        names = alike
    return names[:MOST_COMPARED]
