"""What stands beside an entry: one line each, without anything that could end the line."""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.handoff.entry import Entry


def one_line(text: str) -> str:
    """``text`` with whatever could break a line, or is not to be seen, as escapes."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def notes(entry: Entry, *, mfa: str = "") -> Iterator[str]:
    """The title, and what the person has to meet; ``mfa`` says how where a kind cannot ask for the code itself."""
    yield one_line(entry.title)
    if entry.asking.in_words:
        yield one_line(f"Works: {entry.asking.in_words}")
    if entry.asking.mfa and mfa:
        yield mfa
    if entry.through:
        yield one_line(f"A chain: asked for in a session of {entry.shown(entry.through)}; AWS gives it an hour at most")
