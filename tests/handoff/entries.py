"""Entries made by hand, for what no scenario has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from crossaccount.access.requirements.assume_parameters import AssumeParameters
from crossaccount.handoff.entry import Entry, HandedOut
from crossaccount.handoff.kinds import Shell
from crossaccount.handoff.kinds.shells import EnvScript

PLAIN = Entry(
    name="b-Role",
    identifier="b_Role",
    principal="arn:aws:iam::111111111111:user/bo",
    role="arn:aws:iam::222222222222:role/Role",
    alternatives=(AssumeParameters("bo"),),
    account="b",
    aliased="222222222222",
    source="default",
    shown=str,
)
HOSTILE = [
    "$(touch owned)",
    "`touch owned`",
    "'; touch owned; '",
    '"; touch owned; "',
    "x\ntouch owned",
    "& touch owned",
]
TEMPLATES = ["${file(1)}", "%{ if true }", "\\", '"', "\u2028", "'''", '"""', "{x}"]
TEXT = st.one_of(
    st.sampled_from([*HOSTILE, *TEMPLATES]), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
)


def make_entry(**more: Any) -> Entry:
    """An entry; ``ask`` changes its one way to ask."""
    ask = more.pop("ask", {})
    return replace(PLAIN, **{"alternatives": (replace(PLAIN.alternatives[0], **ask),), **more})


def env_text(handed: HandedOut, shell: Shell, command: tuple[str, ...] = ()) -> str:
    """The script of the one entry for a shell."""
    return EnvScript(shell, command).text(handed)
