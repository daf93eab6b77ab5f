"""Whether what was printed is what a document says: ``...`` stands for what varies or is left out."""

from __future__ import annotations

import re
from collections.abc import Sequence

ELLIPSIS = "..."


def matches(expected: Sequence[str], printed: str) -> bool:
    """A line of ``...`` alone is any number of lines, within a line it is any text. Blanks at the end do not count."""
    lines = [line.rstrip() for line in printed.rstrip().splitlines()]
    first, *others = _between_ellipses(expected)
    if not others:
        return len(lines) == len(first) and _begins(first, lines)
    *middle, last = others
    if not _begins(first, lines) or len(lines) < len(first) + len(last):
        return False
    end = len(lines) - len(last)
    place = len(first)
    for part in middle:
        found = next((at for at in range(place, end - len(part) + 1) if _begins(part, lines[at:])), None)
        if found is None:
            return False
        place = found + len(part)
    return _begins(last, lines[end:])


def _between_ellipses(expected: Sequence[str]) -> list[list[str]]:
    """The lines before, between and after the lines that are ``...``."""
    parts: list[list[str]] = [[]]
    for line in expected:
        if line.strip() == ELLIPSIS:
            parts.append([])
        else:
            parts[-1].append(line.rstrip())
    return parts


def _begins(part: Sequence[str], lines: Sequence[str]) -> bool:
    return len(part) <= len(lines) and all(map(_fits, part, lines))


def _fits(expected: str, line: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in expected.split(ELLIPSIS))
    return re.fullmatch(pattern, line) is not None
