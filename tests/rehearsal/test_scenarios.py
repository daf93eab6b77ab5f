"""Every scenario, deployed on a local AWS and tried with real calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crossaccount.access.access_tests.results import results_json
from crossaccount.engine.deployment import Deployment
from tests.conftest import Rehearsed
from tests.scenarios import EVERY_SCENARIO, Recorded

RESULT_KEYS = [
    "name",
    "principal",
    "role",
    "principal_arn",
    "role_arn",
    "context",
    "expected",
    "actual",
    "ok",
    "reason",
    "decided_by",
    "mode",
    "then",
]
THEN_KEYS = ["action", "resource", "expected", "actual", "ok", "reason", "mode"]

Rehearse = Callable[[str], Rehearsed]


@EVERY_SCENARIO
def test_everybody_is_where_the_scenario_wants_them(rehearsed: Rehearse, name: str) -> None:
    results = rehearsed(name).rehearsal.results
    assert results
    assert [f"{each.test.name}: {each.actual}" for each in results if not each.ok] == []


@EVERY_SCENARIO
def test_nothing_is_judged_that_could_be_tried(rehearsed: Rehearse, name: str) -> None:
    results = rehearsed(name).rehearsal.results
    then = [item for each in results for item in each.then]
    assert {each.mode for each in [*results, *then]} == {"tried"}


@EVERY_SCENARIO
def test_every_declared_resource_is_made_and_no_other(
    rehearsed: Rehearse, recorded: Callable[..., Recorded], name: str
) -> None:
    declared = [each.name for deployment in recorded(name).values() for each in _of_aws(deployment)]
    assert sorted(rehearsed(name).seen.made_resources) == sorted(declared)


@EVERY_SCENARIO
def test_stacks_are_deployed_in_the_order_of_their_reads_then_it_is_tried(rehearsed: Rehearse, name: str) -> None:
    found = rehearsed(name)
    stacks = [f"deploying {each.name} ({each.account_id}) in-process" for each in found.rehearsal.scenario.stacks]
    stages = [stage for stage in found.seen.stages if not stage.startswith("creating ")]
    assert stages == ["starting a local AWS", *stacks, "trying"]


@EVERY_SCENARIO
def test_every_result_is_reported_as_it_comes(rehearsed: Rehearse, name: str) -> None:
    found = rehearsed(name)
    assert tuple(found.seen.results) == found.rehearsal.results


@EVERY_SCENARIO
def test_results_stand_in_the_order_of_the_test_file(rehearsed: Rehearse, name: str) -> None:
    rehearsal = rehearsed(name).rehearsal
    assert [each.test for each in rehearsal.results] == list(rehearsal.scenario.tests.tests)


@EVERY_SCENARIO
def test_the_json_has_the_documented_shape(rehearsed: Rehearse, name: str) -> None:
    document = results_json(rehearsed(name).rehearsal.results)
    assert list(document) == ["results", "failed"]
    assert document["failed"] == 0
    for result in document["results"]:
        assert list(result) == RESULT_KEYS
        assert result["decided_by"] is None or list(result["decided_by"]) == ["side", "policy", "statement"]
        assert all(list(item) == THEN_KEYS for item in result["then"])


def test_user_1_works_with_the_key_that_the_stack_put_into_secrets_manager(rehearsed: Rehearse) -> None:
    """A rehearsal that made a key of its own would leave two."""
    found = rehearsed("cli-eight-steps")
    assert len(found.access_keys["arn:aws:iam::111111111111:user/user-1"]) == 1
    assert found.rehearsal.results[0].mode == "tried"


def test_every_token_of_a_provider_is_tried(rehearsed: Rehearse) -> None:
    results = rehearsed("pipelines").rehearsal.results
    assert [(each.mode, each.ok) for each in results] == [("tried", True)] * 19
    assert {each.actual for each in results} == {"allowed", "denied"}


def test_strangers_are_given_to_the_proof_alone(rehearsed: Rehearse, recorded: Callable[..., Recorded]) -> None:
    found = rehearsed("root")
    assert [user["UserName"] for user in found.details["333333333333"]["UserDetailList"]] == ["mallory"]
    declared = [each.inputs.get("name") for each in _resources(recorded("root"))]
    assert not {"mallory", "nobody", "Other"} & set(declared)


def _resources(recorded: Mapping[str, Deployment]) -> list[Any]:
    return [each for deployment in recorded.values() for each in _of_aws(deployment)]


def _of_aws(deployment: Deployment) -> list[Any]:
    return [each for each in deployment.resources if each.type.startswith("aws:")]
