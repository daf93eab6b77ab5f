"""The demo's last turn: the tutorial had nobody denied the testers."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from crossaccount.rehearsal.scenario import DEMO_EXAMPLES, Scenario, without_the_deny
from tests import scenarios
from tests.conftest import Rehearsed, rehearsed_and_read


@pytest.fixture(scope="module")
def told(scenario: Callable[[str], Scenario]) -> Rehearsed:
    """The tutorial without the deny, rehearsed."""
    return rehearsed_and_read(without_the_deny(scenario("tutorial")))


def test_the_demo_shows_every_way_to_set_access_up_by_hand() -> None:
    assert set(DEMO_EXAMPLES) == set(scenarios.EXAMPLES) - {"fleet", "pipelines"}


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
