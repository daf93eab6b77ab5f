"""Sources as the commands take them, and the program that a ``stack:`` source runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from crossaccount.engine.deployment import Program
    from crossaccount.sources import Sources


def read(texts: Sequence[str], directory: Path, accounts: Path | None) -> Sources:
    """Read the sources; what their readers should know goes to stderr.

    Raises:
        SourceError: everything wrong with them.
    """
    from crossaccount.sources import read_sources

    found = read_sources(texts, load_program, directory=directory, accounts=accounts)
    for warning in found.warnings:
        typer.echo(f"warning: {warning}", err=True)
    return found


def load_program() -> Program:
    """The Pulumi program; importing it takes half a second, so it waits for the source that needs it."""
    from components.program import program

    return program
