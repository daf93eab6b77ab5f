"""The job on a Dask cluster of two processes on this machine."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from crossaccount.job.errors import WorkersError
from crossaccount.job.events import Event, Message
from crossaccount.job.running.cluster import Cluster
from tests.job.engines import FailingEngine, SleepingEngine, work

pytestmark = pytest.mark.filterwarnings("default")
"""Dask's own warnings are not ours to mend."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0") as cluster:
        yield cluster.scheduler_address


def test_stacks_run_on_the_workers_and_say_so_as_it_happens(address: str) -> None:
    told: list[Event] = []
    cluster = Cluster(address)
    with cluster.open(SleepingEngine(), told.append) as submit:
        outcomes = [each.result(60) for each in [submit(work(name)) for name in ("one", "two", "three")]]
        _wait_for(lambda: len(told) == 3)
    assert cluster.parallel == 2
    assert [each.outputs["stack"] for each in outcomes] == ["one", "two", "three"]
    assert sorted(each.stack for each in told if isinstance(each, Message)) == ["one", "three", "two"]


def test_the_stack_of_a_lost_worker_is_run_by_another_and_that_is_reported(address: str, tmp_path: Path) -> None:
    told: list[Event] = []
    cluster = Cluster(address)
    with cluster.open(SleepingEngine(2, tmp_path), told.append) as submit:
        running = [submit(work(name)) for name in ("one", "two", "three")]
        _wait_for(lambda: len(list(tmp_path.iterdir())) == 2)
        os.kill(next(iter(cluster.run_everywhere(os.getpid).values())), signal.SIGKILL)
        statuses = [each.result(60).status for each in running]
        _wait_for(lambda: any(_is_lost(each) for each in told))
    assert statuses == ["unchanged"] * 3
    assert sum(_is_lost(each) for each in told) == 1


def test_an_interrupt_reaches_the_workers(address: str, tmp_path: Path) -> None:
    cluster, engine = Cluster(address), SleepingEngine(60, tmp_path)
    with cluster.open(engine, print) as submit:
        running = submit(work("one"))
        _wait_for(lambda: (tmp_path / "one").exists())
        cluster.interrupt(engine)
        assert running.result(20).status == "interrupted"


def test_a_mistake_on_a_worker_comes_back_as_the_error_that_it_is(address: str) -> None:
    with Cluster(address).open(FailingEngine(), print) as submit:
        assert isinstance(submit(work("one")).exception(60), ZeroDivisionError)


def test_no_scheduler_is_reported_in_a_line() -> None:
    with pytest.raises(
        WorkersError, match=r'no Dask scheduler answers.*got "tcp://127\.0\.0\.1:1"; start one: dask scheduler'
    ):
        Cluster("tcp://127.0.0.1:1", connect_seconds=1)


def test_a_cluster_without_workers_is_reported_in_a_line() -> None:
    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address="127.0.0.1:0") as empty,
        pytest.raises(WorkersError, match="the cluster has no worker"),
    ):
        Cluster(empty.scheduler_address)


def _is_lost(event: Event) -> bool:
    return isinstance(event, Message) and "was lost" in event.text


def _wait_for(condition: object, seconds: float = 30) -> None:
    assert callable(condition)
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)
