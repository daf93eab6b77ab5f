"""The Rich console of the commands, in which data is text."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import IO, Any, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from crossaccount import escaping
from crossaccount.cli.folding import folds, hanging
from crossaccount.cli.printing import NARROWEST, Guarded, raw

PLAIN_WIDTH = 132


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
    """Makes control characters of all printed text visible; only Rich's own control codes are sent.

    On a terminal a text with ``soft_wrap`` is folded at blanks.
    """

    def print(self, *objects: Any, **options: Any) -> None:
        """As in Rich. ``soft_wrap`` is for lines of text that the terminal would break anywhere."""
        if options.get("soft_wrap") and self.is_terminal and self.width >= NARROWEST:
            objects = tuple(self._fitted(each, markup=options.get("markup", True)) for each in objects)
        super().print(*objects, **options)

    def _fitted(self, found: Any, *, markup: bool | None) -> Any:
        if isinstance(found, str):
            found = Text.from_markup(found, emoji=False) if markup is not False else Text(found)
        return _folded(found, self.width) if isinstance(found, Text) else found

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As in Rich, with control characters made visible."""
        for each in super().render(renderable, options):
            yield each if each.control else Segment(escaping.visible_lines(each.text), each.style)


def _folded(text: Text, width: int) -> Text:
    """The lines of a text, folded, with their styles."""
    lines: list[Text] = []
    for line in text.split("\n", allow_blank=True):
        plain = line.plain
        first, *rest = line.divide(folds(plain, width)) if len(plain) > width else [line]
        indent = " " * hanging(plain, width)
        for each in (first, *(Text(indent).append_text(part) for part in rest)):
            if rest:
                each.rstrip()
            lines.append(each)
    folded = Text("\n", style=text.style).join(lines)
    folded.end = text.end
    return folded
