"""``extension``: the configuration of the browser extension AWS Extend Switch Roles.

Each role names its base account by ``source_profile``, so that the extension lists it only to who is signed in there.

Source: https://github.com/tilfinltd/aws-extend-switch-roles, "Configuration"
"""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.handoff.entry import Entry, HandedOut
from crossaccount.handoff.kinds import console
from crossaccount.handoff.words import not_handed_out, notes
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.switch_role import hex_color

able = console.able


def text(handed: HandedOut) -> str:
    """A base account for each account of principals, then a section for each entry."""
    bases = {parse_arn(entry.principal).account: entry for entry in handed.entries}
    blocks = [f"[{_base(entry)}]\naws_account_id = {account}\n" for account, entry in sorted(bases.items())]
    blocks += ["\n".join(_lines(entry)) + "\n" for entry in handed.entries]
    left = "".join(f"; {line}\n" for line in not_handed_out(handed))
    return "\n".join(filter(None, [*blocks, left]))


def _base(entry: Entry) -> str:
    """A base account's section: no name of ours has a ``:`` before its account."""
    return f"base:{parse_arn(entry.principal).account}"


def _lines(entry: Entry) -> Iterator[str]:
    yield f"[{entry.name}]"
    yield from (f"; {line}" for line in notes(entry, *console.notes(entry)))
    yield f"role_arn = {entry.role}"
    yield f"source_profile = {_base(entry)}"
    if entry.display.color:
        yield f"color = {hex_color(entry.display.color)}"
    if entry.region:
        yield f"region = {entry.region}"
