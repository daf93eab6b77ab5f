"""The output of a running job: JSON lines, plain lines for a log, or on a terminal a live picture."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from crossaccount.cli.job.lines import Line, Summary, event_lines
from crossaccount.cli.printing import console, print_json, say, say_lines
from crossaccount.cli.tables import Format, output
from crossaccount.escaping import continued, lines, one_line
from crossaccount.job import events


@contextmanager
def job_view(
    as_json: bool, on_stderr: bool = False, quiet: bool = False, verb: str = "", form: Format | None = None
) -> Iterator[events.Emit]:
    """Receives events and shows them. ``on_stderr`` if stdout holds a document; ``quiet`` for failures only.

    With a format, what ``verb`` lists is a list on stdout, and all else is on stderr.
    """
    if as_json:
        yield _json_line
        return
    if form is not None:
        from crossaccount.cli.job.listings import ListView

        quiet = quiet or verb in ("status", "outputs")
        yield ListView(verb, output(form), _Lines(on_stderr=True, quiet=quiet), partial(say, err=True))
        return

    out = console(stderr=on_stderr)
    if not out.is_terminal:
        yield _Lines(on_stderr, quiet)
        return
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
        self._on_stderr = on_stderr
        self._quiet = quiet
        self._summary = Summary()
        self._verb = ""

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.JobStarted):
            self._verb = event.verb
        news = self._summary.add(event)
        # A preview shows each resource again, with its changed properties.
        twice = self._verb == "preview" and isinstance(event, events.Resource)
        if news and not twice and not (self._quiet and _routine(event)):
            for _, text in event_lines(event):
                say_lines(continued(text), err=self._on_stderr)
        if isinstance(event, events.JobFinished):
            for _, text in self._summary.lines(event):
                say_lines(continued(text), err=self._on_stderr)
            self._summary = Summary()


def _routine(event: events.Event) -> bool:
    """Whether an event is expected, and so not shown with ``--quiet``."""
    match event:
        case events.StackFinished(status=status):
            return status not in ("failed", "interrupted")
        case events.Message(severity=severity):
            return severity != "error"
    return isinstance(event, (events.Resource, events.StackSkipped, events.Retrying))


REFRESHES_PER_SECOND = 8
LEFT_FREE = 4
"""The lines of the terminal that running stacks leave free."""


class LiveView:
    """Receives events and updates the live picture. Between jobs there is none, because a person may be asked."""

    def __init__(self, console: Console, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._lock = threading.Lock()
        self._live: Live | None = None
        self._job = events.JobStarted(verb="", stacks=(), parallel=1)
        self._started = 0.0
        self._summary = Summary()
        self._running: dict[str, tuple[float, str]] = {}
        """By stack: the time of its start, and its current step."""

    def __call__(self, event: events.Event) -> None:
        with self._lock:
            news = self._take(event)
        # Outside the lock: drawing the picture needs it while Rich keeps others from printing.
        if news and self._remains(event):
            self.print(event_lines(event))
        if isinstance(event, events.JobStarted):
            self._begin()
        elif isinstance(event, events.JobFinished):
            self.close()
            self.print(self._summary.lines(event))

    def print(self, printed: Iterable[Line]) -> None:
        """Print lasting lines above the picture."""
        for style, text in printed:
            self._console.print(Text(lines(continued(text)), style=style), soft_wrap=True)

    def close(self) -> None:
        """Remove the picture."""
        if self._live:
            self._live.stop()
            self._live = None

    def _begin(self) -> None:
        self._live = Live(
            console=self._console,
            get_renderable=self._picture,
            refresh_per_second=REFRESHES_PER_SECOND,
            transient=True,
        )
        self._live.start()

    def _take(self, event: events.Event) -> bool:
        match event:
            case events.JobStarted():
                self._job, self._summary, self._started = event, Summary(), time.monotonic()
                self._running.clear()
            case events.StackStarted(stack=stack):
                self._running[stack] = (time.monotonic(), "")
            case events.Resource(stack=stack, op=op, name=name) if stack in self._running:
                self._running[stack] = (self._running[stack][0], f"{op} {name}")
            case events.Retrying(stack=stack, because=because) if stack in self._running:
                self._running[stack] = (self._running[stack][0], f"waits: {because}")
            case events.StackFinished(stack=stack) | events.StackSkipped(stack=stack):
                self._running.pop(stack, None)
        return self._summary.add(event)

    def _remains(self, event: events.Event) -> bool:
        """Whether an event gets a lasting line. Skipped and unchanged stacks are in the summary."""
        match event:
            case events.Resource() | events.StackStarted() | events.StackSkipped() | events.Retrying():
                return False
            case events.Message(severity=severity):
                return severity != "info" and not self._quiet
            case events.StackFinished(status=status):
                return status in ("failed", "interrupted") or (status == "changed" and not self._quiet)
        return True

    def _picture(self) -> Group:
        with self._lock:
            return Group(self._bar(), *self._stacks())

    def _bar(self) -> Table:
        done = len(self._summary.finished) + len(self._summary.skipped)
        failed = sum(each.status == "failed" for each in self._summary.finished.values())
        total = len(self._job.stacks)
        row = Table.grid(padding=(0, 1), expand=True)
        for options in ({}, {"ratio": 1}, {"justify": "right"}, {}, {"justify": "right"}):
            row.add_column(no_wrap=True, **options)
        wrong = Text(f"{failed} failed", style="red") if failed else Text("")
        bar: Any = ProgressBar(total=max(total, 1), completed=done)
        row.add_row(self._job.verb, bar, f"{done}/{total}", wrong, _clock(time.monotonic() - self._started))
        return row

    def _stacks(self) -> list[Text]:
        room = max(self._console.height - LEFT_FREE, 1)
        longest_first = sorted(self._running.items(), key=lambda item: item[1][0])
        shown = longest_first[:room]
        running = [
            Text(one_line(f"  {stack}  {_clock(time.monotonic() - since)}  {at}"), no_wrap=True, overflow="ellipsis")
            for stack, (since, at) in shown
        ]
        more = len(longest_first) - len(shown)
        return [*running, Text(f"  and {more} more")] if more else running


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"
