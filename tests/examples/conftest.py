"""The six scenarios and the root's own two stacks, read from disk and recorded stack by stack, each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from components.program import program
from crossaccount.engine.deployment import Deployment
from crossaccount.engine.recording import record
from crossaccount.rehearsal.given import given_stacks
from crossaccount.rehearsal.scenario import Scenario, read_scenario

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "root": ROOT,
    **{name: ROOT / "examples" / name for name in ("iam-user", "application", "cli-eight-steps")},
    **{name: ROOT / "examples" / name for name in ("environments", "deployer", "tutorial")},
}
EVERY_SCENARIO = pytest.mark.parametrize("name", FOLDERS)

Recorded = Mapping[str, Deployment]
"""What each stack of a scenario declares, by stack name, in the order of their deployment."""


@pytest.fixture(scope="session")
def scenario() -> Callable[[str], Scenario]:
    """A scenario by its name."""
    return cache(lambda name: read_scenario(FOLDERS[name]))


@pytest.fixture(scope="session")
def recorded(scenario: Callable[[str], Scenario]) -> Callable[..., Recorded]:
    """A scenario's stacks one after the other, each reading what those before it export."""

    @cache
    def record_all(name: str, preview: bool = False) -> Recorded:
        exported: dict[str, Mapping[str, object]] = {}
        result = {}
        for stack in scenario(name).stacks:
            result[stack.name] = record(stack, program, deployed=exported, preview=preview)
            exported[f"organization/{stack.project}/{stack.name}"] = result[stack.name].outputs
        return result

    return record_all


@pytest.fixture(scope="session")
def given(scenario: Callable[[str], Scenario]) -> Callable[[str], Recorded]:
    """What only a scenario's proof declares."""

    @cache
    def record_given(name: str) -> Recorded:
        found = scenario(name)
        stacks = given_stacks(found.tests, found.name, found.directory)
        return {stack.name: record(stack, program) for stack in stacks}

    return record_given
