"""What stands beside an entry: one line each, plain ASCII, without anything that could end the line.

ASCII, because the AWS CLI and cmd read files in whatever encoding the machine has.
"""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount import escaping
from crossaccount.escaping import encodable
from crossaccount.handoff.entry import Entry, HandedOut

SESSION_WITH_MFA = "With MFA: start in a session of aws sts get-session-token --serial-number SERIAL --token-code CODE"


def one_line(text: str) -> str:
    """``text`` with whatever could break a line, or is not ASCII, as escapes."""
    return encodable(escaping.one_line(text), "ascii")


def notes(entry: Entry, *more: str) -> Iterator[str]:
    """The title, and what the person has to meet; ``more`` is what a kind has to say."""
    yield one_line(entry.title)
    if entry.asking.in_words:
        yield one_line(f"Works: {entry.asking.in_words}")
    if entry.through:
        yield one_line(f"A chain: asked for in a session of {entry.shown(entry.through)}; an hour at most")
    yield from map(one_line, filter(None, more))


def mfa_note(entry: Entry) -> str:
    """Where a serial is a guess, that it is one."""
    guessed = entry.asking.mfa and not entry.mfa.known
    return "The serial is the one that the console proposes; yours: aws iam list-mfa-devices" if guessed else ""


def not_handed_out(handed: HandedOut) -> Iterator[str]:
    """A line for each path that is left out."""
    for each in handed.left_out:
        yield one_line(f"Not handed out: {handed.shown(each.principal)} → {handed.shown(each.role)}: {each.why}")
