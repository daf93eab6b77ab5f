"""Steps when something goes wrong: a stack fails, a worker crashes, somebody asks to stop. No engine, no AWS."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

import pytest

from crossaccount.engine.work import Outcome
from crossaccount.job.events import Event, Stopping
from crossaccount.job.review.order import Step
from crossaccount.job.running.runner import Run, run_steps
from crossaccount.job.running.stopping import Stop, heeding_signals, interrupter

STEPS = [Step("a"), Step("b", frozenset({"a"})), Step("c", frozenset({"b"})), Step("d")]


@dataclass
class Job:
    """Runs steps; ``does`` says what a stack comes to, by default that it is unchanged."""

    does: dict[str, Callable[[], Outcome]] = field(default_factory=dict)
    stop: Stop = field(default_factory=Stop)
    ended: list[str] = field(default_factory=list)
    said: list[Event] = field(default_factory=list)
    engine_stopped: int = 0

    def run(self, steps: Sequence[Step] = STEPS, parallel: int = 2) -> Run:
        with ThreadPoolExecutor(parallel) as threads:

            def submit(step: Step, _: Run) -> Future[Outcome]:
                return threads.submit(self.does.get(step.stack, lambda: Outcome(step.stack, "unchanged")))

            interrupt = interrupter(self._stop_engine, self.said.append)
            return run_steps(steps, submit, parallel, on_end=self._end, stop=self.stop, interrupt=interrupt)

    def _end(self, step: Step, outcome: Outcome) -> None:
        self.ended.append(f"{step.stack} {outcome.status}")

    def _stop_engine(self) -> None:
        self.engine_stopped += 1


def _fail(stack: str) -> Callable[[], Outcome]:
    return lambda: Outcome(stack, "failed", error="no")


def _after(began: threading.Event, stop: Stop) -> Callable[[], None]:
    def request() -> None:
        began.wait(10)
        stop.request("SIGTERM")

    return request


def _crash() -> Outcome:
    raise ZeroDivisionError("mistake")


def test_dependants_of_a_failed_stack_are_skipped_and_say_whose_fault_it_is() -> None:
    job = Job({"a": _fail("a")})
    outcomes = job.run().outcomes
    assert {name: each.status for name, each in outcomes.items()} == {
        "a": "failed",
        "b": "skipped",
        "c": "skipped",
        "d": "unchanged",
    }
    assert (outcomes["b"].error, outcomes["c"].error) == ("a failed", "b skipped")


def test_a_mistake_of_ours_fails_its_stack_alone() -> None:
    outcomes = Job({"a": _crash}).run().outcomes
    assert (outcomes["a"].status, outcomes["a"].kind) == ("failed", "worker")
    assert outcomes["a"].error == "ZeroDivisionError: mistake"
    assert outcomes["d"].status == "unchanged"


def test_workers_that_are_all_gone_fail_the_stacks_and_not_the_job() -> None:
    def submit(*_: object) -> Future[Outcome]:
        raise BrokenProcessPool("a worker died")

    run = run_steps(STEPS, submit, 2, on_end=lambda *_: None, stop=Stop(), interrupt=lambda *_: None)
    assert {name: each.status for name, each in run.outcomes.items()} == {
        "a": "failed",
        "b": "skipped",
        "c": "skipped",
        "d": "failed",
    }
    assert run.outcomes["a"].error == "BrokenProcessPool: a worker died"


def test_a_request_to_stop_lets_what_runs_end_and_begins_nothing_more() -> None:
    job, began = Job(), threading.Event()

    def slow() -> Outcome:
        began.set()
        while not job.engine_stopped:
            began.wait(0.01)
        return Outcome("a", "interrupted", error="stopped on request")

    job.does["a"] = slow
    requesting = threading.Thread(target=_after(began, job.stop))
    requesting.start()
    run = job.run(parallel=1)
    requesting.join()
    assert run.interrupted
    assert {name: each.status for name, each in run.outcomes.items()} == {
        "a": "interrupted",
        "b": "skipped",
        "c": "skipped",
        "d": "skipped",
    }
    assert run.outcomes["d"].error == "the job was interrupted"
    [stopping] = [each for each in job.said if isinstance(each, Stopping)]
    assert (stopping.by, stopping.waiting_for) == ("SIGTERM", ("a",))


def test_the_second_request_only_says_what_is_waited_for_and_the_third_gives_up() -> None:
    job, began = Job(), threading.Event()

    def stubborn() -> Outcome:
        began.set()
        while job.engine_stopped < 2:
            began.wait(0.01)
        return Outcome("a", "interrupted")

    def request() -> None:
        began.wait(10)
        for times in (1, 2, 3):
            job.stop.request("SIGINT")
            while sum(isinstance(each, Stopping) for each in job.said) < times:
                began.wait(0.01)
            stopped.append(job.engine_stopped)

    stopped: list[int] = []
    job.does["a"] = stubborn
    requesting = threading.Thread(target=request)
    requesting.start()
    job.run([Step("a")])
    requesting.join(10)
    assert stopped[:2] == [1, 1], "the engine is asked once, and not again by the second request"
    assert job.engine_stopped == 2
    texts = [each.text for each in job.said if isinstance(each, Stopping)]
    assert "waiting for a to complete" in texts[0]
    assert "still waiting for a; one more request gives up" in texts[1]
    assert texts[2] == "SIGINT: giving up a"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_ask_to_stop_and_nothing_is_raised(number: signal.Signals) -> None:
    before, stop = signal.getsignal(number), Stop()
    with heeding_signals(stop):
        os.kill(os.getpid(), number)
        signal.sigtimedwait([], 0.01)
    assert stop.requests() == (number.name,)
    assert signal.getsignal(number) is before


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with heeding_signals(Stop()):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_elsewhere_than_in_the_main_thread_signals_are_left_alone() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def look() -> None:
        with heeding_signals(Stop()):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]
