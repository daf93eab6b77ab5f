"""Every scenario is deployed by deployers with nothing but their own documents, and its access tests still pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.job.fleet import empty_account
from components.program import program
from crossaccount.bootstrap.making import as_the_pipeline, make_bootstraps
from crossaccount.bootstrap.resources import Bootstrap
from crossaccount.engine.deployment import DeploymentError
from crossaccount.engine.pulumi_cli import installed
from crossaccount.job.opening import in_process_parts, local_parts
from crossaccount.job.running.workers import Threads
from crossaccount.job.stacks import JobResult, Stacks
from crossaccount.local.server import LocalAws
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


PLACES = [
    pytest.param(in_process_parts, id="in-process"),
    pytest.param(local_parts, id="pulumi", marks=pytest.mark.engine),
]


@pytest.mark.parametrize("place", PLACES)
def test_up_on_a_local_aws_is_deployed_by_the_pipelines_role(project: Path, place: Any) -> None:
    assert _up(project, place).ok


@pytest.mark.parametrize("place", PLACES)
def test_what_the_pipeline_lacks_shows_in_up_on_a_local_aws(
    project: Path, place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def making(local: LocalAws, bootstraps: Iterable[Bootstrap]) -> None:
        make_bootstraps(local, [_without(each, "iam:PutGroupPolicy") for each in bootstraps])

    monkeypatch.setattr("crossaccount.job.opening.make_bootstraps", making)
    outcomes = _up(project, place).outcomes
    assert {name: each.status for name, each in outcomes.items()} == {"workload": "changed", "auth": "failed"}
    assert "is not authorized to perform: iam:PutGroupPolicy" in outcomes["auth"].error


def _up(project: Path, place: Any) -> JobResult:
    if place is local_parts and not installed():
        pytest.skip("there is no pulumi CLI on the PATH")
    with place(project, program) as parts:
        return Stacks(project, parts.engine, parts.backend, workers=Threads(1), live=empty_account).up()
