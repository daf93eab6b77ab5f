"""Condition elements against request contexts; the cases are in ``cases/``, one file per family of operators."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from crossaccount.iam.conditions import ConditionError, RequestContext, compile_conditions, unmet
from crossaccount.iam.conditions.context import Open

CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted((Path(__file__).parent / "cases").glob("*.json"))
    for case in json.loads(path.read_text(encoding="utf-8"))["cases"]
]


@pytest.mark.parametrize("case", CASES)
def test_condition_holds_as_aws_says(case: dict[str, Any]) -> None:
    conditions = compile_conditions(case["condition"], case.get("variables", True))
    context = RequestContext.of(case.get("context", {}))
    assert (not unmet(conditions, context)) is case["holds"]


@pytest.mark.parametrize(
    "element",
    [
        {"StringMatches": {"aws:username": "x"}},
        {"NullIfExists": {"aws:username": "true"}},
        {"ForAnyValue:Null": {"aws:username": "true"}},
        {"StringEquals": "aws:username"},
        ["StringEquals"],
    ],
)
def test_what_iam_would_refuse_is_not_judged(element: object) -> None:
    with pytest.raises(ConditionError):
        compile_conditions(element)


def test_unmet_names_the_condition_that_fails() -> None:
    conditions = compile_conditions({"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"sts:ExternalId": "x"}})
    failed = unmet(conditions, RequestContext.of({"aws:securetransport": "true"}))
    assert [(condition.operator, condition.key) for condition in failed] == [("StringEquals", "sts:ExternalId")]


def test_a_date_without_a_zone_is_utc_wherever_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    conditions = compile_conditions({"DateEquals": {"aws:CurrentTime": "2026-11-22T12:00:00"}})
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        assert not unmet(conditions, RequestContext.of({"aws:CurrentTime": "2026-11-22T12:00:00Z"}))
    time.tzset()


def test_supposing_leaves_all_else_as_it_is() -> None:
    context = RequestContext.of({"sts:ExternalId": "x"}, open=Open())
    supposed = context.supposing("aws:SourceIp", True).supposing("aws:UserAgent", False)
    assert (supposed.get("sts:externalid"), supposed.open) == (("x",), context.open)
    assert supposed.supposed == {"aws:sourceip": True, "aws:useragent": False}


def test_supposing_answers_without_a_value() -> None:
    conditions = compile_conditions({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
    context = RequestContext.of({})
    assert not unmet(conditions, context.supposing("aws:sourceIP", True))
    assert unmet(conditions, context.supposing("aws:sourceIP", False))


def test_a_complete_context_has_one_answer() -> None:
    (condition,) = compile_conditions({"StringEquals": {"sts:ExternalId": "x"}})
    assert condition.answer(RequestContext.of({"sts:ExternalId": "x"})) is True
    assert condition.answer(RequestContext.of({})) is False


def test_what_is_supposed_holds_for_each_thing_that_a_key_may_be() -> None:
    context = RequestContext.of({}, open=Open(possible={"sts:externalid": (None, ("y",))}))
    (condition,) = compile_conditions({"StringEquals": {"sts:ExternalId": "x"}})
    assert condition.answer(context) is False
    assert condition.answer(context.supposing("sts:ExternalId", True)) is True


def test_a_key_with_a_value_is_decided_whatever_it_might_be_else() -> None:
    kind = Open(possible={"sts:externalid": (None, ("y",))})
    assert RequestContext.of({}, open=kind).undecided("sts:ExternalId")
    assert not RequestContext.of({"sts:ExternalId": "x"}, open=kind).undecided("sts:ExternalId")
