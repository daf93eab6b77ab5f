"""Each scenario, document by document: what is declared is what a reader's hand-made version has, and nothing beyond.

Documents are compared by meaning: theirs may have a single object as Statement or an empty Condition.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pulumi.runtime.rpc import UNKNOWN

from crossaccount.engine.deployment import Deployment
from tests.case_files import read_cases
from tests.examples.declared import account, expected
from tests.scenarios import EVERY_SCENARIO, FOLDERS, Recorded

EXPECTED = {name: read_cases(Path(__file__).parent / "expected" / f"{name}.yaml") for name in FOLDERS}
STACKS = pytest.mark.parametrize(
    ("name", "stack"), [(name, stack) for name, stacks in EXPECTED.items() for stack in stacks]
)


@EVERY_SCENARIO
def test_a_scenario_has_one_stack_per_account(recorded: Callable[..., Recorded], name: str) -> None:
    assert recorded(name).keys() == EXPECTED[name].keys()


@STACKS
def test_an_account_has_exactly_what_the_scenario_says(
    recorded: Callable[..., Recorded], name: str, stack: str
) -> None:
    assert account(recorded(name)[stack]) == expected(EXPECTED[name][stack])


@STACKS
def test_a_preview_shows_every_document_as_it_will_be(recorded: Callable[..., Recorded], name: str, stack: str) -> None:
    previewed, updated = _documents(recorded(name, True)[stack]), _documents(recorded(name)[stack])
    assert previewed == updated
    assert UNKNOWN not in str(previewed)


@STACKS
def test_a_preview_exports_what_the_update_will(recorded: Callable[..., Recorded], name: str, stack: str) -> None:
    assert recorded(name, True)[stack].outputs == recorded(name)[stack].outputs


def _documents(deployment: Deployment) -> dict[tuple[str, str], str]:
    return {
        (each.name, key): each.inputs[key]
        for each in deployment.resources
        for key in ("assumeRolePolicy", "policy")
        if key in each.inputs
    }
