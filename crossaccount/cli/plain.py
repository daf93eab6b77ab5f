"""A console for files and pipes, whose tables break no word. A module of its own: importing Rich takes time."""

from __future__ import annotations

from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text


class PlainConsole(Console):
    """Prints tables as wide as their longest words need."""

    def print(self, *objects: Any, **options: Any) -> None:
        """As Rich does, but that a table may be wider than the console."""
        for each in objects:
            if isinstance(each, Table):
                self._keep_words(each)
                options["crop"] = False
        super().print(*objects, **options)

    def _keep_words(self, table: Table) -> None:
        for column in table.columns:
            cells = [self.render_str(cell) if isinstance(cell, str) else cell for cell in column.cells]
            texts = [cell.plain for cell in cells if isinstance(cell, Text)]
            longest = max((_longest_word(line) for text in texts for line in text.splitlines()), default=0)
            column.min_width = max(column.min_width or 0, longest)


def _longest_word(line: str) -> int:
    """How wide the longest word is, the first with what it is indented by."""
    indent = len(line) - len(line.lstrip())
    words = line.split()
    return max((cell_len(word) + (indent if number == 0 else 0) for number, word in enumerate(words)), default=0)
