"""The report as Markdown, fit for a wiki or a pull request: bounded tables, the whole of which the CSV has.

Names and documents are data: nothing in them can become markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from crossaccount.access.chains.way import Way, notes_in_words
from crossaccount.access.diff.markdown import markdown as diff_markdown
from crossaccount.access.findings.finding import Found
from crossaccount.access.paths.path import path_in_words
from crossaccount.access.requirements.ending import end_in_words
from crossaccount.access.verdict import Decision
from crossaccount.markdown import link, table, text
from crossaccount.report.mermaid import mermaid
from crossaccount.report.model import Report

MOST_ROWS = 500
"""The most rows of a table: longer tables are hard to read on a page."""


def markdown(report: Report) -> str:
    """The whole report."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# Access report, {report.made:%Y-%m-%d %H:%M} UTC\n"
    yield from (f"- {text(line)}" for line in report.about())
    yield f"\n{report.summary_in_words()}."
    yield "Who gets in: " + report.callers_in_words() + "."
    if report.changes is not None:
        yield f"\n## What changed\n\n{diff_markdown(report.changes, report.names.shown)}".replace("\n### Access\n", "")
    yield f"\n## Picture\n\n```mermaid\n{mermaid(report)}```"
    yield from _paths(report)
    yield from _possible(report)
    yield from _ways(report)
    yield from _findings("Dangling grants and trusts", report.dangling, report)
    yield from _findings("Findings", report.other_findings, report)
    yield from _roles(report)


def _paths(report: Report) -> Iterator[str]:
    shown = report.names.shown
    rows = (
        (
            text(shown(each.principal)),
            text(shown(each.role)),
            text(path_in_words(each.alternatives, granted=report.names.granted(each.principal))),
            text(end_in_words(each.alternatives)),
            text(_named(each.grants)),
            text(_named(each.trust)),
        )
        for each in report.paths[:MOST_ROWS]
    )
    headings = ("who", "role", "conditions", "ends", "granted by", "trusted by")
    yield from _table("Paths", headings, rows, len(report.paths))


def _possible(report: Report) -> Iterator[str]:
    """The section about paths of principals that no stack declares; empty if there are none."""
    shown = report.names.shown
    rows = (
        (f"possible: {text(shown(each.principal))}", text(shown(each.role)), text(each.assumes))
        for each in report.possible[:MOST_ROWS]
    )
    if report.possible:
        yield from _table("Possible", ("who", "role", "if"), rows, len(report.possible))


def _ways(report: Report) -> Iterator[str]:
    shown = report.names.shown
    rows = (
        (
            text(shown(each.principal)),
            text(" → ".join(map(shown, each.via))),
            text(shown(each.role)),
            text(_hops(each, report)),
            text("; ".join(notes_in_words(each)) or "–"),
        )
        for each in report.ways[:MOST_ROWS]
    )
    headings = ("who", "through", "role", "conditions of each hop", "kept and lost")
    yield from _table("Ways through other roles", headings, rows, len(report.ways))


def _hops(way: Way, report: Report) -> str:
    words = way.hops_in_words(granted=report.names.granted(way.principal))
    return "; ".join(f"{number}: {each}" for number, each in enumerate(words, start=1))


def _findings(title: str, found: Sequence[Found], report: Report) -> Iterator[str]:
    groups = report.grouped(map(report.named, found))
    rows = (
        (
            f"{each.first.code} {each.first.severity}",
            text(f"{each.first.where} {each.others}".strip()),
            text(each.first.message),
            text(each.first.fix),
        )
        for each in groups[:MOST_ROWS]
    )
    yield from _table(title, ("finding", "where", "what", "what to do"), rows, len(groups))


def _roles(report: Report) -> Iterator[str]:
    shown = report.names.shown
    rows = (
        (
            text(shown(role.arn)),
            text(role.level or "none"),
            text(role.last_used),
            f"{role.reached_by:,}",
            link(role.link.url) if role.link.url else text(f"none: {role.link.reason}"),
        )
        for role in report.roles[:MOST_ROWS]
    )
    headings = ("role", "highest access", "last used", "reached by", "switch-role link")
    yield from _table("Roles", headings, rows, len(report.roles))


def _table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], total: int) -> Iterator[str]:
    yield f"\n## {title}\n"
    if not total:
        yield "None."
        return
    yield from table(headings, rows)
    if total > MOST_ROWS:
        yield f"\n… and {total - MOST_ROWS:,} more."


def _named(decisions: Iterable[Decision]) -> str:
    return ", ".join(f"{each.policy.rsplit('/', 1)[-1]}[{each.statement}]" for each in decisions) or "–"
