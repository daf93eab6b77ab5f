"""Markdown, written in one way: prose, code, tables and fences, in which text of others stays text.

Whoever reads a pull request, an issue or a wiki page must see names and values as they are. None of them becomes a
picture, a tag, a link, a mention or a reference of GitHub or GitLab, and none ends a cell, a code span or a fence.

A backslash is enough for a mark of Markdown. It is not enough for what GitHub and GitLab find in the finished page
(``@team``, ``https://``, ``#12``): there a zero-width space stands within, as the entity ``&#8203;``. Pure.

Source: https://github.github.com/gfm, https://docs.github.com/get-started/writing-on-github
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from crossaccount.escaping import one_line

BREAK = "&#8203;"
LONGEST = 502
"""Characters of a line in a fence, its sign and all. A hundred of these fit a comment, of which GitHub takes 65,536."""
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKUP = re.compile(r"://|(?i:\bwww(?=\.))|\bGH(?=-\d)|[&<>]|[#!](?=\w)|@(?=\w)|[\\`*_\[\]|~$#]")
_BLOCK = re.compile(r"\A(?:([-+=])|(\d+)([.)]))")
_URL = re.compile(r"https://[\w.-]+(?:/[\w./?&=%+~#@:,;-]*)?", re.ASCII)
_NOT_IN_CODE = re.compile(r"[`|]|^ | $")


def text(value: str) -> str:
    """Prose on one line, in which every character stands for itself."""
    escaped = _MARKUP.sub(_escaped, one_line(value).strip())
    return _BLOCK.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", escaped)


def code(value: str) -> str:
    """A name or a value as a code span; as prose where a code span could not hold it, in a table either."""
    shown = one_line(value)
    return f"`{shown}`" if shown and not _NOT_IN_CODE.search(shown) else text(shown)


def link(url: str) -> str:
    """A URL of ours as a link; anything else as prose."""
    return url if _URL.fullmatch(url) else text(url)


def row(*cells: str) -> str:
    """A row of a table. The cells are Markdown already."""
    return f"| {' | '.join(cells)} |"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table, line by line. The cells are Markdown already."""
    yield row(*headings)
    yield row(*("---" for _ in headings))
    yield from (row(*cells) for cells in rows)


def fence(lines: Iterable[str], language: str = "", *, longest: int = LONGEST) -> Iterator[str]:
    """Lines as they are, within a fence that none of them ends; a line has ``longest`` characters at most."""
    yield f"```{language}"
    yield from (_fenced(line, longest) for line in lines)
    yield "```"


def _fenced(line: str, longest: int) -> str:
    shown = one_line(line).replace("```", "'''")
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def _escaped(found: re.Match[str]) -> str:
    mark = found[0]
    if mark in _ENTITIES:
        return _ENTITIES[mark]
    if mark == "://":
        return f":{BREAK}//"
    followed = found.end() < len(found.string) and found.string[found.end()].isalnum()
    if mark == "@" or mark.isalpha():
        return f"{mark}{BREAK}"
    if mark in "#!" and (followed or mark == "#"):
        return f"\\{mark}{BREAK if followed else ''}"
    return f"\\{mark}"
