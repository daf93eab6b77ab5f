"""Options and arguments that several commands share, declared once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class EngineName(StrEnum):
    """Which engine deploys a rehearsal."""

    auto = "auto"
    pulumi = "pulumi"
    in_process = "in-process"


class UnsupportedName(StrEnum):
    """What a rehearsal does about resources that the local AWS cannot make."""

    skip = "skip"
    stop = "stop"


EngineOption = Annotated[
    EngineName, typer.Option("--engine", help="auto: the pulumi CLI where there is one, else in-process.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else there.")]
SourcesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="FILE.json (an account, or an organisation), stack:[DIR/]NAME, state:[DIR/]NAME or live:PROFILE.",
    ),
]
DirectoryOption = Annotated[Path, typer.Option("--dir", metavar="DIR", help="Where stacks are looked up.")]
AccountsOption = Annotated[
    Path | None,
    typer.Option("--accounts", metavar="FILE", help="A YAML map as under crossaccount:accounts: names for accounts."),
]
RunProgramOption = Annotated[
    bool,
    typer.Option("--run-program", help="Run the programs of other projects than this one. Read them first."),
]
OrganizationOption = Annotated[
    Path | None,
    typer.Option("--organization", metavar="FILE", help="A JSON file of the organisation: SCPs and RCPs."),
]
BaseOption = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="REF",
        envvar="CROSSACCOUNT_BASE",
        help="Hold the access tests against those of a git revision.",
    ),
]
HERE = Path()
