"""Text that would like to act wherever it arrives, put into field after field; and what shows that it did not."""

from __future__ import annotations

import copy
import csv
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

from markdown_it import MarkdownIt

FORGED = "FORGED"
"""What begins a line only where a line break of the data was sent."""
HOSTILE = (
    f"z\n{FORGED} row\n::error::pwn\r\n  ::warning::x\u2028{FORGED}\x85{FORGED} ##[error]x ##vso[task.x]y "
    "\x1b[1A\x1b[2K\x9b2K\x07\x7f\u202eevil\u200b\u3164\ufeff ![i](http://evil/i.png) <img src=y> @org/team "
    "www.evil.com bo@evil.com | ` ``` \\| [bold]red[/] :heart: #12"
)
SEEN_BUT_SHAPELESS = "\u3164\u115f\u1160\uffa0\u2800\u034f\ufe0f"


def fields(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every text in a document, and of every key."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield (*path, key, "the key")
            yield from fields(each, (*path, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from fields(each, (*path, number))
    elif isinstance(value, str):
        yield path


def with_text(document: Any, path: tuple[Any, ...], text: str) -> Any:
    """The document with ``text`` behind what is at ``path``."""
    changed = copy.deepcopy(document)
    *way, last = path[:-1] if path[-1] == "the key" else path
    inner = changed
    for part in way:
        inner = inner[part]
    if path[-1] == "the key":
        items = list(inner.items())
        inner.clear()
        inner.update({f"{key}{text}" if key == last else key: value for key, value in items})
    else:
        inner[last] += text
    return changed


def acts(printed: bytes, *, carriage_returns: bool = False) -> list[str]:
    """What would act on a terminal or in a log of CI; nothing where all of it is text."""
    text = printed.decode()  # raises where it is not UTF-8
    found = []
    for line in (text.replace("\r\n", "\n") if carriage_returns else text).split("\n"):
        unseen = {each for each in line if not each.isprintable() or each in SEEN_BUT_SHAPELESS}
        found += [f"U+{ord(each):04X} {unicodedata.category(each)} in {line!r}" for each in unseen]
        if line.lstrip().startswith(("::", FORGED)) or re.search(r"##\w*\[", line):
            found.append(f"a line of the data's own: {line!r}")
    return found


def acts_in_markdown(text: str) -> list[str]:
    """What GitHub would make of data: pictures, tags, links, mentions."""
    found = []
    for block in MarkdownIt("commonmark").enable("table").parse(text):
        if block.type == "html_block" and block.content.strip() not in (
            "<details><summary>Resources</summary>",
            "</details>",
        ):
            found.append(block.content)
        for each in block.children or ():
            if each.type in ("image", "link_open", "html_inline"):
                found.append(f"{each.type} {each.attrs} {each.content}")
            if each.type in ("text", "text_special"):
                found += re.findall(r"@\w+|(?<!signin)\bwww\.\S+|http://\S+|#\d+", each.content)
    return found


def acts_in_csv(text: str) -> list[str]:
    """Cells that a spreadsheet would compute, and rows that are none."""
    rows = list(csv.reader(StringIO(text)))
    formulas = [cell for row in rows[1:] for cell in row if cell.lstrip().startswith(("=", "+", "-", "@"))]
    return [*formulas, *(repr(row) for row in rows if len(row) != len(rows[0]))]


Read = Callable[[Any], str]
"""What is said of a document that cannot be read; empty where it can."""


def hostile(document: Any, places: Iterable[tuple[Any, ...]]) -> Any:
    """The document with hostile text at all of ``places``: values first, then keys from the inside out."""
    changed = document
    for path in sorted(places, key=lambda each: (each[-1] == "the key", -len(each))):
        changed = with_text(changed, path, HOSTILE)
    return changed


def told_apart(
    document: Any, read: Read, around: Callable[[Any, tuple[Any, ...]], Any] = lambda document, _: document
) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Every place of the document at which hostile text can be read, and what is said of each other place.

    ``around`` is the part of a large document that is read for a place.
    """
    readable, refusals = [], []
    for path in fields(document):
        said = read(with_text(around(document, path), path, HOSTILE))
        if said:
            refusals.append(said)
        else:
            readable.append(path)
    return readable, refusals


def batches(document: Any, places: Sequence[tuple[Any, ...]], read: Read) -> Iterator[Any]:
    """As few hostile documents as can be read and have hostile text at each of ``places`` in one of them."""
    changed = hostile(document, places)
    if len(places) == 1 or not read(changed):
        yield changed
        return
    middle = len(places) // 2
    yield from batches(document, places[:middle], read)
    yield from batches(document, places[middle:], read)
