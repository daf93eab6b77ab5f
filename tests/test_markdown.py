"""Markdown in which text of others stays text, as a reader of the finished page sees it."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt

from crossaccount.markdown import BREAK, LONGEST, code, fence, link, row, table, text
from tests.cli.hostile import HOSTILE, acts_in_markdown

ZERO_WIDTH = "\u200b"


def _read(markdown: str) -> str:
    """The words of the finished page, without the marks that break a reference."""
    words = []
    for block in MarkdownIt("commonmark").enable("table").parse(markdown):
        words += [each.content for each in block.children or () if each.type in ("text", "text_special", "code_inline")]
    return "".join(words).replace(ZERO_WIDTH, "")


@pytest.mark.parametrize(
    "said",
    [
        "*bold* _it_ `code` [a](b) ![p](q) ~~no~~",
        "<img src=x> & &amp; <!-- -->",
        "@org/team #12 GH-12 !5 $10",
        "https://evil.com www.evil.com",
        "# heading",
        "- item",
        "1. item",
        "2) item",
        "a | b",
        "back\\slash",
    ],
)
def test_prose_is_read_as_it_is_written(said: str) -> None:
    assert _read(text(said)) == said
    assert acts_in_markdown(text(said)) == []


@pytest.mark.parametrize("said", ["plain", "a`b", "a|b", " a", "a ", "", "``"])
def test_a_name_is_a_code_span_or_prose_that_reads_the_same(said: str) -> None:
    assert _read(code(said)) == said.strip()
    assert code(said).startswith("`") == bool(said and not re.search(r"[`|]|^ | $", said))


def test_only_a_url_is_a_link() -> None:
    url = "https://signin.aws.amazon.com/switchrole?account=1&roleName=x"
    assert link(url) == url
    assert link("https://x/ [a](b)") == text("https://x/ [a](b)")
    assert BREAK in link("javascript://x")


def test_no_cell_ends_its_row() -> None:
    assert row("a", "b") == "| a | b |"
    lines = list(table(("one", "two"), [(text(HOSTILE), code(HOSTILE))]))
    assert len(lines) == 3
    cells = [
        each for each in MarkdownIt("commonmark").enable("table").parse("\n".join(lines)) if each.type == "td_open"
    ]
    assert len(cells) == 2
    assert acts_in_markdown("\n".join(lines)) == []


def test_no_line_ends_its_fence() -> None:
    lines = list(fence(["```", "a\n```\nb", "x" * 600], "diff"))
    [block] = MarkdownIt("commonmark").parse("\n".join(lines))
    assert (block.type, block.info) == ("fence", "diff")
    assert len(lines) == 5
    assert max(map(len, lines)) == LONGEST
