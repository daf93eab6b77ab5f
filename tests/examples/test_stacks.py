"""How the stacks of a scenario hang together: who reads whom, who comes first, and how the console shows them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crossaccount.rehearsal.scenario import Scenario
from tests.scenarios import EVERY_SCENARIO, FOLDERS

READS = {
    "root": {"auth": (), "workload": ("auth",)},
    "iam-user": {"auth": (), "workload": ()},
    "application": {"auth": (), "workload": ("auth",)},
    "cli-eight-steps": {"trusting": (), "trusted": ("trusting",)},
    "environments": {
        "development": (),
        "production": (),
        "test": (),
        "source": ("development", "test", "production"),
    },
    "deployer": {"b": (), "a": ("b",)},
    "tutorial": {"production": (), "development": ("production",)},
    "pipelines": {"workload": ()},
    "break-glass": {"people": (), "production": ()},
    "fleet": {
        "billing-development": (),
        "network": (),
        "playground": (),
        "security": (),
        "shop-development": (),
        "billing-production": ("security",),
        "shop-production": ("security",),
    },
}


@EVERY_SCENARIO
def test_arns_pass_between_stacks_as_the_scenario_says(scenario: Callable[[str], Scenario], name: str) -> None:
    assert {stack: settings.reads for stack, settings in scenario(name).settings.items()} == READS[name]


@EVERY_SCENARIO
def test_every_stack_comes_after_those_it_reads(scenario: Callable[[str], Scenario], name: str) -> None:
    assert [stack.name for stack in scenario(name).stacks] == list(READS[name])


@EVERY_SCENARIO
def test_nobody_who_must_stay_out_and_no_bucket_is_in_a_stack(scenario: Callable[[str], Scenario], name: str) -> None:
    found = scenario(name)
    given = {
        entity
        for account in found.tests.given.values()
        for entities in dict(account.get("trusted", {})).values()
        for entity in entities
    }
    declared = {
        entity
        for settings in found.settings.values()
        if settings.trusted
        for entities in (settings.trusted.users, settings.trusted.applications)
        for entity in entities
    }
    assert not given & declared


@pytest.mark.parametrize(
    ("name", "account", "shown"),
    [("tutorial", "production", ("PRODUCTION", "red")), ("root", "workload", ("WORKLOAD", "blue"))],
)
def test_the_console_shows_an_account_as_its_address_book_says(
    scenario: Callable[[str], Scenario], name: str, account: str, shown: tuple[str, str]
) -> None:
    for settings in scenario(name).settings.values():
        entry = settings.accounts[account]
        assert (entry.display_name, entry.color) == shown


def test_every_example_is_among_the_scenarios() -> None:
    examples = {folder.parent.name for folder in (FOLDERS["root"] / "examples").glob("*/Pulumi.yaml")}
    assert examples == FOLDERS.keys() - {"root"}
