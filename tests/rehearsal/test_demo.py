"""The demo's last turn: the tutorial had nobody denied the testers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest

from crossaccount.rehearsal.scenario import DEMO_EXAMPLES, Scenario, without_the_deny
from crossaccount.rehearsal.story import WANTED, lines
from tests import scenarios
from tests.conftest import Rehearsed, rehearsed_and_read


@pytest.fixture(scope="module")
def told(scenario: Callable[[str], Scenario]) -> Rehearsed:
    """The tutorial without the deny, rehearsed."""
    return rehearsed_and_read(without_the_deny(scenario("tutorial")))


def test_the_demo_shows_every_way_to_set_access_up_by_hand() -> None:
    assert set(DEMO_EXAMPLES) == set(scenarios.EXAMPLES) - {"fleet", "pipelines", "break-glass"}


def test_without_the_deny_theresa_gets_in(told: Rehearsed) -> None:
    theresa = next(each for each in told.rehearsal.results if each.test.principal == "development/user/Theresa")
    assert (theresa.actual, theresa.mode, theresa.ok) == ("allowed", "tried", True)


def test_her_power_user_policy_alone_lets_her_in(told: Rehearsed) -> None:
    theresa = next(each for each in told.rehearsal.results if each.test.principal == "development/user/Theresa")
    assert theresa.verdict.grant is not None
    assert theresa.verdict.grant.policy == "arn:aws:iam::aws:policy/PowerUserAccess"


def test_david_is_where_he_was(told: Rehearsed) -> None:
    david = next(each for each in told.rehearsal.results if each.test.principal == "development/user/David")
    assert (david.actual, david.ok) == ("allowed", True)


def test_nothing_but_the_deny_is_gone(told: Rehearsed, rehearsed: Callable[[str], Rehearsed]) -> None:
    before = copy.deepcopy(rehearsed("tutorial").details["111111111111"]["GroupDetailList"])
    after = told.details["111111111111"]["GroupDetailList"]
    inline = {group["GroupName"]: [each["PolicyName"] for each in group["GroupPolicyList"]] for group in after}
    assert inline == {"Developers": ["allow-assume-S3-role-in-production"], "Testers": []}
    assert [group["AttachedManagedPolicies"] for group in after] == [
        group["AttachedManagedPolicies"] for group in before
    ]


def test_the_tutorial_itself_is_left_alone(scenario: Callable[[str], Scenario]) -> None:
    tutorial = scenario("tutorial")
    without_the_deny(tutorial)
    development = next(each for each in tutorial.stacks if each.name == "development")
    assert "inline" in development.config["crossaccount:trusted"]["groups"]["Testers"]


def test_every_scenario_says_who_wants_what() -> None:
    assert WANTED.keys() == set(DEMO_EXAMPLES)
    assert all(said.endswith(".") for said in WANTED.values())


def test_a_line_tells_what_came_of_one_principal(told: Rehearsed) -> None:
    assert [(each.ok, each.text) for each in lines(told.rehearsal.results)] == [
        (True, "development/user/David gets into production/role/UpdateApp"),
        (True, "development/user/Theresa gets into production/role/UpdateApp"),
    ]


def test_what_is_not_as_expected_is_a_line_of_its_own_with_its_reason(told: Rehearsed) -> None:
    david, theresa = told.rehearsal.results
    denied = david.verdict._replace(outcome="denied", reason="no-grant")
    wrong = replace(david, actual="denied", verdict=denied)
    other = replace(theresa, test=replace(theresa.test, principal=david.test.principal, role="production/role/Other"))
    assert [(each.ok, each.text) for each in lines([david, wrong, other])] == [
        (True, "development/user/David gets into production/role/UpdateApp, production/role/Other"),
        (False, "development/user/David stays out of production/role/UpdateApp (no-grant)"),
    ]
