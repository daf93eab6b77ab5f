"""The Rich console of the commands, in which data is text."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import IO, Any, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from crossaccount import escaping
from crossaccount.cli.printing import Guarded, raw

PLAIN_WIDTH = 132
NARROWEST = 40
"""Columns. Narrower tables lose content."""


def open_console(stderr: bool = False) -> Console:
    """A Rich console. Without a terminal it is as wide as ``COLUMNS``.

    If ``COLUMNS`` is not set, or too small for a table, it has the width of a log. Rich's default would be 80 columns.
    """
    columns = os.environ.get("COLUMNS", "")
    wide = columns.isdecimal() and int(columns) >= NARROWEST
    # Rich accepts any number, also 0, with which it prints nothing.
    environ = {key: value for key, value in os.environ.items() if wide or key != "COLUMNS"}
    # Colours are Rich's own; all else is escaped where it is rendered.
    file = cast(IO[str], Guarded(raw(sys.stderr if stderr else sys.stdout), colours=True))
    options: dict[str, Any] = {"stderr": stderr, "file": file, "emoji": False, "_environ": environ}
    found = ShowingConsole(**options)
    return found if found.is_terminal or wide else ShowingConsole(width=PLAIN_WIDTH, **options)


class ShowingConsole(Console):
    """Makes control characters of all printed text visible; only Rich's own control codes are sent."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As in Rich, with control characters made visible."""
        for each in super().render(renderable, options):
            yield each if each.control else Segment(escaping.visible_lines(each.text), each.style)
