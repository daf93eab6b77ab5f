"""Every exception has a name of its own, and is drawn in its package's docstring."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "crossaccount"
CLASS = re.compile(r"^ *class (\w+)\(([^()]*)\):", re.M)
"""A class with its bases. Reading the text alone is much quicker than parsing: every process of a run loads this."""


def _exceptions() -> Iterator[tuple[str, Path]]:
    """Name and file of every exception class: what derives from a builtin exception, directly or not."""
    classes = [
        (name, file, set(re.findall(r"\w+", bases)))
        for file in sorted(ROOT.rglob("*.py"))
        for name, bases in CLASS.findall(file.read_text())
    ]
    known = {"Exception", "ValueError", "RuntimeError", "OSError"}
    while more := {name for name, _, bases in classes if bases & known} - known:
        known |= more
    yield from ((name, file) for name, file, bases in classes if bases & known)


EXCEPTIONS = list(_exceptions())


def test_no_two_exceptions_have_one_name() -> None:
    counts = Counter(name for name, _ in EXCEPTIONS)
    assert {name for name, times in counts.items() if times > 1} == set()
    assert len(counts) > 20


@pytest.mark.parametrize(("name", "file"), EXCEPTIONS, ids=[name for name, _ in EXCEPTIONS])
def test_an_exception_is_drawn_in_its_packages_docstring(name: str, file: Path) -> None:
    package = ROOT / file.relative_to(ROOT).parts[0]
    drawn = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    assert f"─ {name} " in drawn
