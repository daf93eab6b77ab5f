"""How text of others is written for each medium: every character is kept, and none acts."""

from __future__ import annotations

import json

import pytest

from crossaccount.escaping import (
    continued,
    csv_cell,
    encodable,
    json_escaped,
    json_text,
    lines,
    markup,
    mermaid_text,
    one_line,
    visible,
    visible_lines,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain: text, ÄÖÜ → 你好", "plain: text, ÄÖÜ → 你好"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\x1b[2K\x9b\x07\x7f", "\\x1b[2K\\x9b\\x07\\x7f"),
        ("\u202e\u200b\u2028\u00a0", "\\u202e\\u200b\\u2028\\xa0"),
        ("\u3164\u2800\ufe0f", "\\u3164\\u2800\\ufe0f"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_acts_or_is_not_seen_is_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_keep_their_breaks_and_nothing_else() -> None:
    assert visible_lines("a\x07\nb\r") == "a\\x07\nb\\r"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", "\\x3a:error::x"),
        ("  ::error::x", "  \\x3a:error::x"),
        ("iam::1", "iam::1"),
        ("a ##[error]x", "a \\x23#[error]x"),
        ("##vso[task.x]", "\\x23#vso[task.x]"),
        ("## heading", "## heading"),
    ],
)
def test_no_line_is_a_command_of_a_ci_runner(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_a_command_that_begins_a_later_line_is_none_and_one_that_continues_a_line_is_text() -> None:
    assert lines("a\n::error::x") == "a\n\\x3a:error::x"
    assert lines("::b\n::c", starts_line=False) == "::b\n\\x3a:c"


def test_what_an_engine_says_is_behind_a_mark_from_its_second_line_on() -> None:
    assert continued("first\nok: done\x07") == "first\n  | ok: done\\x07"


def test_what_an_encoding_lacks_is_a_sign_of_ascii_or_an_escape() -> None:
    assert encodable("a → ü 你", "ascii") == "a -> \\xfc \\u4f60"
    assert encodable("a → ü", "utf-8") == "a → ü"


def test_rich_reads_no_markup_in_it() -> None:
    from rich.text import Text

    assert Text.from_markup(markup("[bold]x[/] \\[red]")).plain == "[bold]x[/] \\[red]"


@pytest.mark.parametrize("only_ascii", [False, True])
def test_json_is_the_same_data_and_acts_nowhere(only_ascii: bool) -> None:
    data = {"k\u202e": ["\x7f\x9b", "##[error]", "ü\u3164", "😀", "\ud800"]}
    text = json_escaped(json_text(data), only_ascii=only_ascii)
    assert json.loads(text) == data
    assert text.encode()
    assert "##" not in text
    assert text.isprintable()
    assert text.isascii() == only_ascii


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\uff1d1"])
def test_a_spreadsheet_computes_nothing(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


def test_a_name_in_a_cell_stays_as_it_is() -> None:
    assert csv_cell("auth/user/bo=x") == "auth/user/bo=x"


def test_a_label_of_a_chart_is_text() -> None:
    assert mermaid_text('a"]-->b;#<x>\n') == "a#34;#93;--#62;b#59;#35;#60;x#62;#92;n"
