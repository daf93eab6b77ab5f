"""A check as Markdown, fit for a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.access.access_tests.results import TestResult
from crossaccount.access.findings.groups import Group, in_words, neutral
from crossaccount.check.run import Checked
from crossaccount.iam.names import counted
from crossaccount.markdown import code, table, text

NEAR = 0.75
"""Quotas are listed from this share of the limit on; the JSON has them all."""


def markdown(checked: Checked) -> str:
    """The findings, the tests that are not as expected, and the quotas that are nearly used up."""
    return "\n".join(_lines(checked)) + "\n"


def summary(checked: Checked) -> str:
    """How it went, in one line."""
    errors = sum(each.severity == "error" for each in checked.findings)
    failed = sum(not each.ok for each in checked.tests)
    parts = [
        counted(errors, "error"),
        counted(len(checked.findings) - errors, "warning"),
    ]
    if groups := in_words(checked.groups):
        parts[-1] += f" ({groups})"
    if checked.of_project:
        parts.append(f"{len(checked.tests) - failed} of {counted(len(checked.tests), 'test')} as expected")
    if checked.compared:
        new, known, stale = (len(each) for each in (checked.findings, checked.compared.known, checked.compared.stale))
        parts.append(f"{new:,} new and {counted(known, 'known finding')}")
        parts += [f"{stale:,} no longer found"] if stale else []
    if checked.suppressed:
        parts.append(f"{counted(len(checked.suppressed), 'finding')} suppressed")
    return ", ".join(parts)


def near_quotas(checked: Checked) -> list[tuple[str, str, int, int]]:
    """Place, quota, used and limit of what is nearly used up, the fullest first.

    Places that differ only by account are one row: the fullest, with the number of the others.
    """
    names = {account_id: name for name, account_id in checked.accounts.items()}
    rows: dict[tuple[str, str], list[tuple[str, str, int, int]]] = {}
    for where, usage in checked.quotas:
        if usage.used >= NEAR * usage.limit:
            account = names.get(usage.account, "")
            key = (neutral(where, account, checked.accounts, names), usage.quota.summary)
            rows.setdefault(key, []).append((where, usage.quota.summary, usage.used, usage.limit))
    return sorted(map(_fullest, rows.values()), key=_by_fullness)


def _fullest(rows: list[tuple[str, str, int, int]]) -> tuple[str, str, int, int]:
    where, quota, used, limit = min(rows, key=_by_fullness)
    return f"{where} and {len(rows) - 1} more" if len(rows) > 1 else where, quota, used, limit


def _by_fullness(row: tuple[str, str, int, int]) -> tuple[float, str]:
    return -row[2] / row[3], row[0]


def _lines(checked: Checked) -> Iterator[str]:
    yield f"**Check**: {summary(checked)}"
    yield from (f"\n**Warning**: {text(each)}" for each in checked.warnings)
    yield from (f"\n{text(each[:1].upper() + each[1:])}." for each in checked.assumptions)
    if checked.proof and checked.proof.weakened:
        weakened = ((code(each.where), text(each.what)) for each in checked.proof.weakened)
        yield from ("", *table(("proof weakened", "what"), weakened))
    elif checked.proof:
        yield from (f"\n{text(line[:1].upper() + line[1:])}." for line in checked.proof.lines())
    if checked.compared and checked.compared.stale:
        stale = ((each.code, code(each.where), text(each.message)) for each in checked.compared.stale)
        yield from ("", *table(("no longer found", "where", "what"), stale))
    if checked.findings:
        yield from ("", *table(("finding", "where", "what", "fix"), map(_group, checked.groups)))
    failed = [each for each in checked.tests if not each.ok]
    if failed:
        yield from ("", *table(("test", "expected", "got", "reason"), map(_test, failed)))
    if near := near_quotas(checked):
        quotas = ((text(quota), code(where), str(used), str(limit)) for where, quota, used, limit in near)
        yield from ("", *table(("quota", "where", "used", "limit"), quotas))


def _test(result: TestResult) -> tuple[str, ...]:
    return text(result.test.name), result.test.expect, result.actual, text(result.verdict.reason or "")


def _group(group: Group) -> tuple[str, ...]:
    found = group.first
    name = f"**{found.code}**" if found.severity == "error" else found.code
    others = f" {text(group.others)}" if group.others else ""
    return name, code(found.where) + others, text(found.message), text(found.fix)
