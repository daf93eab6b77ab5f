"""How commands print lists: ``--format table|wide|csv|json|markdown``.

``table`` is for a terminal and fits it: no word is broken. A name that is too long breaks after a slash, else after a
mark in it (``-``, ``:``, ``=``, ``.``, ``_``). A part that is still too long is shortened in the middle. In a terminal
that is too narrow for columns each record is a block of lines.

``wide`` is for a pipe, a log and ``grep``: one record a line, nothing shortened, no box. Columns are two or more blanks
apart, no cell is empty and none has two blanks in it, so scripts can split the lines.

``csv`` and ``markdown`` have one record a line as well. In these formats, notes that belong to no record go to stderr.
``json`` is the command's JSON document, the same as ``--json``; it is not printed here.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated

import typer

from crossaccount.cli.failures import BAD_INPUT, stop
from crossaccount.cli.printing import console, print_document, say
from crossaccount.escaping import csv_cell, one_line
from crossaccount.listing import Cell, Listing, Row, text_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from crossaccount.access.access_tests.results import TestResult

MOST_ROWS = 2_000
"""The most rows of a table. Every other format has all rows."""
ROOM_FOR_NAMES = 120
"""The columns of a terminal in which a table of tests has a column for their names."""
NARROWEST = 12
"""The minimum width of a table's column, in characters."""
ALIGNED = 96
"""The widest cell, in characters, that the rest of its column is aligned with outside a terminal."""
NOTHING = "–"
_APART = "  "
_BETWEEN = 3
"""The characters that Rich puts between two columns of a table."""
_JOINED = "; "
_BLANKS = re.compile(r"\s{2,}")


class Format(StrEnum):
    """How a command prints what it lists."""

    table = "table"
    wide = "wide"
    csv = "csv"
    json = "json"
    markdown = "markdown"


FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        help="How to print the list. Default: table on a terminal, which it fits; elsewhere wide, one record a line.",
    ),
]


@dataclass(frozen=True)
class Output:
    """How one command prints: in a format, on a console."""

    format: Format
    console: Console

    @property
    def for_people(self) -> bool:
        """Whether stdout may have lines that are not records."""
        return self.format in (Format.table, Format.wide)

    def show(self, *listings: Listing) -> int:
        """Print a listing, and return the number of records."""
        return _PRINTERS[self.format](listings, self.console)

    def note(self, text: str, style: str = "") -> None:
        """A line that belongs to no record."""
        if self.for_people:
            self.console.print(one_line(text), style=style, markup=False, highlight=False, soft_wrap=True)
        else:
            say(text, err=True)


def show_results(results: Sequence[TestResult], out: Output, accounts: Mapping[str, str]) -> None:
    """The results of access tests, and once more, at the end, those that are not as expected.

    ``accounts`` are names and IDs: for people, users and roles in a reason are ``auth/user/bo``.
    """
    from crossaccount.rehearsal.table import failures, results_listing, results_records

    if out.for_people:
        narrow = out.format is Format.table and out.console.width < ROOM_FOR_NAMES
        wide = out.format is Format.wide
        out.show(results_listing(results, accounts, named=wide, narrow=narrow))
    else:
        out.show(results_records(results))
    failed = list(failures(results, accounts)) if out.for_people else []
    if failed:
        out.note("not as expected:", "bold red")
    for line in failed:
        out.note(f"  {line}")


def asks_for_json(form: Format | None, as_json: bool) -> bool:
    """Whether the output is JSON, by ``--json`` or ``--format json``.

    The two options must not contradict each other.
    """
    if as_json and form not in (None, Format.json):
        stop(f"--format: the answer is JSON by --json, got {form}; remove one of the two options", BAD_INPUT, as_json)
    return as_json or form is Format.json


def output(form: Format | None = None, *, stderr: bool = False) -> Output:
    """The output in ``form``. Default: ``table`` on a terminal, else ``wide``."""
    out = console(stderr)
    return Output(form or (Format.table if out.is_terminal else Format.wide), out)


