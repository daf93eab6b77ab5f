"""Markdown for pages of tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table, and the empty line after it; nothing where there are no rows."""
    lines = [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    if lines:
        yield f"| {' | '.join(headings)} |"
        yield f"| {' | '.join('---' for _ in headings)} |"
        yield from lines
        yield ""


def code(text: str) -> str:
    """A text as code; nothing for nothing."""
    return f"`{text}`" if text else ""


def page(lines: Iterable[str]) -> str:
    """The lines as a file."""
    return "\n".join(lines).rstrip() + "\n"


def _cell(text: str) -> str:
    """One line; outside of code nothing is a tag."""
    parts = " ".join(text.split()).replace("|", "\\|").split("`")
    return "`".join(part if number % 2 else part.replace("<", "&lt;") for number, part in enumerate(parts))
