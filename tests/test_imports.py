"""No modules import each other in a circle: whichever a command needs first can be imported first."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for package in ("crossaccount", "components")
    for file in (ROOT / package).rglob("*.py")
}


def at_once(statements: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports that are made with the module's own; those for types alone, and those in functions, are not."""
    for each in statements:
        if isinstance(each, ast.Import | ast.ImportFrom):
            yield each
        elif isinstance(each, ast.If) and "TYPE_CHECKING" not in ast.dump(each.test):
            yield from at_once([*each.body, *each.orelse])


def imported(module: str) -> set[str]:
    """What the module needs before it is complete: with each module the packages around it, but for its own."""
    found: set[str] = set()
    for each in at_once(ast.parse(FILES[module].read_text(encoding="utf-8")).body):
        names = [alias.name for alias in each.names]
        names = names if isinstance(each, ast.Import) else [each.module or "", *(f"{each.module}.{n}" for n in names)]
        for name in names:
            parts = name.split(".")
            found |= {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
    return {name for name in found & FILES.keys() if name != module and not module.startswith(f"{name}.")}


def test_there_is_no_circle() -> None:
    graph = {module: imported(module) for module in FILES}
    assert graph["crossaccount.job.stacks"] > {"crossaccount.job.running.runs", "crossaccount.job.review"}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" → ".join(error.args[1])) from None
