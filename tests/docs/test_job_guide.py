"""The guide to the job: every event is in its table, and its example of the library runs."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from crossaccount.job import (
    events,
    stacks,  # noqa: F401  (it imports every module that declares an event)
)
from tests.docs.commands.markdown import blocks

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide" / "job.md"
ROW = re.compile(r"^\| `([a-z-]+)` \| (.+) \| (.+) \|$")


def _kinds(kind: type[events.Event] = events.Event) -> Iterator[type[events.Event]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith("crossaccount."):
            yield each
            yield from _kinds(each)


def _name(kind: type[events.Event]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


KINDS = {_name(kind): kind for kind in _kinds() if kind is not events.StackEvent}
ROWS = {found[1]: found[3] for found in map(ROW.match, GUIDE.read_text(encoding="utf-8").splitlines()) if found}


def test_every_event_is_in_the_table_and_nothing_else_is() -> None:
    verbs = {"preview", "up", "refresh", "drift", "destroy", "outputs", "status"}
    assert set(ROWS) - verbs == set(KINDS) - verbs


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"access-reviewed", "access-drift"}))
def test_every_key_of_an_event_is_in_its_row(name: str) -> None:
    keys = {each.name for each in fields(KINDS[name])} - {"time", "stack"}
    assert keys <= set(re.findall(r"`([a-z_]+)`", ROWS[name]))


@pytest.mark.parametrize("document", [GUIDE, ROOT / "README.md"], ids=lambda path: str(path.name))
def test_the_example_of_the_library_runs(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [example] = [block for block in blocks(document) if block.info == "python"]
    assert len(example.text.splitlines()) <= 10
    monkeypatch.chdir(ROOT)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(example.text, str(document), "exec"), {})
    lines = printed.getvalue().splitlines()
    assert lines == [
        "production changed {'create': 8} ",
        "development changed {'create': 28} ",
        "succeeded {'UpdateApp': 'arn:aws:iam::999999999999:role/UpdateApp'}",
    ]
