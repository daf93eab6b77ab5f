"""What a job shows while it runs: JSON lines, or lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from crossaccount.job import events


@contextmanager
def job_view(as_json: bool) -> Iterator[events.Tell]:
    """Takes events and prints them."""
    yield _json_line if as_json else _plain_line


def _json_line(event: events.Event) -> None:
    typer.echo(json.dumps(event.to_json(), ensure_ascii=False))


def _plain_line(event: events.Event) -> None:
    match event:
        case events.StackStarted(stack=stack):
            typer.echo(f"{stack}: begins")
        case events.Resource(stack=stack, op=op, name=name, state=state):
            typer.echo(f"{stack}: {op} {name}" + ("" if state == "done" else f" {state}"))
        case events.Message(stack=stack, severity=severity, text=text):
            typer.echo(f"{stack}: {severity}: {text}")
        case events.StackSkipped(stack=stack, because=because):
            typer.echo(f"{stack}: skipped: {because}")
        case events.StackFinished(stack=stack, status=status, seconds=seconds, error=error, fix=fix):
            typer.echo(f"{stack}: {status} in {seconds:.1f} s" + (f": {error}; {fix}" if error else ""))
        case events.JobFinished(verb=verb, status=status, seconds=seconds):
            typer.echo(f"{verb} {status} in {seconds:.1f} s")
