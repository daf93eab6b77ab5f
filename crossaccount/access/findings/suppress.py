"""Findings that somebody has looked at and accepted, with a reason.

A suppression names a code and a place. It covers that place and everything below it. One that covers nothing is a
finding itself: the reason is gone, and it would hide the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from crossaccount.access.findings.finding import Finding, Kind

UNUSED = Kind(
    "XA901",
    "warning",
    "A suppression that suppresses nothing",
    "What it was for is gone or has moved; left there, it hides the next finding at that place.",
    "Remove it, or correct its code or place.",
    "docs/findings.md",
)
_BELOW = (".", "[", " ")
_SECTION = re.compile(r"\A(?:policies|trusted\.[a-z]+|trusting\.roles)\.")
"""What stands before an entity's name in a config."""


class Accepted(Protocol):
    """What a config says about one finding."""

    @property
    def code(self) -> str:
        """The finding's code."""

    @property
    def where(self) -> str:
        """Its place, or one that holds it."""


@dataclass(frozen=True)
class Sifted:
    """``kept`` is what is left to say, what the suppressions themselves deserve among it."""

    kept: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]


def sift(findings: Iterable[tuple[Finding, str]], accepted: Sequence[Accepted], where: str) -> Sifted:
    """Findings without those that are accepted.

    Each finding comes with its place as an ARN, by which it may be named as well. ``where`` is the place of the list of
    suppressions.
    """
    kept: list[Finding] = []
    suppressed: list[Finding] = []
    used: set[int] = set()
    for finding, place in findings:
        covering = {i for i, each in enumerate(accepted) if _covers(each, finding, place)}
        used |= covering
        (suppressed if covering else kept).append(finding)
    for index, each in enumerate(accepted):
        if index not in used:
            message = f"no finding {each.code} at {each.where}"
            kept.append(Finding(UNUSED.code, UNUSED.severity, f"{where}[{index}]", message, UNUSED.hint))
    return Sifted(tuple(kept), tuple(suppressed))


def _covers(accepted: Accepted, finding: Finding, place: str) -> bool:
    if accepted.code != finding.code:
        return False
    file, colon, in_file = finding.where.rpartition(": ")
    owner = place.partition(" ")[0]
    name = owner.rsplit("/", 1)[-1]
    section = _SECTION.match(in_file)
    start = section.end() if section and in_file.startswith(name, section.end()) else len(in_file)
    texts = (finding.where, len(file + colon) + start), (in_file, start), (place, len(owner) - len(name))
    return any(_holds(accepted.where, text, range(begin, begin + len(name))) for text, begin in texts)


def _holds(where: str, text: str, name: range) -> bool:
    """Whether a place is ``where`` or below it. ``name`` is where an entity's name stands, which has dots of its own.

    A place that ends within the name is another entity's: ``…roles.svc``, where the finding is about ``svc.prod``.
    """
    return text == where or (text.startswith(tuple(where + below for below in _BELOW)) and len(where) not in name)
