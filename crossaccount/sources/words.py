"""The words that name a source, taken apart. Pure but for one question: whether a path exists.

    FILE                                       KIND:REST[@ACCOUNT][#before|#after]          SOURCE+KIND:REST…

A path that exists wins over any syntax (``a+b@c.json`` is a legal name): the word as a whole, then what follows
``KIND:``. Otherwise the last ``@`` begins an account, and ``+`` splits only before a known kind of program: what is on
its left is what the program on its right is laid over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN
from crossaccount.sources.errors import refusal

FILE, STACK, STATE, LIVE = "", "stack", "state", "live"
FILES = ("terraform", "preview", "state", "cloudformation")
"""Kinds that read what a tool wrote to a file; ``state`` also takes the name of a stack."""
KINDS = (STACK, LIVE, *FILES)
LAID_OVER = (STACK, *FILES)
"""Kinds that may follow ``+``."""
BEFORE, AFTER = "before", "after"
MOMENTS = (BEFORE, AFTER)
_PLUS = re.compile(rf"\+(?=(?:{'|'.join(LAID_OVER)}):)")
"""Where what is laid over begins."""


@dataclass(frozen=True)
class Word:
    """One source. ``rest`` is a file, a stack or a profile; ``account`` is what follows ``@``, as it was written.

    ``moment`` is ``before``, ``after``, or empty where the source does not say. ``over`` is what it is laid over.
    """

    text: str
    kind: str
    rest: str
    account: str = ""
    moment: str = ""
    over: Word | None = None


def parse(text: str, exists: Callable[[str], bool] = os.path.lexists) -> Word:
    """The parts of a source.

    Raises:
        SourceError: it is empty, or of no known kind.
    """
    if not text:
        raise refusal("SOURCE", "is empty", NOT_GIVEN, "name a file, or stack:NAME, state:NAME or live:PROFILE")
    if exists(text):
        return Word(text, FILE, text)
    if text.partition(":")[0] in KINDS and exists((whole := _single(text, exists)).rest):
        return whole
    for split in reversed(list(_PLUS.finditer(text))):
        if left := text[: split.start()]:
            return replace(_single(text[split.end() :], exists), text=text, over=parse(left, exists))
    return _single(text, exists)


def _single(text: str, exists: Callable[[str], bool]) -> Word:
    """A source that is laid over nothing."""
    kind, colon, rest = text.partition(":")
    if not colon:
        return Word(text, FILE, text)
    if kind not in KINDS:
        listed = ", ".join(f"{each}:" for each in KINDS)
        fix = did_you_mean(kind, KINDS, f"write a file's name, or one of {listed}")
        raise refusal(text, "no such kind of source and no such file", kind, fix)
    if kind == LIVE or exists(rest):
        return Word(text, kind, rest)
    rest, moment = _cut(rest, "#", lambda end: end in MOMENTS)
    if exists(rest):
        return Word(text, kind, rest, "", moment)
    rest, account = _cut(rest, "@", lambda end: "/" not in end)
    return Word(text, kind, rest, account, moment)


def _cut(text: str, mark: str, fits: Callable[[str], bool]) -> tuple[str, str]:
    """What is before and after the last ``mark``, if what is after it fits; else all of it, and nothing."""
    start, found, end = text.rpartition(mark)
    return (start, end) if found and start and fits(end) else (text, "")
