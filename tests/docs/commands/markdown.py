"""What a document has for a test: its fenced blocks in order, each with the mark that stands before it.

Three kinds of block do something, in the order of the document:

- ``console``: commands behind ``$ ``, a line that ends in a backslash going on in the next, and what they print;
- any block after ``<!-- file: PATH -->``: the whole of a file that the reader writes;
- ``diff``: a change of a file that the reader makes, without line numbers; ``--- PATH`` names the file.

``<!-- not run: REASON -->`` before a console block keeps it from being run here. ``<!-- needs: pulumi, aws -->`` runs
it where these commands can be had, on a local AWS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```")
MARK = re.compile(r"^<!-- (file|not run|needs): (.+) -->$")
COMMAND = re.compile(r"^(\$|crossaccount|pulumi|aws|make|pip|git|\.venv/bin/\S+|cd|export|python3?) ")


@dataclass(frozen=True)
class Block:
    """A fenced block: ``info`` is what stands behind the fence, ``mark`` and ``said`` the comment before it."""

    line: int
    info: str
    text: str
    mark: str = ""
    said: str = ""


@dataclass(frozen=True)
class Command:
    """A command and the lines that it is said to print."""

    line: int
    text: str
    printed: tuple[str, ...]


def blocks(document: Path) -> Iterator[Block]:
    """The fenced blocks of a document."""
    lines = document.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        if FENCE.match(lines[number]):
            end = next(each for each in range(number + 1, len(lines)) if lines[each] == "```")
            found = MARK.match(lines[number - 1]) if number else None
            mark, said = found.groups() if found else ("", "")
            text = "\n".join(lines[number + 1 : end])
            yield Block(number + 1, lines[number].removeprefix("```"), text, mark, said)
            number = end
        number += 1


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block; a block that does not begin with one is a mistake of the document."""
    text: list[str] | None = None
    printed: list[str] = []
    start = block.line
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if text is not None and text[-1].endswith("\\"):
            text.append(line)
        elif line.startswith("$ "):
            if text is not None:
                yield Command(start, "\n".join(text), tuple(printed))
            text, printed, start = [line.removeprefix("$ ")], [], number
        else:
            assert text is not None, f"line {number}: output before any command"
            printed.append(line)
    assert text is not None, f"line {block.line}: an empty console block"
    yield Command(start, "\n".join(text), tuple(printed))


def commands_out_of_place(document: Path) -> Iterator[str]:
    """Lines that look like a command to type, and stand where nothing is run."""
    lines = document.read_text(encoding="utf-8").splitlines()
    inside = {
        number
        for block in blocks(document)
        for number in range(block.line, block.line + len(block.text.splitlines()) + 2)
    }
    for block in blocks(document):
        if block.info in ("sh", "bash", "shell", "zsh", "") and block.mark != "file":
            yield f"line {block.line}: ```{block.info}"
        elif block.info == "text":
            yield from (f"line {block.line}: {line}" for line in block.text.splitlines() if COMMAND.match(line))
    for number, line in enumerate(lines, 1):
        if line.lstrip() != line and line.lstrip().startswith("```"):
            yield f"line {number}: a fence that does not begin its line"
        if number not in inside and line.startswith("    ") and not line.lstrip().startswith(("-", "*", "|")):
            yield f"line {number}: {line}"
