"""Every exception has a name of its own, and is drawn in its package's docstring."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "crossaccount"


def _exceptions() -> Iterator[tuple[str, Path]]:
    """Name and file of every exception class: what derives from a builtin exception, directly or not."""
    classes = [
        (node.name, file, {base.id for base in node.bases if isinstance(base, ast.Name)})
        for file in sorted(ROOT.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef)
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
