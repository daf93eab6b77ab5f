"""What the commands print: one JSON document on stdout, or Rich for people."""

from __future__ import annotations

import json
import os
from typing import Any

import typer

PLAIN_WIDTH = 132


def print_json(document: Any) -> None:
    """One JSON document, and nothing else on stdout."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def console(stderr: bool = False) -> Any:
    """A Rich console. Where there is no terminal, it is as wide as ``COLUMNS`` says.

    Where that says nothing, it is as wide as a log, for which Rich would take 80 columns, and its tables are wider
    where a word would break: names have to be found by ``grep``.
    """
    from rich.console import Console

    found = Console(stderr=stderr)
    if found.is_terminal or os.environ.get("COLUMNS", "").isdecimal():
        return found
    from crossaccount.cli.plain import PlainConsole

    return PlainConsole(stderr=stderr, width=PLAIN_WIDTH)
