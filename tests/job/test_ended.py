"""What has ended is removed by the next update, which says so; a plan goes on as at the time of its review."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crossaccount.engine.work import Work
from crossaccount.job import events
from crossaccount.job.review.approval import Approval
from crossaccount.job.running.workers import Threads
from crossaccount.job.stacks import Stacks
from crossaccount.settings import moment
from tests.job.jobs import ScriptedEngine
from tests.job.review.reviewing import Estate

END = datetime(2099, 4, 1, tzinfo=UTC)
BEFORE, AFTER = END - timedelta(hours=1), END + timedelta(hours=1)
GRANT = {"inline": {"in": {"assume": ["workload/role/Deployer"]}}}
STACKS: dict[str, Any] = {
    "auth": {
        "trusted": {
            "users": {"bo": {"groups": [{"name": "Ops", "expires": "2099-03-31"}]}, "kim": {}},
            "groups": {"Ops": GRANT},
        }
    },
    "workload": {"trusting": {"roles": {"Deployer": {"trust": [{"principals": ["auth"]}]}}}},
}
NOT_DEPLOYED = (
    "Pulumi.auth.yaml: trusted.users.bo.groups[0]: the membership in Ops has ended, so it is no longer deployed, "
    'got "2099-04-01 00:00 UTC"; remove it, or set a later date'
)


def write_plan(work: Work, emit: events.Emit) -> None:
    del emit
    if work.verb == "preview" and work.plan:
        work.plan.write_text(f"plan of {work.stack}")


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """A project that was deployed before the end."""
    return Estate.deployed(tmp_path / "project", STACKS)


def stacks_at(estate: Estate, now: datetime | None, told: list[events.Event]) -> tuple[Stacks, ScriptedEngine]:
    engine = ScriptedEngine(before=write_plan)
    stacks = Stacks(
        estate.folder,
        engine,
        estate.states,  # type: ignore[arg-type]
        workers=Threads(1),
        on_event=told.append,
        live=lambda stack, _: estate.live[stack],
        now=now,
    )
    return stacks, engine


def groups(work: Work, user: str) -> list[str]:
    assert work.compiled is not None
    (found,) = (each for each in work.compiled.declared["UserDetailList"] if each["UserName"] == user)
    names: list[str] = found["GroupList"]
    return names


def test_the_update_after_the_end_removes_says_so_and_goes_on(estate: Estate) -> None:
    before, _ = stacks_at(estate, BEFORE, [])
    assert (before.review().access.verdict, before.review().warnings) == ("neutral", ())

    after, engine = stacks_at(estate, AFTER, [])
    result = after.up(approval=Approval())
    assert result.ok
    assert result.review is not None
    assert [each.kind for each in result.review.access.changes] == ["path-lost"]
    assert NOT_DEPLOYED in result.review.warnings
    assert [(work.stack, work.now) for work in engine.asked] == [("auth", AFTER), ("workload", AFTER)]
    assert groups(engine.asked[0], "bo") == []


def test_an_update_without_a_review_says_it_too(estate: Estate) -> None:
    told: list[events.Event] = []
    stacks_at(estate, AFTER, told)[0].up()
    assert NOT_DEPLOYED in [each.text for each in told if isinstance(each, events.Message)]


def test_the_digest_stays_overnight_until_something_ends(estate: Estate) -> None:
    digests = [stacks_at(estate, now, [])[0].review().digest for now in (BEFORE - timedelta(days=9), BEFORE, AFTER)]
    assert digests[0] == digests[1]
    assert digests[1] != digests[2]


def test_a_plan_is_applied_as_at_its_review_although_something_ended_since(estate: Estate, tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    assert stacks_at(estate, BEFORE, [])[0].preview(save_plan=plan).ok
    told: list[events.Event] = []
    stacks, engine = stacks_at(estate, AFTER, told)
    assert stacks.up(approval=Approval(), plan=plan).ok
    assert {work.now for work in engine.asked} == {BEFORE}
    assert groups(engine.asked[0], "bo") == ["Ops"]
    assert [each.text for each in told if isinstance(each, events.Message)] == [
        "Pulumi.auth.yaml: trusted.users.bo.groups[0]: the membership in Ops has ended since the plan was saved; an "
        "update without the plan removes it"
    ]


def test_a_plan_does_not_give_what_has_ended_since(estate: Estate, tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    for user in estate.live["auth"]["UserDetailList"]:
        user["GroupList"] = []
    assert stacks_at(estate, BEFORE, [])[0].preview(save_plan=plan).ok
    told: list[events.Event] = []
    stacks, engine = stacks_at(estate, AFTER, told)
    asked = len(engine.asked)
    result = stacks.up(approval=Approval(kinds=frozenset({"broadening"})), plan=plan)
    assert (result.status, len(engine.asked)) == ("refused", asked)
    [refused] = [each for each in told if isinstance(each, events.Refused)]
    assert refused.because == (
        "Pulumi.auth.yaml: trusted.users.bo.groups[0]: the membership in Ops has ended since the plan was saved, and "
        f"the plan gives access; review again: preview --save-plan {plan}",
    )


def test_a_run_reads_the_clock_once(estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(AFTER)
    monkeypatch.setattr(moment, "datetime", clock)
    stacks, _ = stacks_at(estate, None, [])
    stacks.preview(save_plan=tmp_path / "plan")
    assert (clock.read, stacks.loaded.now) == (1, AFTER)
    stacks, _ = stacks_at(estate, None, [])
    assert stacks.up(approval=Approval(), plan=tmp_path / "plan").ok
    assert clock.read == 2


class Clock:
    """Passes an hour each time that it is read."""

    def __init__(self, now: datetime) -> None:
        self.time, self.read = now - timedelta(hours=1), 0

    def now(self, zone: object) -> datetime:
        assert zone is UTC
        self.read, self.time = self.read + 1, self.time + timedelta(hours=1)
        return self.time
