"""Every scenario is deployed by deployers with nothing but their own documents, and its access tests still pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from components.program import program
from crossaccount.bootstrap.making import as_the_pipeline
from crossaccount.bootstrap.resources import Bootstrap
from crossaccount.engine.deployment import DeploymentError
from crossaccount.rehearsal.run import Rehearsal, rehearse
from crossaccount.rehearsal.scenario import Scenario, read_scenario
from tests.bootstrap.conftest import Bootstrapped, bootstrapped, without
from tests.conftest import Seen
from tests.scenarios import EVERY_SCENARIO


def rehearsed_by(found: Bootstrapped, monkeypatch: pytest.MonkeyPatch, engine: str = "in-process") -> Rehearsal:
    monkeypatch.setattr("crossaccount.rehearsal.run.make_deployers", found.make_deployers)
    return rehearse(found.scenario, program, engine, Seen())


@EVERY_SCENARIO
def test_a_scenario_passes_with_least_privilege(
    name: str, scenario: Callable[[str], Scenario], monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsal = rehearsed_by(bootstrapped(scenario(name)), monkeypatch)
    assert [result.to_json() for result in rehearsal.results if not result.ok] == []
    assert rehearsal.results


def test_a_project_is_rehearsed_by_its_own_pipeline(project: Path) -> None:
    rehearsal = rehearse(read_scenario(project), program, "in-process", Seen())
    assert rehearsal.failed == 0


def test_what_the_pipeline_lacks_shows_in_the_rehearsal(project: Path) -> None:
    scenario = read_scenario(project)
    lacking = tuple(_without(each, "iam:PutGroupPolicy") for each in scenario.bootstraps)
    who = "assumed-role/access-infra-deploy/crossaccount"
    with pytest.raises(DeploymentError, match=f"{who} is not authorized to perform: iam:PutGroupPolicy"):
        rehearse(replace(scenario, bootstraps=lacking), program, "in-process", Seen())


def _without(bootstrap: Bootstrap, action: str) -> Bootstrap:
    return replace(
        bootstrap,
        policies=tuple(
            replace(each, document=without(each.document, frozenset({action}))) if "boundary" not in each.name else each
            for each in bootstrap.policies
        ),
    )


def test_a_stack_that_names_its_roles_is_deployed_through_them(project: Path) -> None:
    scenario = read_scenario(project)
    stack = scenario.stacks[0]
    assert as_the_pipeline(stack, ()) is stack
    named = replace(
        stack, config={**stack.config, "aws:assumeRoles": [{"roleArn": "arn:aws:iam::222222222222:role/hub"}]}
    )
    assert as_the_pipeline(named, scenario.bootstraps) is named
    (role,) = as_the_pipeline(stack, scenario.bootstraps).config["aws:assumeRoles"]
    assert role["roleArn"] == f"arn:aws:iam::{stack.account_id}:role/access-infra-deploy"
