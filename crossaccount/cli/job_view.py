"""What a job shows while it runs: JSON lines, or lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from crossaccount.job import events


@contextmanager
def job_view(as_json: bool, on_stderr: bool = False) -> Iterator[events.Tell]:
    """Takes events and prints them; ``on_stderr`` where stdout holds a document."""

    def show(event: events.Event) -> None:
        if as_json:
            typer.echo(json.dumps(event.to_json(), ensure_ascii=False))
        elif line := _plain_line(event):
            typer.echo(line, err=on_stderr)

    yield show


def _plain_line(event: events.Event) -> str:
    match event:
        case events.StackStarted(stack=stack):
            return f"{stack}: begins"
        case events.Resource(stack=stack, op=op, name=name, state=state):
            return f"{stack}: {op} {name}" + ("" if state == "done" else f" {state}")
        case events.Message(stack=stack, severity=severity, text=text):
            return f"{stack}: {severity}: {text}"
        case events.StackSkipped(stack=stack, because=because):
            return f"{stack}: skipped: {because}"
        case events.StackFinished(stack=stack, status=status, seconds=seconds, error=error, fix=fix):
            return f"{stack}: {status} in {seconds:.1f} s" + (f": {error}; {fix}" if error else "")
        case events.Refused(because=because):
            return "\n".join(because)
        case events.JobFinished(verb=verb, status=status, seconds=seconds):
            return f"{verb} {status} in {seconds:.1f} s"
    return ""
