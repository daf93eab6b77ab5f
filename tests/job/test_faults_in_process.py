"""What AWS does wrong, and what comes of it, where no state and no CLI is needed: stacks made in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from components.program import program
from crossaccount.engine.local_aws import InProcessEngine
from crossaccount.job.events import Event, StackSkipped
from crossaccount.job.opening import InProcessBackend
from crossaccount.job.running.result import JobResult
from crossaccount.job.running.workers import Threads
from crossaccount.job.stacks import Stacks
from crossaccount.local.server import LocalAws
from tests.faulty_aws import BROKEN, EXPIRED, THROTTLED, UNAVAILABLE, FaultyAws, Refusal, unknown_principal
from tests.job.jobs import write_project

HUB, SPOKE, OTHER = "100000000000", "100000000001", "100000000002"
READS: dict[str, tuple[str, ...]] = {"hub": (), "spoke": ("hub",), "other": ()}


@pytest.fixture
def aws() -> Iterator[FaultyAws]:
    with LocalAws() as local, FaultyAws(local.gateway) as faults:
        yield faults


def _up(folder: Path, aws: FaultyAws) -> tuple[JobResult, list[Event]]:
    """Make the stacks in ``folder``."""
    said: list[Event] = []
    engine = InProcessEngine(program, aws.gateway)
    stacks = Stacks(folder, engine, InProcessBackend(engine.deployed), workers=Threads(1), on_event=said.append)
    return stacks.up(), said


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (THROTTLED, "throttled"),
        (BROKEN, "unavailable"),
        (EXPIRED, "credentials"),
        (unknown_principal("arn:aws:iam::111111111111:role/Fresh"), "propagation"),
    ],
    ids=lambda each: each if isinstance(each, str) else each.code,
)
def test_what_aws_refuses_fails_its_stack_and_the_others_finish(
    tmp_path: Path, aws: FaultyAws, refusal: Refusal, kind: str
) -> None:
    write_project(tmp_path, READS)
    aws.refuse(refusal, "CreateRole", key=HUB)
    result, said = _up(tmp_path, aws)
    assert {name: each.status for name, each in result.outcomes.items()} == {
        "hub": "failed",
        "spoke": "skipped",
        "other": "changed",
    }
    assert next(iter(result.outcomes)) == "hub", "what failed comes first"
    hub = result.outcomes["hub"]
    assert (hub.kind, bool(hub.fix)) == (kind, True)
    assert f"CreateRole: {refusal.code}: " in hub.error
    assert [(each.stack, each.because) for each in said if isinstance(each, StackSkipped)] == [("spoke", "hub failed")]


def test_calls_are_repeated_where_the_config_asks_for_it(tmp_path: Path, aws: FaultyAws) -> None:
    write_project(tmp_path, {"hub": ()})
    file = tmp_path / "Pulumi.hub.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"]["aws:maxRetries"] = 2
    file.write_text(yaml.safe_dump(content))
    aws.refuse(THROTTLED, "CreateRole", key=HUB, times=1)
    aws.refuse(UNAVAILABLE, "CreateRole", key=HUB, times=1)
    result, _ = _up(tmp_path, aws)
    assert result.ok
    assert aws.count("CreateRole", HUB) == 3
