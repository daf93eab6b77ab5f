"""``destroy``: in which order, what it refuses, and whom it asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossaccount.job import events
from crossaccount.job.review.readiness import Removal
from tests.job.jobs import deployed, job, write_project

ALL = ("hub", "prod-a", "prod-b")


def _nobody(removal: Removal) -> str:
    raise AssertionError(f"nobody is to be asked about {removal}")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path, {"hub": (), "prod-a": ("hub",), "prod-b": ("hub",)})


def _protecting(stack: str) -> dict[str, object]:
    urn = f"urn:pulumi:{stack}::fleet::aws:iam/role:Role::{stack}-role-Auditor"
    kept = {"urn": urn, "type": "aws:iam/role:Role", "protect": True}
    return {
        "resources": [kept, {**kept, "urn": f"{urn}2", "protect": False}, {**kept, "urn": f"{urn}3", "delete": True}]
    }


def test_readers_go_before_those_they_read(project: Path) -> None:
    its = job(project, backend=deployed(*ALL))
    assert its.stacks.destroy().ok
    asked = [work.stack for work in its.engine.asked]
    assert (set(asked[:2]), asked[2]) == ({"prod-a", "prod-b"}, "hub")


def test_a_stack_that_a_deployed_one_reads_stays_unless_reported(project: Path) -> None:
    its = job(project, backend=deployed("hub", "prod-a"))
    result = its.stacks.destroy(["hub"])
    assert (result.status, its.engine.asked) == ("refused", [])
    [refused] = its.of(events.Refused)
    assert refused.because == (
        "prod-a: reads the outputs of hub, which would be destroyed; destroy prod-a as well, or pass --leave-readers",
    )
    assert its.stacks.destroy(["hub"], leave_readers=True).ok


def test_readers_that_go_as_well_or_were_never_deployed_stand_in_nobodys_way(project: Path) -> None:
    assert job(project, backend=deployed("hub", "prod-a")).stacks.destroy(["hub", "prod-a"]).ok
    assert job(project, backend=deployed("hub")).stacks.destroy(["hub"]).ok


def test_what_is_protected_is_named_before_anything_goes(project: Path) -> None:
    backend = deployed(*ALL)
    backend.states |= {"prod-a": _protecting("prod-a"), "prod-b": _protecting("prod-b")}
    its = job(project, backend=backend)
    assert its.stacks.destroy().status == "refused"
    because = its.of(events.Refused)[0].because
    assert [line.partition(";")[0] for line in because] == [
        "prod-a: 1 protected, got prod-a-role-Auditor",
        "prod-b: 1 protected, got prod-b-role-Auditor",
    ]
    assert its.engine.asked == []


def test_somebody_is_asked_last_and_reported_what_goes(project: Path) -> None:
    its = job(project, backend=deployed("hub", "prod-a", resources=5))
    seen: list[Removal] = []

    def no(removal: Removal) -> str:
        seen.append(removal)
        return "not today"

    assert its.stacks.destroy(approve=no).status == "refused"
    assert its.of(events.Refused)[0].because == ("not today",)
    assert (dict(seen[0].stacks), its.engine.asked) == ({"hub": 5, "prod-a": 5}, [])
    assert its.stacks.destroy(["hub"], approve=no).status == "refused"
    assert len(seen) == 1, "nobody is asked for what is refused anyway"
    assert its.stacks.destroy(approve=lambda _: "").ok


def test_nothing_deployed_is_nothing_to_ask(project: Path) -> None:
    its = job(project)
    assert its.stacks.destroy(approve=_nobody).ok
    assert its.engine.asked == []
