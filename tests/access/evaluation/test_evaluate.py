"""Verdicts on assumptions and on what sessions do; the cases are in ``cases/assume`` and ``cases/actions``.

A case describes a caller (``arn:aws:iam::111111111111:user/caller`` or, with ``"caller": "role"``, the role of that
name) and a role ``arn:aws:iam::222222222222:role/target`` by their statements; conftest builds the estate. What a file
has under ``defaults`` stands in each of its cases that does not say otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from crossaccount.access import Estate, Session, Verdict, judge_action, judge_assume

TARGET = "arn:aws:iam::222222222222:role/target"


def _cases(folder: str) -> list[Any]:
    found = []
    for path in sorted((Path(__file__).parents[1] / "cases" / folder).glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        for case in content["cases"]:
            found.append(pytest.param(content.get("defaults", {}) | case, id=f"{path.stem}: {case['name']}"))
    return found


def _check(verdict: Verdict, case: dict[str, Any]) -> None:
    assert (verdict.outcome, verdict.reason) == (case["outcome"], case.get("reason")), verdict.message
    if "decided_by" in case:
        decided_by = verdict.decided_by and [*verdict.decided_by.to_json().values()]
        assert decided_by == case["decided_by"]
    if "message" in case:
        assert case["message"] in verdict.message


@pytest.mark.parametrize("case", _cases("assume"))
def test_assuming_a_role(case: dict[str, Any], estate_of: Callable[..., Estate], now: datetime) -> None:
    kind, account = case.get("caller", "user"), case.get("caller_account", "111111111111")
    verdict = judge_assume(
        estate_of(case),
        case.get("principal", f"arn:aws:iam::{account}:{kind}{case.get('caller_path', '/')}caller"),
        case.get("role", TARGET),
        case.get("context", {}),
        session=Session(**case.get("session", {})),
        now=now,
    )
    _check(verdict, case)


@pytest.mark.parametrize("case", _cases("actions"))
def test_what_a_session_may_do(case: dict[str, Any], estate_of: Callable[..., Estate], now: datetime) -> None:
    verdict = judge_action(
        estate_of(case),
        case.get("role", TARGET),
        case["action"],
        case["resource"],
        case.get("context", {}),
        session=Session(**case.get("session", {})),
        now=now,
    )
    _check(verdict, case)


@pytest.mark.parametrize(
    ("case", "grant", "trust"),
    [
        ({"identity": ["Cross"], "trust": ["arn:aws:iam::222222222222:root"]}, "Cross", "0"),
        ({"identity": [], "trust": ["arn:aws:iam::222222222222:user/caller"]}, None, "0"),
        # A grant outside the boundary takes no part: the trust in the user does it alone.
        (
            {"identity": ["Cross"], "trust": ["222222222222", "arn:aws:iam::222222222222:user/caller"], "boundary": []},
            None,
            "1",
        ),
    ],
)
def test_an_allowed_assumption_names_both_statements(
    case: dict[str, Any], grant: str | None, trust: str, estate_of: Callable[..., Estate], now: datetime
) -> None:
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    statements = {
        "identity": [allow | {"Sid": sid, "Resource": TARGET} for sid in case["identity"]],
        "trust": [allow | {"Principal": {"AWS": name}} for name in case["trust"]],
    }
    estate = estate_of(case | statements | {"caller_account": "222222222222"})
    verdict = judge_assume(estate, "arn:aws:iam::222222222222:user/caller", TARGET, {}, now=now)
    assert verdict.allowed
    assert (verdict.grant and verdict.grant.statement) == grant
    assert (verdict.trust and verdict.trust.statement) == trust
    assert verdict.decided_by == verdict.trust