def _table(listings: Iterable[Listing], out: Console) -> int:
    count = 0
    for listing in listings:
        remaining = iter(listing.rows)
        rows = [[_cell(each) for each in row] for row in islice(remaining, MOST_ROWS)]
        more = sum(1 for _ in remaining)
        count += len(rows) + more
        if not rows:
            continue
        if listing.title:
            out.print(listing.title, highlight=False)
        widths = column_widths([listing.columns, *(_texts(row) for row in rows)], out.width)
        if widths is None:
            for line in _blocks(listing, rows, out.width):
                out.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            out.print(_rich_table(listing.columns, rows, widths))
        if more:
            out.print(f"… and {more:,} more; --format wide has all of them", highlight=False)
    return count


def _rich_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]], widths: Sequence[int]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for column, width in zip(columns, widths, strict=True):
        table.add_column("\n".join(folded(column, width)), no_wrap=True, min_width=width, max_width=width)
    for row in rows:
        table.add_row(
            *(
                Text("\n".join(folded(each.text, width)), style=each.style, no_wrap=True, overflow="ignore")
                for each, width in zip(row, widths, strict=True)
            )
        )
    return table


def _blocks(listing: Listing, rows: Iterable[Sequence[Cell]], width: int) -> Iterator[str]:
    """Each record as a block of lines, one for each cell with text."""
    for row in rows:
        columns = listing.below if listing.below and _is_below(row) else listing.columns
        for column, cell in zip(columns, row, strict=True):
            if cell.text:
                label = f"{column}: " if column else ""
                text = _JOINED.join(line.strip() for line in cell.text.splitlines())
                yield from folded(f"{label}{text}", width)
        yield ""


def _wide(listings: Iterable[Listing], out: Console) -> int:
    count = 0
    for listing in listings:
        remaining = (_record(row) for row in listing.rows)
        first = list(islice(remaining, MOST_ROWS))
        if not first:
            continue
        headings = [column or NOTHING for column in listing.columns]
        # For an endless list the first rows decide the widths of the columns.
        widths = [_aligned(column) for column in zip(headings, *first, strict=True)]
        if listing.title:
            _line(listing.title, out)
        for record in chain([headings], first, remaining):
            _line(_APART.join(map(_padded, record, [*widths[:-1], 0])), out)
            count += 1
        count -= 1
    return count


def _line(text: str, out: Console) -> None:
    (sys.stderr if out.stderr else sys.stdout).write(f"{one_line(text)}\n")


def _aligned(column: Sequence[str]) -> int:
    """The width of a column: its longest cell, up to ``ALIGNED``. Longer cells shift the cells after them."""
    return max((width for width in map(_width, column) if width <= ALIGNED), default=0)


def _is_below(row: Row) -> bool:
    return text_of(row[0]).startswith("  ")


def _record(row: Row) -> list[str]:
    """A row, each cell on one line, with single blanks and never empty. A row below another begins with →."""
    below = "→ " if _is_below(row) else ""
    first, *rest = (_BLANKS.sub(" ", _joined(each)).strip() or NOTHING for each in row)
    return [below + first, *rest]


def _csv(listings: Iterable[Listing], out: Console) -> int:
    del out
    listings = list(listings)
    columns = list(dict.fromkeys(column for each in listings for column in each.columns))
    count = 0
    print_document(_csv_line(columns))
    for listing in listings:
        places = [columns.index(column) for column in listing.columns]
        for row in listing.rows:
            record = [""] * len(columns)
            for place, cell in zip(places, row, strict=True):
                record[place] = csv_cell(_joined(cell))
            print_document(_csv_line(record))
            count += 1
    return count


