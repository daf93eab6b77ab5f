"""Where stacks are run makes no difference to what comes back."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from crossaccount.job.events import Event, Message
from crossaccount.job.running.workers import OnExecutor, Threads, Workers
from tests.job.engines import FailingEngine, SleepingEngine, work


@pytest.fixture(params=["threads", "thread executor", "process executor"])
def workers(request: pytest.FixtureRequest) -> Iterator[Workers]:
    if request.param == "threads":
        yield Threads(2)
        return
    spawn = multiprocessing.get_context("spawn")
    executor = ThreadPoolExecutor(2) if "thread" in request.param else ProcessPoolExecutor(2, mp_context=spawn)
    with executor:
        yield OnExecutor(executor, 2)


def test_outcomes_and_events_come_back(workers: Workers) -> None:
    told: list[Event] = []
    with workers.open(SleepingEngine(), told.append) as submit:
        outcomes = [each.result(60) for each in [submit(work("one")), submit(work("two"))]]
    assert [each.outputs for each in outcomes] == [{"stack": "one"}, {"stack": "two"}]
    assert sorted(each.stack for each in told if isinstance(each, Message)) == ["one", "two"]


def test_a_mistake_comes_back_as_the_error_that_it_is(workers: Workers) -> None:
    with workers.open(FailingEngine(), print) as submit:
        error = submit(work("one")).exception(60)
    assert isinstance(error, ZeroDivisionError)


def test_threads_are_stopped_through_the_engine() -> None:
    engine, threads = SleepingEngine(30), Threads(1)
    with threads.open(engine, print) as submit:
        running = submit(work("one"))
        threads.interrupt(engine)
        assert running.result(10).status == "interrupted"
