"""The reference is what the code says today, and leaves nothing out."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest

from crossaccount.settings import models
from crossaccount.settings.models.config import KEYS
from docs.generator.commands import every_command
from docs.generator.pages import FOLDER, pages

PAGES = cache(pages)
"""Made when a test asks: every process of a run loads this module."""


def test_the_pages_are_up_to_date() -> None:
    stale = [name for name, text in PAGES().items() if (FOLDER / name).read_text(encoding="utf-8") != text]
    assert stale == [], "run `make generate`"


def test_no_page_is_left_over() -> None:
    assert {file.name for file in FOLDER.iterdir() if file.is_file()} == set(PAGES())


@pytest.mark.parametrize(("name", "command"), list(every_command()), ids=lambda each: str(each))
def test_every_command_exists_with_its_options_and_an_example(name: str, command: Any) -> None:
    shown = PAGES()["commands.md"].split(f"\n## {name}\n")[1].split("\n## ")[0]
    options = [option for each in command.params if not each.hidden for option in each.opts if option.startswith("--")]
    assert [each for each in options if not re.search(rf"^\| `[^`]*{each}\b", shown, re.M) and each != "--help"] == []
    assert f"Example: `crossaccount {name}" in shown


def test_every_key_exists() -> None:
    text = PAGES()["config.md"]
    fields = [
        field.alias or key for each in models.__all__ for key, field in getattr(models, each).model_fields.items()
    ]
    assert [key for key in (*fields, *KEYS) if f"`{key}`" not in text and f"crossaccount:{key}" not in text] == []


def test_every_line_is_closed() -> None:
    """An odd number of backticks would make code of what follows."""
    lines = [line for text in PAGES().values() for line in text.splitlines()]
    assert [line for line in lines if line.count("`") % 2 and line != "```"] == ["```json"]
