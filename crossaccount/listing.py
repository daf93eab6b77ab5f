"""What a command lists, as data: columns and rows of text.

A cell may have several lines. The printer escapes the text. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """A text of a row. ``style`` is a style of Rich, for a terminal."""

    text: str
    style: str = ""


Row = Sequence[Cell | str]


@dataclass(frozen=True)
class Listing:
    """Rows, each with a cell for each of the ``columns``. ``rows`` may be read once. ``title`` is printed first.

    A row whose first cell is indented belongs to the row above. ``below`` has the names of its cells, if they differ
    from ``columns``.
    """

    columns: Sequence[str]
    rows: Iterable[Row]
    title: str = ""
    below: Sequence[str] = ()


def text_of(cell: Cell | str) -> str:
    """A cell's text."""
    return cell if isinstance(cell, str) else cell.text
