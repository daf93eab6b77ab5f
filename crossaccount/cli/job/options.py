"""Arguments and options of the job's verbs, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
SchedulerOption = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="Run the stacks on the workers of this Dask scheduler."),
]
LogOption = Annotated[
    Path | None,
    typer.Option("--log", metavar="FILE", help="Append every event to FILE as a JSON line, whatever is shown."),
]
JsonLinesOption = Annotated[bool, typer.Option("--json", help="One JSON line on stdout for every event.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show only what went wrong, and the summary.")]
