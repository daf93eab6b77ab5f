"""What no request can meet; the cases are in ``satisfiable/cases.json``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from crossaccount.iam.conditions import Condition, compile_conditions
from crossaccount.iam.conditions.satisfiable import _wildcards, globs_of, may_fit, satisfiable

_CASES = json.loads((Path(__file__).parent / "satisfiable" / "cases.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in _CASES])
def test_whether_something_meets_them_all(case: dict[str, Any]) -> None:
    wanted = [(condition, True) for condition in _conditions(case, "all")]
    unwanted = [(condition, False) for condition in _conditions(case, "not")]
    assert satisfiable([*wanted, *unwanted]) is case["possible"]


def test_a_question_too_large_is_answered_with_maybe() -> None:
    patterns = [f"*{letter}*{letter}*{letter}*" for letter in "abcdefgh"]
    conditions = [
        (condition, True) for text in patterns for condition in compile_conditions({"StringLike": {"k": text}})
    ]
    assert satisfiable(conditions)
    (both_orders,) = compile_conditions({"StringLike": {"k": ["*a*b*", "*b*a*"]}})
    assert satisfiable([*conditions, (both_orders, False)]), "nothing does, but to find that out would take too long"


def test_a_pattern_that_another_covers_is_reported_without_a_search() -> None:
    patterns = [f"*a{number}*b{number}*" for number in range(300)]
    conditions = [
        (condition, False) for text in patterns for condition in compile_conditions({"StringLike": {"k": text}})
    ]
    for text, possible in [("*a1?*b1?*", False), ("*a1*c*", True), ("*", True)]:
        (needed,) = compile_conditions({"StringLike": {"k": text}})
        assert satisfiable([*conditions, (needed, True)]) is possible


def test_each_group_of_patterns_counts_for_itself() -> None:
    groups = [["a*"], ["ab*", "x*"], ["*b"]]
    needed = [globs_of(compile_conditions({"StringLike": {"k": texts}})[0]) for texts in groups]
    assert may_fit(needed, [])


def _conditions(case: dict[str, Any], part: str) -> list[Condition]:
    key = case.get("key", "x:key")
    return [
        condition
        for block in case.get(part, ())
        for operator, values in block.items()
        for condition in compile_conditions({operator: {key: values}})
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [("*" * 2000 + "a", "*" * 2000 + "b"), ("*a" * 500 + "b", "*a" * 499 + "c"), ("?*" * 300, "*?" * 300)],
)
def test_a_search_through_long_patterns_ends(one: str, other: str) -> None:
    started = time.process_time()
    may_fit([[_wildcards(one)], [_wildcards(other)]], [])
    assert time.process_time() - started < 20
