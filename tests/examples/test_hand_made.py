"""The mistakes of the hand-made versions are named, with their place, before AWS is asked."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.program import program
from crossaccount.engine.deployment import DeploymentError, Stack
from crossaccount.engine.recording import record
from crossaccount.rehearsal.scenario import Scenario
from tests.case_files import read_cases

MISTAKES = read_cases(Path(__file__).parent / "hand_made.yaml")


@pytest.mark.parametrize("case", [pytest.param(case, id=case["mistake"]) for case in MISTAKES])
def test_a_mistake_is_named_at_its_place(scenario: Callable[[str], Scenario], case: dict[str, Any]) -> None:
    stack = next(each for each in scenario(case["scenario"]).stacks if each.name == case["stack"])
    mistaken = _with(stack, case["at"], case["value"])
    if case["severity"] == "error":
        with pytest.raises(DeploymentError) as refused:
            record(mistaken, program, references={})
        assert str(refused.value) == case["said"]
        return
    said = record(mistaken, program, references=_upstream(stack)).messages
    assert case["said"] in said


def _with(stack: Stack, at: list[Any], value: Any) -> Stack:
    config = copy.deepcopy(dict(stack.config))
    place: Any = config
    for key in at[:-1]:
        place = place[key]
    place[at[-1]] = value
    return replace(stack, config=config)


def _upstream(stack: Stack) -> dict[str, Any]:
    """What the stacks that it reads would export."""
    arn = "arn:aws:iam::222222222222:role/CrossAccountAccessRole"
    outputs = {
        "contract_version": 1,
        "account": {"id": "222222222222", "name": "b"},
        "roles": {"CrossAccountAccessRole": arn},
        "users": {},
    }
    return dict.fromkeys(stack.config.get("crossaccount:reads", ()), outputs)
