"""A test file judged: one result per test, in the order of the file, in the shape that the commands print.

A rehearsal takes these results and puts what it tried in place of what was judged (``dataclasses.replace`` with
``actual`` and ``mode``); ``ok`` follows by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from crossaccount.access.access_tests.advice import warnings_of
from crossaccount.access.access_tests.parse import AccessTest, AccessTests, ThenTest
from crossaccount.access.estate import Estate
from crossaccount.access.evaluation.context import circumstances
from crossaccount.access.evaluation.evaluate import judge_action, judge_assume
from crossaccount.access.verdict import Outcome, Verdict
from crossaccount.iam.problem import Problem

Mode = Literal["tried", "judged"]


@dataclass(frozen=True)
class ThenResult:
    """What the session may do, expected and actual. ``verdict`` is the judged one, whatever ``mode`` says."""

    test: ThenTest
    actual: Outcome
    verdict: Verdict
    mode: Mode = "judged"

    @property
    def ok(self) -> bool:
        """Whether it is as expected."""
        return self.actual == self.test.expect

    def to_json(self) -> dict[str, Any]:
        """An item of ``then`` in the commands' JSON."""
        return {
            "action": self.test.action,
            "resource": self.test.resource,
            "expected": self.test.expect,
            "actual": self.actual,
            "ok": self.ok,
            "mode": self.mode,
        }


@dataclass(frozen=True)
class TestResult:
    """One test with its outcome. ``verdict`` is the judged one, whatever ``mode`` says of ``actual``.

    ``warnings`` are for people: of what cannot happen, and of what the outcome hangs on.
    """

    __test__ = False  # not a test of ours, whatever pytest makes of the name

    test: AccessTest
    actual: Outcome
    verdict: Verdict
    mode: Mode = "judged"
    then: tuple[ThenResult, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the outcome, its reason and all that follows are as expected."""
        reason_fits = self.test.because in (None, self.verdict.reason)
        return self.actual == self.test.expect and reason_fits and all(item.ok for item in self.then)

    def to_json(self) -> dict[str, Any]:
        """An item of ``results`` in the commands' JSON."""
        test, decided_by = self.test, self.verdict.decided_by
        return {
            "name": test.name,
            "principal": test.principal,
            "role": test.role,
            "principal_arn": test.principal_arn,
            "role_arn": test.role_arn,
            "context": dict(test.context),
            "expected": test.expect,
            "actual": self.actual,
            "ok": self.ok,
            "reason": self.verdict.reason,
            "decided_by": decided_by.to_json() if decided_by else None,
            "mode": self.mode,
            "then": [item.to_json() for item in self.then],
        }


def run_judged(tests: AccessTests, estate: Estate, now: datetime) -> tuple[TestResult, ...]:
    """Judge every test of a file against an estate, at one moment."""
    return tuple(_judged(test, estate, now) for test in tests.tests)


def results_json(results: Iterable[TestResult]) -> dict[str, Any]:
    """The JSON document of ``test``: the results, and how many are not ok."""
    listed = list(results)
    return {"results": [result.to_json() for result in listed], "failed": sum(not result.ok for result in listed)}


def _judged(test: AccessTest, estate: Estate, now: datetime) -> TestResult:
    verdict = judge_assume(estate, test.principal_arn, test.role_arn, test.context, session=test.session, now=now)
    then = tuple(_judged_then(test, item, estate, now) for item in test.then)
    return TestResult(test, verdict.outcome, verdict, then=then, warnings=warnings_of(test, verdict, estate, now))


def _judged_then(test: AccessTest, item: ThenTest, estate: Estate, now: datetime) -> ThenResult:
    context: Mapping[str, Any] = {**circumstances(test.context), **item.context}
    verdict = judge_action(estate, test.role_arn, item.action, item.resource, context, session=test.session, now=now)
    return ThenResult(item, verdict.outcome, verdict)
