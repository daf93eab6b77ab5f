"""Rehearsals for people: what is being done, a table of who got in, and why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from crossaccount.access.access_tests.results import TestResult, ThenResult
from crossaccount.escaping import markup
from crossaccount.iam.problem import Problem


class ConsoleProgress:
    """One line that says what is going on; plain lines where there is no terminal."""

    def __init__(self, console: Console, bar: Bar) -> None:
        self._console = console
        self._bar = bar
        self._task = bar.add_task("")
        self._text = ""
        self._made = 0

    def stage(self, text: str) -> None:
        """A new step begins."""
        self._text, self._made = text, 0
        self._show()
        if not self._console.is_terminal:
            self._console.print(f"  {markup(text)} …", highlight=False)

    def made(self, resource: str) -> None:
        """A resource was made."""
        del resource
        self._made += 1
        self._show()

    def result(self, result: TestResult) -> None:
        """A test has its result."""
        self._text = f"trying {result.test.name}"
        self._made = 0
        self._show()

    def _show(self) -> None:
        made = f", {self._made} resources" if self._made else ""
        self._bar.update(self._task, description=markup(self._text) + made)


@contextmanager
def console_progress(console: Console) -> Iterator[ConsoleProgress]:
    """Progress for as long as the block, cleared afterwards."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield ConsoleProgress(console, bar)


def results_table(results: Iterable[TestResult]) -> Table:
    """Each test: principal, role, expected and actual outcome, reason. Actions of the session are below it.

    Tests of the same principal and role are distinguished by their names.
    """
    results = list(results)
    pairs = Counter(_pair(result) for result in results)
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    names = ("test",) if max(pairs.values(), default=0) > 1 else ()
    for heading in ("principal", "role", "expected", "got", "reason", *names):
        table.add_column(heading, overflow="fold")
    for result in results:
        table.add_row(
            markup(result.test.principal),
            markup(result.test.role),
            result.test.expect,
            _got(result, _as_expected(result)),
            markup(_reason(result)),
            *([markup(result.test.name)] if pairs[_pair(result)] > 1 else []),
        )
        for item in result.then:
            table.add_row(
                f"  {markup(item.test.action)}",
                f"  {markup(item.test.resource)}",
                item.test.expect,
                _got(item, item.ok),
                markup(_reason_of_call(item)),
                style="dim" if item.ok else "",
            )
    return table


def _pair(result: TestResult) -> tuple[str, str]:
    return result.test.principal_arn, result.test.role_arn


def warnings(results: Iterable[TestResult]) -> list[Problem]:
    """All warnings of a run."""
    return [warning for result in results for warning in result.warnings]


def _as_expected(result: TestResult) -> bool:
    because = result.test.because
    return result.actual == result.test.expect and (because is None or result.verdict.is_because(because))


def _got(result: TestResult | ThenResult, ok: bool) -> str:
    mark, style = ("✓", "green") if ok else ("✗", "bold red")
    judged = " (judged)" if result.mode == "judged" else ""
    return f"[{style}]{mark} {result.actual}[/]{judged}"


def _reason_of_call(item: ThenResult) -> str:
    if item.actual == "undetermined":
        return item.verdict.message
    return item.verdict.reason or "" if item.actual == "denied" else ""


def _reason(result: TestResult) -> str:
    if result.actual == "undetermined" or result.test.reach:
        return result.verdict.message
    reason: str = result.verdict.reason or ""
    decided_by = result.verdict.decided_by
    text = f"{reason}: {decided_by.policy}" if reason and decided_by else reason
    if result.test.because is not None and not result.verdict.is_because(result.test.because):
        return f"{text or 'no reason'}, expected {result.test.because}"
    return text
