"""What the commands print: one JSON document on stdout, or Rich for people."""

from __future__ import annotations

import json
from typing import Any

import typer

PLAIN_WIDTH = 132


def print_json(document: Any) -> None:
    """One JSON document, and nothing else on stdout."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def console(stderr: bool = False) -> Any:
    """A Rich console; as wide as a log where there is no terminal, for which Rich would take 80 columns."""
    from rich.console import Console

    found = Console(stderr=stderr)
    return found if found.is_terminal else Console(stderr=stderr, width=PLAIN_WIDTH)
