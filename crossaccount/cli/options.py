"""Options and arguments that several commands share, declared once."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class EngineName(StrEnum):
    """Which engine deploys a rehearsal."""

    auto = "auto"
    pulumi = "pulumi"
    in_process = "in-process"


EngineOption = Annotated[
    EngineName, typer.Option("--engine", help="auto: the pulumi CLI where there is one, else in-process.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else there.")]
