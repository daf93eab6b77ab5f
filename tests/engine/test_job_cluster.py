"""The job on the real engine, on the workers of a Dask cluster."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from distributed import LocalCluster

from components.program import program
from crossaccount.engine.pulumi_cli import installed
from crossaccount.job.events import Event, Message, Resource
from crossaccount.job.opening import LocalParts, local_parts
from crossaccount.job.running.cluster import Cluster
from crossaccount.job.stacks import Stacks

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not installed(), reason="there is no pulumi CLI on the PATH"),
    pytest.mark.filterwarnings("default"),
]

TUTORIAL = Path(__file__).parents[2] / "examples" / "tutorial"


@pytest.fixture
def address() -> Iterator[str]:
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0") as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def local() -> Iterator[LocalParts]:
    with local_parts(TUTORIAL, program) as found:
        yield found


def test_a_worker_lost_in_the_middle_of_an_update_leaves_a_fleet_that_the_same_command_finishes(
    address: str, local: LocalParts
) -> None:
    told: list[Event] = []
    cluster = Cluster(address)
    losing = _Losing(cluster, told)
    with losing.watching():
        Stacks(TUTORIAL, local.engine, local.backend, workers=cluster, on_event=losing).up()
    assert any(isinstance(each, Message) and "was lost" in each.text for each in told)

    assert set(_up(address, local).values()) <= {"changed", "unchanged"}
    assert _up(address, local) == {"production": "unchanged", "development": "unchanged"}
    roles = local.aws.session("999999999999").iam.list_roles()["Roles"]
    assert [role["RoleName"] for role in roles] == ["UpdateApp"]


class _Losing:
    """Kills the worker that is busy once it has made the role."""

    def __init__(self, cluster: Cluster, told: list[Event]) -> None:
        self._cluster = cluster
        self._told = told
        self._made = threading.Event()

    def __call__(self, event: Event) -> None:
        self._told.append(event)
        if isinstance(event, Resource) and event.type == "aws:iam/role:Role":
            self._made.set()

    @contextmanager
    def watching(self) -> Iterator[None]:
        watcher = threading.Thread(target=self._kill)
        watcher.start()
        yield
        watcher.join()

    def _kill(self) -> None:
        assert self._made.wait(60)
        [busy] = self._cluster.busy()
        os.kill(self._cluster.run_everywhere(os.getpid)[busy], signal.SIGKILL)


def _up(address: str, local: LocalParts) -> dict[str, str]:
    result = Stacks(TUTORIAL, local.engine, local.backend, workers=Cluster(address)).up()
    return {stack: outcome.status for stack, outcome in result.outcomes.items()}
