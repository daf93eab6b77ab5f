"""What is tried again, how often, and what is told of it. Nothing waits really."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from crossaccount.engine.retries import Patience, RetryingEngine
from crossaccount.engine.work import Change, Outcome, Work
from crossaccount.job import events
from crossaccount.job.events import Event, Retrying
from tests.job.engines import SleepingEngine

UP = Work("up", "project", "auth", Path(), "111111111111")
THROTTLED = Outcome("auth", "failed", error="CreateRole: Throttling", kind="throttled", passing=True)
SPREADING = replace(THROTTLED, kind="propagation")
DENIED = Outcome("auth", "failed", error="AccessDenied", kind="denied")
DONE = Outcome("auth", "unchanged", counts={"same": 3})
AT_ONCE = Patience(first=0.0)


@dataclass
class Scripted:
    """Gives its outcomes, one for each run."""

    outcomes: list[Outcome]
    runs: int = 0
    interrupted: bool = False
    name: str = "scripted"

    def run(self, work: Work, emit: events.Emit) -> Outcome:
        del work, emit
        self.runs += 1
        return self.outcomes.pop(0)

    def interrupt(self) -> None:
        self.interrupted = True


@dataclass
class Told:
    """What was told."""

    said: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.said.append(event)

    @property
    def attempts(self) -> list[int]:
        return [each.attempt for each in self.said if isinstance(each, Retrying)]


def _run(outcomes: Sequence[Outcome], patience: Patience = AT_ONCE, work: Work = UP) -> tuple[Outcome, Told]:
    told = Told()
    return RetryingEngine(Scripted([*outcomes]), patience).run(work, told), told


def test_a_stack_that_was_throttled_is_tried_again_and_that_is_reported() -> None:
    outcome, told = _run([THROTTLED, THROTTLED, DONE])
    assert outcome.status == "unchanged"
    assert told.attempts == [2, 3]
    assert [each.because for each in told.said if isinstance(each, Retrying)] == ["CreateRole: Throttling"] * 2


def test_a_stack_is_not_tried_for_ever() -> None:
    outcome, told = _run([THROTTLED] * 10, Patience(attempts=3, first=0.0))
    assert (outcome.status, outcome.kind) == ("failed", "throttled")
    assert told.attempts == [2, 3]


def test_what_does_not_pass_is_not_tried_again() -> None:
    outcome, told = _run([DENIED, DONE])
    assert (outcome.kind, told.attempts) == ("denied", [])


def test_an_unknown_principal_is_waited_for_only_where_this_job_just_made_it() -> None:
    assert _run([SPREADING, DONE])[0].status == "failed"
    assert _run([SPREADING, DONE], work=replace(UP, fresh=True))[0].status == "unchanged"


def test_waits_grow_and_are_bounded_each_and_together() -> None:
    patience = Patience(attempts=9, first=5.0, longest=60.0, total=180.0)
    assert [patience.wait(attempt, 0.0, chance=1.0) for attempt in (1, 2, 3, 4, 5, 6)] == [5, 10, 20, 40, 60, 60]
    assert patience.wait(1, 0.0, chance=0.0) == 2.5, "stacks that were throttled together part"
    assert patience.wait(5, 150.0, chance=1.0) is None
    assert patience.wait(9, 0.0, chance=0.0) is None


def test_what_the_first_attempt_made_counts() -> None:
    role = Change("create", "urn:role", "aws:iam/role:Role", "role", None, None)
    policy = Change("create", "urn:policy", "aws:iam/policy:Policy", "policy", None, None)
    first = replace(THROTTLED, counts={"create": 1, "same": 1}, changes=(role,))
    last = Outcome("auth", "changed", counts={"create": 2, "same": 2}, changes=(policy,))
    outcome, _ = _run([first, last])
    assert outcome.counts == {"create": 3, "same": 1}
    assert outcome.changes == (role, policy)
    assert _run([first, replace(last, status="unchanged", counts={"same": 2})])[0].status == "changed"


def test_a_wait_ends_when_somebody_asks_to_stop() -> None:
    inner = Scripted([THROTTLED, DONE])
    engine, told = RetryingEngine(inner, Patience(first=60.0, total=600.0)), threading.Event()
    outcomes: list[Outcome] = []
    waiting = threading.Thread(target=lambda: outcomes.append(engine.run(UP, lambda _: told.set())))
    waiting.start()
    assert told.wait(10)
    engine.interrupt()
    waiting.join(10)
    assert [each.status for each in outcomes] == ["failed"]
    assert (inner.runs, inner.interrupted) == (1, True)


def test_it_travels_to_workers() -> None:
    copy: RetryingEngine = pickle.loads(pickle.dumps(RetryingEngine(SleepingEngine(), Patience(attempts=2))))
    assert copy.patience == Patience(attempts=2)
    assert copy.name == "sleeping"


@pytest.mark.parametrize("verb", ["preview", "up", "refresh", "destroy"])
def test_every_verb_may_be_tried_again(verb: str) -> None:
    assert _run([THROTTLED, DONE], work=replace(UP, verb=verb))[0].status == "unchanged"
