"""Rehearsals for people: the progress, and a table of who got in or not, with the reasons."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from crossaccount.access.access_tests.results import TestResult, ThenResult
from crossaccount.escaping import markup
from crossaccount.iam.names import with_names
from crossaccount.iam.problem import Problem
from crossaccount.listing import Cell, Listing, Row

NO_NAMES: Mapping[str, str] = MappingProxyType({})


class ConsoleProgress:
    """One line that says what is going on; plain lines where there is no terminal, unless it is to be ``quiet``."""

    def __init__(self, console: Console, bar: Bar, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._bar = bar
        self._task = bar.add_task("")
        self._text = ""
        self._made = 0

    def stage(self, text: str) -> None:
        """A new step begins."""
        self._text, self._made = text, 0
        self._show()
        if not self._console.is_terminal and not self._quiet:
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
def console_progress(console: Console, *, quiet: bool = False) -> Iterator[ConsoleProgress]:
    """Progress for as long as the block, cleared afterwards."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield ConsoleProgress(console, bar, quiet)


def results_listing(
    results: Iterable[TestResult],
    accounts: Mapping[str, str] = NO_NAMES,
    *,
    named: bool = False,
    narrow: bool = False,
) -> Listing:
    """Each test: principal, role, expected and actual outcome, reason. Actions of the session are below it.

    Tests of the same principal and role are distinguished by their names. ``named``: there is a column with the name of
    every test that has one. ``narrow``: the names are in the first column, above the principal. The rows of a selector
    that are as expected are one row with their number. ``accounts`` has names and IDs, for users and roles in reasons.
    """
    results = list(results)
    pairs = Counter(_pair(result) for result in results)
    names = ("test",) if not narrow and (named or max(pairs.values(), default=0) > 1) else ()

    def rows() -> Iterator[Row]:
        for result, alike in _folded(results):
            if alike:
                yield (*_of_selector(alike), *("" for _ in names))
                continue
            has_name = named or pairs[_pair(result)] > 1
            above = f"{_name(result)}:\n" if narrow and has_name and _name(result) else ""
            yield (
                f"{above}{result.test.principal}",
                result.test.role,
                result.test.expect,
                _got(result, _as_expected(result)),
                with_names(_reason(result), accounts),
                *([_name(result) if has_name else ""] if names else []),
            )
            for item in result.then:
                style = "dim" if item.ok else ""
                texts = (f"  {item.test.action}", f"  {item.test.resource}", item.test.expect)
                reason = Cell(with_names(_reason_of_call(item), accounts), style)
                yield (*(Cell(text, style) for text in texts), _got(item, item.ok), reason, *("" for _ in names))

    columns = ("expected", "got", "reason", *names)
    return Listing(("principal", "role", *columns), rows(), below=("action", "resource", *columns))


def _folded(results: Sequence[TestResult]) -> Iterator[tuple[TestResult, tuple[TestResult, ...]]]:
    """Each result. In place of a selector's expected results there is the first, with all of the selector."""
    by_test: dict[int, list[TestResult]] = defaultdict(list)
    for each in results:
        by_test[each.test.index].append(each)
    shown: set[int] = set()
    for each in results:
        if each.test.selected is None or not each.ok:
            yield each, ()
        elif each.test.index not in shown:
            shown.add(each.test.index)
            yield each, tuple(by_test[each.test.index])


def _of_selector(rows: Sequence[TestResult]) -> Row:
    """The rows of one selector that are as expected: how many of all, and the reasons that they have."""
    good = [each for each in rows if each.ok]
    selected = good[0].test.selected
    assert selected is not None, "only the rows of a selector are one row"
    judged = sum(each.mode == "judged" for each in good)
    how = " (judged)" if judged == len(good) else f" ({judged} judged)" if judged else ""
    reasons = sorted({each.verdict.reason for each in good if each.verdict.reason})
    limited = f" in {', '.join(selected.within)}" if selected.within else ""
    got = Cell(f"✓ {good[0].actual}, {len(good)} of {len(rows)}{how}", "green")
    return selected.principal, f"{selected.role}{limited}", good[0].test.expect, got, ", ".join(reasons)


def results_records(results: Iterable[TestResult]) -> Listing:
    """The results as records. The columns are always the same, and each record has the name of its test."""
    columns = ("test", "principal", "role", "action", "resource", "expected", "got", "ok", "mode", "reason")

    def rows() -> Iterator[Row]:
        for result in results:
            test = (result.test.name, result.test.principal, result.test.role)
            ok = _yes_or_no(_as_expected(result))
            yield (*test, "", "", result.test.expect, result.actual, ok, result.mode, _reason(result))
            for item in result.then:
                call = (item.test.action, item.test.resource, item.test.expect, item.actual)
                yield (*test, *call, _yes_or_no(item.ok), item.mode, _reason_of_call(item))

    return Listing(columns, rows())


def failures(results: Iterable[TestResult], accounts: Mapping[str, str] = NO_NAMES) -> Iterator[str]:
    """A line for each result that is not as expected, with the name of the test.

    ``accounts`` are names and IDs, for users and roles in the reasons.
    """
    for result in results:
        ends = _ends(result)
        name = f"{_name(result)}: " if _name(result) else ""
        if not _as_expected(result):
            reason = with_names(_reason(result), accounts)
            yield f"{name}{ends}: {_expectation(result.test.expect, result.actual, reason)}"
        for item in result.then:
            if not item.ok:
                call = f"{item.test.action} on {item.test.resource}"
                reason = with_names(_reason_of_call(item), accounts)
                outcome = _expectation(item.test.expect, item.actual, reason)
                yield f"{name}{ends}: {call}: {outcome}"


def _ends(result: TestResult) -> str:
    return f"{result.test.principal} → {result.test.role}"


def _name(result: TestResult) -> str:
    """The name that the file gives; empty where it gives none."""
    return "" if result.test.name == _ends(result) else result.test.name


def _expectation(expected: str, actual: str, reason: str) -> str:
    return f"expected {expected}, got {actual}{f' ({reason})' if reason else ''}"


def _yes_or_no(ok: bool) -> str:
    return "yes" if ok else "no"


def _pair(result: TestResult) -> tuple[str, str]:
    return result.test.principal_arn, result.test.role_arn


def warnings(results: Iterable[TestResult]) -> list[Problem]:
    """All warnings of a run."""
    return [warning for result in results for warning in result.warnings]


def _as_expected(result: TestResult) -> bool:
    because = result.test.because
    return result.actual == result.test.expect and (because is None or result.verdict.is_because(because))


def _got(result: TestResult | ThenResult, ok: bool) -> Cell:
    mark, style = ("✓", "green") if ok else ("✗", "bold red")
    judged = " (judged)" if result.mode == "judged" else ""
    return Cell(f"{mark} {result.actual}{judged}", style)


def _reason_of_call(item: ThenResult) -> str:
    if item.actual == "undetermined":
        return item.verdict.message
    reason = item.verdict.reason or "" if item.actual == "denied" else ""
    if item.test.because is not None and not item.verdict.is_because(item.test.because):
        return f"{reason or 'no reason'}, expected {item.test.because}"
    return reason


def _reason(result: TestResult) -> str:
    if result.actual == "undetermined" or result.test.reach:
        return result.verdict.message
    reason: str = result.verdict.reason or ""
    decided_by = result.verdict.decided_by
    text = f"{reason}: {decided_by.policy}" if reason and decided_by else reason
    if result.test.because is not None and not result.verdict.is_because(result.test.because):
        return f"{text or 'no reason'}, expected {result.test.because}"
    return text
