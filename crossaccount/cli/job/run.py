"""How a verb of the job is run: the fleet it works on, what is shown meanwhile, and how the command ends."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.reading import load_program

if TYPE_CHECKING:
    from crossaccount.engine.deployment import Program
    from crossaccount.job.events import Event, Tell
    from crossaccount.job.fleet import Fleet, JobResult
    from crossaccount.job.running.workers import Workers
    from crossaccount.job.states.backend import Backend
    from crossaccount.job.work import StackEngine

EXIT = {"succeeded": 0, "failed": 1, "refused": 1, "drifted": 1, "interrupted": 130}


@dataclass(frozen=True)
class Asked:
    """What the options that all verbs share ask for."""

    verb: str
    directory: Path
    as_json: bool = False
    local: bool = False
    parallel: int | None = None
    scheduler: str | None = None
    log: Path | None = None
    """Where events are kept besides."""
    quiet: bool = False
    """Whether only what goes wrong is shown."""


def run_job(asked: Asked, run: Callable[[Fleet], JobResult], *, deployed: bool = False) -> None:
    """Do ``run`` with the fleet, and end with the exit code of its result; ``deployed`` as for ``open_fleet``."""
    with failures_in_words(asked.as_json), open_fleet(asked, deployed=deployed) as fleet:
        result = run(fleet)
    raise typer.Exit(EXIT[result.status])


@contextmanager
def open_fleet(asked: Asked, *, deployed: bool = False, on_stderr: bool = False) -> Iterator[Fleet]:
    """The stacks in a folder, told about on stdout, or ``on_stderr`` where stdout holds a document.

    A local AWS is empty: where a verb is about what is ``deployed``, all stacks are brought up there first.
    """
    from crossaccount.cli.job.view import job_view
    from crossaccount.job.fleet import Fleet
    from crossaccount.job.review.live import LiveAccounts, empty_account
    from crossaccount.job.running.stopping import terminated_as_interrupted

    # When a CLI is killed, its job says so; the SDK would say besides that it hears nothing more.
    warnings.filterwarnings("ignore", message="Error in event stream")
    place, workers, program = _place(asked), _workers(asked), load_program()
    with (
        terminated_as_interrupted(),
        job_view(asked.as_json, on_stderr, asked.quiet) as view,
        _log(asked.log) as log,
        place(asked.directory, program) as parts,
    ):
        accounts = LiveAccounts(_configs(asked, parts), local=asked.local)
        fleet = Fleet(
            asked.directory,
            parts.engine,
            parts.backend,
            workers=workers,
            on_event=_both(view, log),
            live=empty_account if asked.local else accounts,
            accounts=accounts,
            sign_in=None if asked.local else accounts.signed_in,
        )
        if asked.local and deployed and not (made := fleet.up()).ok:
            raise typer.Exit(EXIT[made.status])
        yield fleet


def _configs(asked: Asked, parts: Any) -> Mapping[str, Mapping[str, object]]:
    """The stacks' configs with the credentials that reach their accounts."""
    from crossaccount.job.opening import local_configs
    from crossaccount.settings import read_project

    return local_configs(asked.directory, parts.aws.endpoint) if asked.local else read_project(asked.directory).stacks


def _log(file: Path | None) -> AbstractContextManager[Tell | None]:
    from crossaccount.job.event_log import event_log

    return event_log(file, _complain) if file else nullcontext()


def _both(view: Tell, log: Tell | None) -> Tell:
    """Keeps an event, then shows it; stdout may be a full disk, or its reader may go away."""
    from crossaccount.job.event_log import surviving

    shown = surviving(view, "stdout", _without_stdout)

    def tell(event: Event) -> None:
        if log:
            log(event)
        shown(event)

    return tell


def _complain(text: str) -> None:
    with suppress(OSError):
        typer.echo(text, err=True)


def _without_stdout(text: str) -> None:
    _complain(text)
    # What is still in its buffer would fail once more when this process ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class _Parts(Protocol):
    """What a fleet is made of, besides the project."""

    @property
    def engine(self) -> StackEngine: ...
    @property
    def backend(self) -> Backend: ...


def _place(asked: Asked) -> Callable[[Path, Program], AbstractContextManager[_Parts]]:
    """Where the job runs; without a CLI only on a local AWS, and only what can be done in this process."""
    from crossaccount.engine.pulumi_cli import installed
    from crossaccount.iam.problem import Problem
    from crossaccount.settings import SettingsError

    if installed():
        from crossaccount.job.local import local_fleet
        from crossaccount.job.real import real_fleet

        return local_fleet if asked.local else real_fleet
    from crossaccount.job.engine.in_process import VERBS, in_process_fleet

    if asked.local and asked.verb in VERBS:
        return in_process_fleet
    fix = "install it: https://www.pulumi.com/docs/install/"
    fix += "; or rehearse without it: --local" if asked.verb in VERBS else ""
    raise SettingsError([Problem(asked.verb, "needs the pulumi CLI, and there is none on the PATH", "pulumi", fix)])


def _workers(asked: Asked) -> Workers:
    from crossaccount.engine.pulumi_cli import installed
    from crossaccount.iam.problem import Problem
    from crossaccount.job.running.cluster import Cluster
    from crossaccount.job.running.workers import Threads
    from crossaccount.settings import SettingsError

    if asked.scheduler is None and not installed():
        return Threads(1)
    if asked.scheduler is None:
        return Threads(asked.parallel) if asked.parallel else Threads()
    if asked.local:
        fix = "leave one of the two out"
        what = "a local AWS is of this process alone: workers elsewhere cannot reach it"
        raise SettingsError([Problem("--scheduler", what, asked.scheduler, fix)])
    return Cluster(asked.scheduler, asked.parallel)
