"""Parses the syntax of sources. Pure, except that it checks whether a path exists.

    FILE                                       KIND:REST[@ACCOUNT][#before|#after]          SOURCE+KIND:REST…

A path that exists wins over the syntax (``a+b@c.json`` is a legal name): first the whole text, then the part after
``KIND:``. Otherwise the last ``@`` begins an account, and ``+`` splits only before a known kind of program: the program
on its right is laid over the source on its left.
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
"""Kinds that read the file of a tool; ``state`` also takes the name of a stack."""
KINDS = (STACK, LIVE, *FILES)
LAID_OVER = (STACK, *FILES)
"""Kinds that may follow ``+``."""
BEFORE, AFTER = "before", "after"
MOMENTS = (BEFORE, AFTER)
_PLUS = re.compile(rf"\+(?=(?:{'|'.join(LAID_OVER)}):)")
"""The beginning of a program that is laid over a source."""


@dataclass(frozen=True)
class Word:
    """One source.

    ``rest`` is a file, a stack or a profile; ``account`` is the text after ``@``. ``moment`` is ``before``, ``after``,
    or empty. ``over`` is the source that it is laid over.
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
    """A source without ``+``."""
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
    """The text before and after the last ``mark``, if the part after it fits; else the whole text and an empty one."""
    start, found, end = text.rpartition(mark)
    return (start, end) if found and start and fits(end) else (text, "")
