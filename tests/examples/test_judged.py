"""Each scenario's access tests, judged offline from what its stacks declare: who gets in, who does not, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from crossaccount.access.access_tests.results import TestResult, run_judged
from crossaccount.access.estate import Estate
from crossaccount.rehearsal.scenario import Scenario
from crossaccount.sources.declared import details
from tests.scenarios import EVERY_SCENARIO, Recorded

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def judged(
    scenario: Callable[[str], Scenario], recorded: Callable[..., Recorded], given: Callable[[str], Recorded]
) -> Callable[[str], tuple[TestResult, ...]]:
    """The results of a scenario's tests, by what its stacks and its ``given`` declare."""

    def judge(name: str) -> tuple[TestResult, ...]:
        declared = [*recorded(name).values(), *given(name).values()]
        return run_judged(scenario(name).tests, Estate.from_details(map(details, declared)), NOW)

    return judge


@EVERY_SCENARIO
def test_everybody_is_where_the_scenario_wants_them(judged: Callable[[str], tuple[TestResult, ...]], name: str) -> None:
    results = judged(name)
    assert results
    assert [f"{each.test.name}: {each.verdict.message}" for each in results if not each.ok] == []


@EVERY_SCENARIO
def test_no_verdict_is_left_open(judged: Callable[[str], tuple[TestResult, ...]], name: str) -> None:
    results = judged(name)
    then = [item for each in results for item in each.then]
    assert {each.actual for each in [*results, *then]} <= {"allowed", "denied"}


@EVERY_SCENARIO
def test_no_verdict_depends_on_what_a_test_does_not_say(
    judged: Callable[[str], tuple[TestResult, ...]], name: str
) -> None:
    assert [str(warning) for each in judged(name) for warning in each.warnings] == []


@EVERY_SCENARIO
def test_somebody_gets_in_and_somebody_stays_out(judged: Callable[[str], tuple[TestResult, ...]], name: str) -> None:
    assert {each.actual for each in judged(name)} == {"allowed", "denied"}


@EVERY_SCENARIO
def test_every_denial_says_why(judged: Callable[[str], tuple[TestResult, ...]], name: str) -> None:
    """A test without ``because`` would pass for any reason, a broken grant included."""
    assert [each.test.name for each in judged(name) if each.actual == "denied" and not each.test.because] == []


@EVERY_SCENARIO
def test_every_role_of_the_trusting_side_is_entered_by_somebody(
    judged: Callable[[str], tuple[TestResult, ...]], scenario: Callable[[str], Scenario], name: str
) -> None:
    entered = {each.test.role_arn for each in judged(name) if each.actual == "allowed"}
    settings = scenario(name).settings.values()
    roles = {each.arn_of("role", role) for each in settings if each.trusting for role in each.trusting.roles}
    assert roles <= entered
