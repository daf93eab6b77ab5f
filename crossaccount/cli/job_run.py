"""How a verb of the job is run: the fleet it works on, what is shown meanwhile, and how the command ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.reading import load_program

if TYPE_CHECKING:
    from crossaccount.job.fleet import Fleet, JobResult
    from crossaccount.job.workers import Workers

EXIT = {"succeeded": 0, "failed": 1, "refused": 1, "drifted": 1, "interrupted": 130}


def run_job(
    run: Callable[[Fleet], JobResult],
    directory: Path,
    parallel: int | None,
    local: bool,
    as_json: bool,
    *,
    scheduler: str | None = None,
    deployed: bool = False,
) -> None:
    """Do ``run`` with the fleet, and end with the exit code of its result."""
    with (
        failures_in_words(as_json),
        open_fleet(directory, parallel, local, as_json, scheduler=scheduler, deployed=deployed) as fleet,
    ):
        result = run(fleet)
    raise typer.Exit(EXIT[result.status])


@contextmanager
def open_fleet(
    directory: Path,
    parallel: int | None,
    local: bool,
    as_json: bool,
    *,
    scheduler: str | None = None,
    deployed: bool = False,
    on_stderr: bool = False,
) -> Iterator[Fleet]:
    """The stacks in ``directory``, told about on stdout.

    A local AWS is empty: where a verb is about what is ``deployed``, all stacks are brought up there first.
    """
    from crossaccount.cli.job_view import job_view
    from crossaccount.job.fleet import Fleet
    from crossaccount.job.local import local_fleet
    from crossaccount.job.real import real_fleet

    workers = _workers(parallel, scheduler, local)
    program = load_program()
    with job_view(as_json, on_stderr) as tell, (local_fleet if local else real_fleet)(directory, program) as parts:
        fleet = Fleet(directory, parts.engine, parts.backend, workers=workers, on_event=tell)
        if local and deployed and not (made := fleet.up()).ok:
            raise typer.Exit(EXIT[made.status])
        yield fleet


def _workers(parallel: int | None, scheduler: str | None, local: bool) -> Workers:
    from crossaccount.iam.problem import Problem
    from crossaccount.job.cluster import Cluster
    from crossaccount.job.workers import Threads
    from crossaccount.settings import SettingsError

    if scheduler is None:
        return Threads(parallel) if parallel else Threads()
    if local:
        fix = "leave one of the two out"
        what = "a local AWS is of this process alone: workers elsewhere cannot reach it"
        raise SettingsError([Problem("--scheduler", what, scheduler, fix)])
    return Cluster(scheduler, parallel)
