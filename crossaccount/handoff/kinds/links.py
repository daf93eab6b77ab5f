"""``links``: the console's switch-role link of each entry, and for whom there is none, why."""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.handoff.entry import Entry, HandedOut
from crossaccount.handoff.kinds import console
from crossaccount.handoff.words import not_handed_out, notes
from crossaccount.iam.switch_role import hex_color, switch_role_link

able = console.able


def link(entry: Entry) -> str:
    """The entry's link."""
    role = entry.role_arn
    color = hex_color(entry.display.color)
    return switch_role_link(role.partition, role.account, entry.role_path, console.display_name(entry), color)


def text(handed: HandedOut) -> str:
    """Each link under its title."""
    blocks = ["\n".join(_lines(entry)) + "\n" for entry in handed.entries]
    left = "".join(f"{line}\n" for line in not_handed_out(handed))
    root = f"{console.ROOT_CANNOT}.\n" if blocks else ""
    return "\n".join(filter(None, [*blocks, left, root]))


def _lines(entry: Entry) -> Iterator[str]:
    title, *more = notes(entry, *console.notes(entry))
    shown = f" ({entry.display.color})" if entry.display.color else ""
    yield f"{title}, shown as {console.display_name(entry)}{shown}"
    yield from (f"  {line}" for line in more)
    yield f"  {link(entry)}"