def _csv_line(record: Sequence[str]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow(record)
    return file.getvalue()


def _markdown(listings: Iterable[Listing], out: Console) -> int:
    from crossaccount.markdown import table, text

    del out
    count = 0
    for number, listing in enumerate(listings):
        rows = [[text(_joined(each)) for each in row] for row in listing.rows]
        if number and not rows:
            continue
        count += len(rows)
        title = f"\n{text(listing.title)}\n\n" if listing.title else ""
        print_document(title + "".join(f"{line}\n" for line in table(listing.columns, rows)))
    return count


_PRINTERS = {
    Format.table: _table,
    Format.wide: _wide,
    Format.csv: _csv,
    Format.markdown: _markdown,
}


def _cell(cell: Cell | str) -> Cell:
    """A cell with escaped text."""
    style = "" if isinstance(cell, str) else cell.style
    return Cell("\n".join(map(one_line, text_of(cell).splitlines())), style)


def _joined(cell: Cell | str) -> str:
    return _JOINED.join(filter(None, (one_line(line).strip() for line in text_of(cell).splitlines())))


def _texts(row: Sequence[Cell]) -> list[str]:
    return [each.text for each in row]


def column_widths(rows: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """How wide each column is, so that all fit into ``width``; None if there is no room for columns.

    Each column first gets the width of its longest part, then of its longest piece, word and line, as far as there is
    room.
    """
    columns = list(zip(*rows, strict=True))
    available = width - _BETWEEN * (len(columns) - 1)
    if available < NARROWEST * len(columns) and available < sum(map(_longest_line, columns)):
        return None
    longest_first = (_longest_part, _longest_piece, _longest_word, _longest_line)
    needs = [[longest(column) for column in columns] for longest in longest_first]
    if sum(needs[-1]) <= available:
        return needs[-1]
    found = _within(needs[0], available)
    for wanted in needs[1:]:
        found = _widened(found, wanted, available - sum(found))
    return found


def _within(widths: Sequence[int], available: int) -> list[int]:
    """The widths, with the widest ones reduced until their sum is ``available``."""
    found = list(widths)
    while sum(found) > available:
        widest = max(range(len(found)), key=found.__getitem__)
        found[widest] -= 1
    return found


def _widened(widths: Sequence[int], wanted: Sequence[int], room: int) -> list[int]:
    """The widths, each increased towards the wanted width. Columns that need least come first."""
    found = list(widths)
    order = sorted(range(len(found)), key=lambda index: wanted[index] - found[index])
    for position, index in enumerate(order):
        share = room // (len(order) - position)
        more = max(min(wanted[index] - found[index], share), 0)
        found[index] += more
        room -= more
    return found


def _longest_line(texts: Iterable[str]) -> int:
    return max((_width(line) for text in texts for line in text.splitlines()), default=0)


def _longest_word(texts: Iterable[str]) -> int:
    return max((_width(word) for text in texts for line in text.splitlines() for word in _words(line)), default=0)


def _longest_part(texts: Iterable[str]) -> int:
    words = (word for text in texts for line in text.splitlines() for word in _words(line))
    return max((_width(part) for word in words for piece in _pieces(word) for part in _parts(piece)), default=0)


def _longest_piece(texts: Iterable[str]) -> int:
    words = (word for text in texts for line in text.splitlines() for word in _words(line))
    return max((_width(piece) for word in words for piece in _pieces(word)), default=0)


def folded(text: str, width: int) -> list[str]:
    """A text's lines within ``width`` columns: broken at blanks, after slashes or after marks, otherwise shortened."""
    return [line for each in text.splitlines() or [""] for line in _folded_line(each, width)]


def _folded_line(text: str, width: int) -> list[str]:
    if _width(text) <= width:
        return [text]
    lines: list[str] = []
    current, gap = "", ""
    for word in _words(text):
        pieces = [word] if _width(word) <= width else _fitting(word, width)
        for number, piece in enumerate(pieces):
            before = gap if number == 0 else ""
            if current and _width(current + before + piece) > width:
                lines.append(current)
                current = piece
            else:
                current += (before if current else "") + piece
        gap = " "
    return [*lines, current]


def shortened(text: str, width: int) -> str:
    """A text within ``width`` columns: its beginning and its end, with … for what is left out."""
    if _width(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    end = (width - 1) // 2
    return f"{text[: width - 1 - end]}…{text[len(text) - end :]}"


def _words(line: str) -> list[str]:
    """The words of a line. The indentation belongs to the first word."""
    indent = line[: len(line) - len(line.lstrip())]
    first, *rest = line.split() or [""]
    return [indent + first, *rest]


def _fitting(word: str, width: int) -> list[str]:
    """The pieces of a word that is too long, none wider than ``width``."""
    found = []
    for piece in _pieces(word):
        found += [piece] if _width(piece) <= width else [shortened(part, width) for part in _parts(piece)]
    return found


def _parts(piece: str) -> list[str]:
    return [part for part in re.findall(r"\[?[^-:=._\[]*[-:=._]*", piece) if part] or [piece]


def _pieces(word: str) -> list[str]:
    return re.findall(r"[^/]*/|[^/]+", word) or [word]


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
