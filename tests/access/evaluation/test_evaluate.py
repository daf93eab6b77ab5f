"""Verdicts on assumptions and on what sessions do; the cases are in ``cases/assume`` and ``cases/actions``.

A case describes a caller (``arn:aws:iam::111111111111:user/caller`` or, with ``"caller": "role"``, the role of that
name) and a role ``arn:aws:iam::222222222222:role/target`` by their statements; conftest builds the estate. What a file
has under ``defaults`` stands in each of its cases that does not say otherwise.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from crossaccount.access import Estate, Session, Verdict, judge_action, judge_assume
from crossaccount.access.evaluation.context import circumstances

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
    if "unknown" in case:
        assert list(verdict.unknown) == case["unknown"]
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
    assert verdict.action == case["action"]
    _check(verdict, case)


@pytest.mark.parametrize(
    ("case", "grant", "trust"),
    [
        ({"identity": ["Cross"], "trust": ["arn:aws:iam::222222222222:root"]}, "Cross", "0"),
        ({"identity": [], "trust": ["arn:aws:iam::222222222222:user/caller"]}, None, "0"),
        ({"identity": [], "trust": ["arn:aws:iam::222222222222:user/caller", "222222222222"]}, None, "0"),
        # With a grant any trust will do, the first of them.
        ({"identity": ["Cross"], "trust": ["222222222222", "arn:aws:iam::222222222222:user/caller"]}, "Cross", "0"),
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


@pytest.mark.parametrize(
    ("principal", "role", "missing"),
    [
        ("arn:aws:iam::111111111111:user/nobody", TARGET, "arn:aws:iam::111111111111:user/nobody"),
        ("arn:aws:iam::111111111111:user/caller", f"{TARGET}-2", f"{TARGET}-2"),
    ],
)
def test_who_or_what_does_not_exist_is_named(
    principal: str, role: str, missing: str, estate_of: Callable[..., Estate], now: datetime
) -> None:
    verdict = judge_assume(estate_of({}), principal, role, {}, now=now)
    assert (verdict.outcome, verdict.action) == ("undetermined", "sts:AssumeRole")
    assert missing in verdict.message


def test_a_root_user_assumes_no_role(estate_of: Callable[..., Estate], now: datetime) -> None:
    verdict = judge_assume(estate_of({}), "arn:aws:iam::111111111111:root", TARGET, {}, now=now)
    assert (verdict.outcome, verdict.reason, verdict.action) == ("denied", "no-trust", "sts:AssumeRole")
    assert verdict.message.startswith("arn:aws:iam::111111111111:root is an account's root user")


def test_an_action_next_to_the_callers_own_is_judged_by_itself(estate_of: Callable[..., Estate], now: datetime) -> None:
    trust = [{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}]
    estate = estate_of({"identity": [{"Effect": "Allow", "Action": "sts:*", "Resource": TARGET}], "trust": trust})
    caller = "arn:aws:iam::111111111111:user/caller"
    assert judge_assume(estate, caller, TARGET, {}, now=now).allowed
    verdict = judge_assume(estate, caller, TARGET, {}, action="sts:TagSession", now=now)
    assert (verdict.action, verdict.reason) == ("sts:TagSession", "no-trust")


def test_the_moment_is_reported_in_utc_wherever_we_are(
    monkeypatch: pytest.MonkeyPatch, estate_of: Callable[..., Estate]
) -> None:
    asked = {"DateEquals": {"aws:CurrentTime": "2026-11-22T12:00:00Z"}}
    trust = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole", "Condition": asked}
    grant = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": TARGET}
    estate = estate_of({"identity": [grant], "trust": [trust]})
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        now = datetime(2026, 11, 22, 13, 0, tzinfo=timezone(timedelta(hours=1)))
        verdict = judge_assume(estate, "arn:aws:iam::111111111111:user/caller", TARGET, {}, now=now)
    time.tzset()
    assert verdict.allowed


def test_what_holds_for_the_session_as_well() -> None:
    given = {"aws:SourceIp": "192.0.2.1", "AWS:RequestedRegion": "eu-west-1", "aws:MultiFactorAuthPresent": "true"}
    assert circumstances(given) == {"aws:SourceIp": "192.0.2.1", "AWS:RequestedRegion": "eu-west-1"}
