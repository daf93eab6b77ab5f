"""What a job shows while it runs: JSON lines, or lines for people, on a terminal with a picture of what runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crossaccount.cli.printing import console, print_json, say_lines
from crossaccount.escaping import continued
from crossaccount.job import events


@contextmanager
def job_view(as_json: bool, on_stderr: bool = False, quiet: bool = False) -> Iterator[events.Tell]:
    """Takes events and shows them; ``on_stderr`` where stdout holds a document, ``quiet`` only what went wrong."""
    if as_json:
        yield _json_line
        return

    out = console(stderr=on_stderr)
    if not out.is_terminal:
        yield _Lines(on_stderr, quiet)
        return
    from crossaccount.cli.job.live import LiveView

    view = LiveView(out, quiet)
    try:
        yield view
    finally:
        view.close()


def _json_line(event: events.Event) -> None:
    print_json(event.to_json(), indent=None)


class _Lines:
    """Plain lines, as for a log."""

    def __init__(self, on_stderr: bool, quiet: bool) -> None:
        from crossaccount.cli.job.tally import Tally

        self._on_stderr = on_stderr
        self._quiet = quiet
        self._tally = Tally()
        self._verb = ""

    def __call__(self, event: events.Event) -> None:
        from crossaccount.cli.job.lines import lines_of

        if isinstance(event, events.JobStarted):
            self._verb = event.verb
        news = self._tally.add(event)
        # A preview tells of each resource once more, with what changes about it.
        twice = self._verb == "preview" and isinstance(event, events.Resource)
        if news and not twice and not (self._quiet and _routine(event)):
            for _, text in lines_of(event):
                say_lines(continued(text), err=self._on_stderr)
        if isinstance(event, events.JobFinished):
            for _, text in self._tally.lines(event):
                say_lines(continued(text), err=self._on_stderr)
            self._tally = type(self._tally)()


def _routine(event: events.Event) -> bool:
    """Whether an event is what is expected to happen."""
    match event:
        case events.StackFinished(status=status):
            return status not in ("failed", "interrupted")
        case events.Message(severity=severity):
            return severity != "error"
    return isinstance(event, (events.Resource, events.StackSkipped, events.Retrying))
