"""The name that was probably meant: for the fix of a problem."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The one of ``known`` most like ``word``, letter case aside; None where none is as like as ``cutoff`` (0 to 1)."""
    by_lower = {name.lower(): name for name in sorted(known, reverse=True)}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str, cutoff: float = 0.6) -> str:
    """``did you mean `x`?`` where something is near, ``otherwise`` where nothing is."""
    found = nearest(word, known, cutoff)
    return f"did you mean `{found}`?" if found else otherwise
