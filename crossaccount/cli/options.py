"""Options and arguments that several commands share, declared once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from crossaccount.cli.completion import complete_source


class EngineName(StrEnum):
    """Which engine deploys a rehearsal."""

    auto = "auto"
    pulumi = "pulumi"
    in_process = "in-process"


class UnsupportedName(StrEnum):
    """How a rehearsal treats resources that the local AWS cannot create."""

    skip = "skip"
    stop = "stop"


EngineOption = Annotated[
    EngineName, typer.Option("--engine", help="auto: the pulumi CLI if it is installed, else in-process.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, and nothing else.")]
SourcesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SOURCE",
        autocompletion=complete_source,
        help="FILE.json (an account, or an organisation), stack:[DIR/]NAME, state:[DIR/]NAME, live:PROFILE, or a "
        "program's file: terraform:, preview:, state: or cloudformation:FILE[@ACCOUNT][#before]. NAME may be a "
        "pattern, such as 'prod-*'. Default: all stacks of the project in --dir.",
    ),
]
DirectoryOption = Annotated[Path, typer.Option("--dir", metavar="DIR", help="The folder of Pulumi.yaml.")]
AccountsOption = Annotated[
    Path | None,
    typer.Option(
        "--accounts", metavar="FILE", help="A YAML file with names for accounts, in the form of crossaccount:accounts."
    ),
]
RunProgramOption = Annotated[
    bool,
    typer.Option("--run-program", help="Allow programs of other projects to run. Read them first."),
]
OrganizationOption = Annotated[
    Path | None,
    typer.Option("--organization", metavar="FILE", help="A JSON file with the organisation's SCPs and RCPs."),
]
BaseOption = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="REF",
        envvar="CROSSACCOUNT_BASE",
        help="Compare the access tests with those of a git revision.",
    ),
]
HERE = Path()
