"""Open requests: what is still to meet, who comes from outside, what implies what, and why; cases are data files.

``cases/open`` describe estates as ``cases/assume`` do (conftest builds them). ``alternatives`` are those of the caller,
each atom as it prints, null where there is no path; ``paths`` are all paths to the role, by principal. In
``cases/implies`` each side is a list of Condition elements of which one has to be met, ``{"not": …}`` is a deny's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from crossaccount.access import Estate
from crossaccount.access.explanation.explain import why
from crossaccount.access.paths import what_can, who_can
from crossaccount.access.requirements import Requirements, implies
from crossaccount.access.requirements.requirement import Atom

TARGET = "arn:aws:iam::222222222222:role/target"


def _cases(folder: str) -> list[Any]:
    found = []
    for path in sorted((Path(__file__).parents[1] / "cases" / folder).glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        for case in content["cases"]:
            found.append(pytest.param(content["defaults"] | case, id=f"{path.stem}: {case['name']}"))
    return found


def _caller(case: dict[str, Any]) -> str:
    account, kind = case.get("caller_account", "111111111111"), case.get("caller", "user")
    return str(case.get("principal", f"arn:aws:iam::{account}:{kind}/caller"))


def _printed(alternatives: Iterable[Iterable[object]]) -> list[list[str]]:
    return sorted(sorted(str(atom) for atom in each) for each in alternatives)


@pytest.mark.parametrize("case", _cases("open"))
def test_what_is_still_to_meet(case: dict[str, Any], estate_of: Callable[..., Estate]) -> None:
    estate, role = estate_of(case), case.get("role", TARGET)
    found = {path.principal: _printed(path.alternatives) for path in who_can(estate, role)}
    if "paths" in case:
        assert found == {principal: _printed(expected) for principal, expected in case["paths"].items()}
        return
    expected = case["alternatives"]
    assert found.get(_caller(case)) == (None if expected is None else _printed(expected))
    assert bool(what_can(estate, _caller(case))) == (expected is not None)


@pytest.mark.parametrize("case", _cases("implies"))
def test_what_implies_what(case: dict[str, Any]) -> None:
    one, other = _alternatives(case["one"]), _alternatives(case["other"])
    assert (implies(one, other), implies(other, one)) == (case["implies"], case["back"])


@pytest.mark.parametrize("case", _cases("explain"))
def test_why(case: dict[str, Any], estate_of: Callable[..., Estate]) -> None:
    found = why(estate_of(case), _caller(case), case.get("role", TARGET))
    assert (found.outcome, [change.kind for change in found.changes]) == (case["outcome"], case["changes"])
    for line in case["lines"]:
        assert line in found.text()
    assert found.to_json()["lines"] == found.text().splitlines()


def _alternatives(blocks: list[dict[str, Any]]) -> Requirements:
    return tuple(
        tuple(_atom(operator, keys, "not" in block) for operator, keys in _conditions(block.get("not", block)))
        for block in blocks
    )


def _conditions(block: dict[str, Any]) -> Iterable[tuple[str, tuple[str, Any]]]:
    return [(operator, item) for operator, keys in block.items() for item in keys.items()]


def _atom(operator: str, item: tuple[str, Any], negated: bool) -> Atom:
    key, values = item
    texts = (values,) if isinstance(values, str) else tuple(values)
    return Atom("trust", "trust policy", "0", operator, key, texts, negated)
