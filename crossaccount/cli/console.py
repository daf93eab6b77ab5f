"""What the commands print: one JSON document on stdout, or Rich for people."""

from __future__ import annotations

import json
import os
from typing import Any

import typer

PLAIN_WIDTH = 132
NARROWEST = 40
"""Columns. In fewer, tables lose what stands in them."""


def print_json(document: Any) -> None:
    """One JSON document, and nothing else on stdout."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def console(stderr: bool = False) -> Any:
    """A Rich console. Where there is no terminal, it is as wide as ``COLUMNS`` says.

    Where that says nothing, or less than a table needs, it is as wide as a log, for which Rich would take 80 columns,
    and its tables are wider where a word would break: names have to be found by ``grep``.
    """
    from rich.console import Console

    columns = os.environ.get("COLUMNS", "")
    said = columns.isdecimal() and int(columns) >= NARROWEST
    # Rich obeys any number, 0 as well, in which it prints nothing.
    environ = {key: value for key, value in os.environ.items() if said or key != "COLUMNS"}
    found = Console(stderr=stderr, _environ=environ)
    if found.is_terminal or said:
        return found
    from crossaccount.cli.plain import PlainConsole

    return PlainConsole(stderr=stderr, width=PLAIN_WIDTH, _environ=environ)
