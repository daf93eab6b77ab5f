"""``destroy``: in which order, what it refuses, and whom it asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crossaccount.job import events
from crossaccount.job.review.approval import Approval, Approved
from crossaccount.job.review.readiness import Removal
from crossaccount.job.review.review import AccessReviewed
from crossaccount.job.states import KnownStack
from tests.job.jobs import WHEN, Job, MemoryBackend, deployed, job, write_project
from tests.job.review.test_control_policies import NO_S3, Project

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


@dataclass
class Live:
    """The accounts and the organisation of a project, as AWS has them."""

    project: Project

    def __call__(self, stack: str, account_id: str) -> Mapping[str, Any]:
        del account_id
        return self.project.estate.live[stack]

    def organization(self, stack: str) -> Mapping[str, Any]:
        del stack
        return self.project.live


def _limited(tmp_path: Path) -> Job:
    """The job of a project whose stack ``auth`` has deployed a control policy."""
    project = Project(tmp_path / "p", NO_S3)
    states = project.estate.states.states
    backend = MemoryBackend({name: KnownStack(name, WHEN, 3) for name in states}, dict(states))
    return job(project.folder, backend=backend, accounts=Live(project))


def test_control_policies_are_not_destroyed_without_the_approval_of_a_broadening(tmp_path: Path) -> None:
    its = _limited(tmp_path)
    result = its.stacks.destroy(["auth"], approval=Approval())
    assert (result.status, its.engine.asked) == ("refused", [])
    assert its.of(events.Refused)[0].because == (
        "this removal broadens access, which needs approval, and there is no terminal to ask at; nothing is applied: "
        "--approve broadening",
    )
    [reviewed] = its.of(AccessReviewed)
    assert reviewed.to_json()["verdict"] == "broadening"


def test_their_approval_is_recorded_before_anything_is_deleted(tmp_path: Path) -> None:
    its, log = _limited(tmp_path), tmp_path / "approvals.jsonl"
    approval = Approval(kinds=frozenset({"broadening"}), log=log)
    result = its.stacks.destroy(["auth"], approval=approval)
    assert (result.ok, [work.stack for work in its.engine.asked]) == (True, ["auth"])
    line = json.loads(log.read_text())
    assert (line["verb"], line["approved"], line["stacks"]) == ("destroy", {"broadening": "beforehand"}, ["auth"])
    assert its.of(Approved)[0].digest == line["digest"]


def test_an_approval_of_another_review_does_not_destroy_them(tmp_path: Path) -> None:
    its = _limited(tmp_path)
    approval = Approval(kinds=frozenset({"broadening"}), reviewed="0" * 64)
    assert its.stacks.destroy(["auth"], approval=approval).status == "refused"
    assert its.of(events.Refused)[0].because[0].startswith("--reviewed: the approval is for another review")


def test_other_stacks_are_destroyed_as_before(tmp_path: Path) -> None:
    its = _limited(tmp_path)
    assert its.stacks.destroy(["workload"], approval=Approval()).ok
    assert its.of(AccessReviewed) == []
    refused = its.stacks.destroy(["workload"], approval=Approval(reviewed="0" * 64))
    assert refused.status == "refused", "there is no such review"
