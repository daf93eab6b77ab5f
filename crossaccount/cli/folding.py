"""Lines that fit a terminal: folded at blanks, and the rest of a line indented below its beginning.

A word is never broken: an ARN, a URL or JSON that is longer than the terminal stays whole, so that it can be copied.
What is between backticks is one word where it fits on a line of its own. The rest of a line is always indented, so data
in it cannot look like a line of ours. Pure.
"""

from __future__ import annotations

import re
from itertools import pairwise

_WORD = re.compile(r"\s*(?:[^\s`]*`[^`\n]*`\S*|\S+)")
_PLAIN = re.compile(r"\s*\S+")
DEEPER = 2
"""How much further the rest of a line is indented, in columns."""
_LEAST = 8
"""The columns that the rest of a line has at least, whatever its indentation."""


def folds(line: str, width: int) -> list[int]:
    """The offsets at which a line is broken so that it fits ``width`` columns. The blank before each is left out."""
    room = width
    found: list[int] = []
    start = end = 0
    for word in _words(line, width):
        if word.end() - start > room and end > start and line[start:end].strip():
            begins = word.start() + len(word.group()) - len(word.group().lstrip())
            found.append(begins)
            start, room = begins, width - hanging(line, width)
        end = word.end()
    return found


def hanging(line: str, width: int) -> int:
    """How far the rest of a folded line is indented."""
    own = len(line) - len(line.lstrip(" "))
    return min(own + DEEPER, max(width - _LEAST, 0))


def folded(text: str, width: int) -> str:
    """Every line of ``text``, folded."""
    return "\n".join(_folded_line(line, width) for line in text.split("\n"))


def _folded_line(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    ends = [0, *folds(line, width), len(line)]
    parts = [line[start:end] for start, end in pairwise(ends)]
    indent = " " * hanging(line, width)
    return f"\n{indent}".join([*(part.rstrip() for part in parts[:-1]), parts[-1]])


def _words(line: str, width: int) -> list[re.Match[str]]:
    """The words of a line, each with the blanks before it."""
    found: list[re.Match[str]] = []
    place = 0
    while (word := _WORD.match(line, place)) is not None:
        if len(word.group().strip()) > width - DEEPER:
            word = _PLAIN.match(line, place)
            assert word is not None, "a word begins here"
        found.append(word)
        place = word.end()
    return found
