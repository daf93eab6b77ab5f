"""Lines on a terminal: folded at blanks, and no word is broken."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from crossaccount.cli.console import ShowingConsole
from crossaccount.cli.folding import folded

ARN = "arn:aws:iam::222222222222:role/teams/payments/a-role-with-a-name-that-is-longer-than-a-line"


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("short", 40, ["short"]),
        ("one two three", 12, ["one two", "  three"]),
        ("    indented words here", 16, ["    indented", "      words here"]),
        (f"grants {ARN}: no such role", 40, ["grants", f"  {ARN}:", "  no such role"]),
        ("run `crossaccount check` first", 22, ["run", "  `crossaccount check`", "  first"]),
        ("an open ` is a word of its own", 16, ["an open ` is a", "  word of its", "  own"]),
        ("(`two words`) and more", 14, ["(`two words`)", "  and more"]),
    ],
)
def test_a_line_is_folded_at_blanks_and_the_rest_is_indented(text: str, width: int, lines: list[str]) -> None:
    assert folded(text, width).split("\n") == lines


@given(st.lists(st.text("ab/:`-", min_size=1, max_size=30), min_size=1, max_size=12), st.integers(40, 100))
def test_no_word_is_lost_or_broken(words: list[str], width: int) -> None:
    text = " ".join(words)
    assert folded(text, width).split() == words
    for line in folded(text, width).split("\n"):
        assert len(line) <= width or len(line.split()) == 1 or "`" in line


@given(st.lists(st.text("ab/:-", min_size=1, max_size=30), min_size=1, max_size=12), st.integers(40, 100))
def test_a_styled_line_is_folded_like_a_plain_one(words: list[str], width: int) -> None:
    text = " ".join(words)
    console = ShowingConsole(width=width, force_terminal=True, color_system=None, legacy_windows=False)
    with console.capture() as captured:
        console.print(Text(text, style="bold"), soft_wrap=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", captured.get()) == folded(text, width) + "\n"
    assert isinstance(console, Console)
