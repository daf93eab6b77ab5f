"""The job's verbs: what they have in common stands here, what a verb means in ``crossaccount.job``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossaccount.cli.failures import failures_in_words
from crossaccount.cli.options import HERE, DirectoryOption
from crossaccount.cli.reading import load_program

if TYPE_CHECKING:
    from crossaccount.job.fleet import Fleet, JobResult

EXIT = {"succeeded": 0, "failed": 1, "refused": 1, "interrupted": 130}

StacksArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[STACK]...", help="Names or patterns, such as 'prod-*'. Default: all."),
]
LocalOption = Annotated[
    bool, typer.Option("--local", help="On a fresh local AWS with a state of its own, gone afterwards.")
]
ParallelOption = Annotated[
    int | None, typer.Option("--parallel", min=1, help="How many stacks at once. Default: as many as cores.")
]
JsonLinesOption = Annotated[bool, typer.Option("--json", help="One JSON line on stdout for every event.")]


def preview(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    parallel: ParallelOption = None,
    local: LocalOption = False,
    as_json: JsonLinesOption = False,
) -> None:
    """What `up` would change, over all stacks; a dependant sees what its upstreams plan."""
    _job(lambda fleet: fleet.preview(stacks or ()), directory, parallel, local, as_json)


def up(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    parallel: ParallelOption = None,
    local: LocalOption = False,
    as_json: JsonLinesOption = False,
) -> None:
    """Bring stacks to what they declare, upstreams first."""
    _job(lambda fleet: fleet.up(stacks or ()), directory, parallel, local, as_json)


def refresh(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    parallel: ParallelOption = None,
    as_json: JsonLinesOption = False,
) -> None:
    """Take into the states what AWS has now."""
    _job(lambda fleet: fleet.refresh(stacks or ()), directory, parallel, False, as_json)


def destroy(
    stacks: StacksArgument = None,
    directory: DirectoryOption = HERE,
    parallel: ParallelOption = None,
    as_json: JsonLinesOption = False,
) -> None:
    """Delete what stacks made, readers first."""
    _job(lambda fleet: fleet.destroy(stacks or ()), directory, parallel, False, as_json)


def _job(run: Callable[[Fleet], JobResult], directory: Path, parallel: int | None, local: bool, as_json: bool) -> None:
    with failures_in_words(as_json), _fleet(directory, parallel, local, as_json) as fleet:
        result = run(fleet)
    raise typer.Exit(EXIT[result.status])


@contextmanager
def _fleet(directory: Path, parallel: int | None, local: bool, as_json: bool) -> Iterator[Fleet]:
    from crossaccount.cli.job_view import job_view
    from crossaccount.job.fleet import Fleet
    from crossaccount.job.local import local_fleet
    from crossaccount.job.real import real_fleet

    program = load_program()
    with job_view(as_json) as tell, (local_fleet if local else real_fleet)(directory, program) as parts:
        yield Fleet(directory, parts.engine, parts.backend, parallel=parallel, on_event=tell)
