"""Whether what was printed is what a document says: ``...`` stands for what varies or is left out."""

from __future__ import annotations

import re
from collections.abc import Sequence

ELLIPSIS = "..."


def matches(expected: Sequence[str], printed: str) -> bool:
    """A line of ``...`` alone is any number of lines, within a line it is any text. Blanks at the end do not count."""
    pattern = "".join(map(_line, expected))
    return re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in printed.rstrip().splitlines())) is not None


def _line(expected: str) -> str:
    if expected.strip() == ELLIPSIS:
        return r"(?:[^\n]*\n)*?"
    return ".*?".join(re.escape(part) for part in expected.rstrip().split(ELLIPSIS)) + "\n"
