"""Runs a verb of the job: shared options, stacks, output and exit code."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from crossaccount.cli.completion import complete_stack
from crossaccount.cli.failures import BAD_INPUT, failures_in_words, stop
from crossaccount.cli.printing import STDOUT, say, without_stdout
from crossaccount.cli.reading import load_program
from crossaccount.cli.tables import Format, asks_for_json

if TYPE_CHECKING:
    from crossaccount.engine.deployment import Program
    from crossaccount.job.events import Emit, Event
    from crossaccount.job.running.workers import Workers
    from crossaccount.job.stacks import JobResult, Stacks

StacksArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="STACK",
        autocompletion=complete_stack,
        help="Select stacks by name or shell pattern, such as 'prod-*'. Default: all.",
    ),
]
LocalOption = Annotated[
    bool, typer.Option("--local", help="Run on a fresh local AWS with its own state, which is deleted afterwards.")
]
ParallelOption = Annotated[
    int | None, typer.Option("--parallel", min=1, help="How many stacks run at once. Default: the number of cores.")
]
SchedulerOption = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="Run the stacks on the workers of this Dask scheduler."),
]
LogOption = Annotated[
    Path | None,
    typer.Option("--log", metavar="FILE", help="Append every event to FILE as a JSON line."),
]
JsonLinesOption = Annotated[bool, typer.Option("--json", help="Print one JSON line on stdout for every event.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
ListFormatOption = Annotated[
    Format | None,
    typer.Option("--format", help="Print a list in this format. Default: lines for people."),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show only failures and the summary.")]


EXIT = {"succeeded": 0, "failed": 1, "refused": 1, "drifted": 1, "interrupted": 130}


@dataclass(frozen=True)
class JobOptions:
    """The options that all verbs share."""

    verb: str
    directory: Path
    as_json: bool = False
    local: bool = False
    parallel: int | None = None
    scheduler: str | None = None
    log: Path | None = None
    """The file that also receives the events."""
    quiet: bool = False
    """Show only failures and the summary."""
    form: Format | None = None
    """The format of the verb's list, in place of lines and the live picture."""


def refuse_list_and_document(form: Format | None, document: Path | None, as_json: bool) -> None:
    """Refuse ``--format`` with a document on stdout."""
    if form is not None and document == STDOUT:
        stop(f"--format: stdout holds the Markdown, got {form}; name a file for that", BAD_INPUT, as_json)


def as_lines(verb: str, directory: Path, form: Format | None, as_json: bool, **more: Any) -> JobOptions:
    """The options of a verb that lists: ``--format json`` is ``--json``."""
    as_json = asks_for_json(form, as_json)
    return JobOptions(verb, directory, as_json, form=None if as_json else form, **more)


def run_job(options: JobOptions, run: Callable[[Stacks], JobResult], *, deployed: bool = False) -> None:
    """Call ``run`` with the project's stacks, and end with its exit code. ``deployed`` is as for ``open_project``."""
    with failures_in_words(options.as_json), open_project(options, deployed=deployed) as project:
        result = run(project)
    end(result)


def end(result: JobResult) -> NoReturn:
    """End with the job's exit code. A bug of this program is raised, for the last line of defence.

    Raises:
        Exception: an unexpected exception of a worker.
    """
    if len(result.faults) > 1:
        raise ExceptionGroup(f"{len(result.faults)} faults", list(result.faults))
    for fault in result.faults:
        raise fault
    raise typer.Exit(EXIT[result.status])


@contextmanager
def open_project(options: JobOptions, *, deployed: bool = False, on_stderr: bool = False) -> Iterator[Stacks]:
    """The stacks in a folder. Events go to stdout, or with ``on_stderr`` to stderr if stdout holds a document.

    A local AWS is empty. If a verb needs ``deployed`` stacks, all stacks are first deployed there.
    """
    from crossaccount.cli.job.view import job_view

    # The job reports a killed CLI; the SDK would add a warning about its event stream.
    warnings.filterwarnings("ignore", message="Error in event stream")
    _refuse_without_cli(options)
    workers, program = _workers(options), load_program()
    with (
        job_view(options.as_json, on_stderr, options.quiet, options.verb, options.form) as view,
        _log(options.log) as log,
        _opened(options, program, workers, _both(view, log)) as project,
    ):
        if options.local and deployed and not (made := project.up()).ok:
            end(made)
        yield project


def _opened(
    options: JobOptions, program: Program, workers: Workers | None, emit: Emit
) -> AbstractContextManager[Stacks]:
    from crossaccount.job.stacks import Stacks

    if options.local:
        return Stacks.local(options.directory, program, workers=workers, on_event=emit, event_log=options.log)
    return nullcontext(Stacks.at(options.directory, program, workers=workers, on_event=emit, event_log=options.log))


def _log(file: Path | None) -> AbstractContextManager[Emit | None]:
    from crossaccount.job.events import event_log

    return event_log(file, _complain) if file else nullcontext()


def _both(view: Emit, log: Emit | None) -> Emit:
    """Logs an event, then shows it. Writing to stdout may fail: a full disk, or a closed pipe."""
    from crossaccount.job.events import until_it_fails

    shown = until_it_fails(view, "stdout", _without_stdout)

    def emit(event: Event) -> None:
        if log:
            log(event)
        shown(event)

    return emit


def _complain(text: str) -> None:
    with suppress(OSError):
        say(text, err=True)


def _without_stdout(text: str) -> None:
    _complain(text)
    without_stdout()


def _refuse_without_cli(options: JobOptions) -> None:
    """Refuse a verb that needs the CLI. Without it only some verbs work, on a local AWS."""
    from crossaccount.engine.pulumi_cli import INSTALL, installed
    from crossaccount.iam.problem import Problem
    from crossaccount.settings import SettingsError

    if installed():
        return
    from crossaccount.engine.local_aws import VERBS

    if options.local and options.verb in VERBS:
        return
    fix = f"{INSTALL}; or rehearse without it: --local" if options.verb in VERBS else INSTALL
    raise SettingsError([Problem(options.verb, "needs the pulumi CLI, which is not on the PATH", "pulumi", fix)])


def _workers(options: JobOptions) -> Workers | None:
    from crossaccount.iam.problem import Problem
    from crossaccount.job.running.cluster import Cluster
    from crossaccount.job.running.workers import Threads
    from crossaccount.settings import SettingsError

    if options.scheduler is None:
        return Threads(options.parallel) if options.parallel else None
    if options.local:
        fix = "remove one of the two options"
        what = "a local AWS belongs to this process: remote workers cannot reach it"
        raise SettingsError([Problem("--scheduler", what, options.scheduler, fix)])
    return Cluster(options.scheduler, options.parallel)
