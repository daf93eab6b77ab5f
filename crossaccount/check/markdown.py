"""A check as Markdown, fit for a pull request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from crossaccount.access.findings.finding import Finding
from crossaccount.access.findings.groups import in_words, neutral
from crossaccount.check.run import Checked
from crossaccount.iam.names import counted
from crossaccount.markdown import code, table, text

MOST_CHARACTERS = 60_000
"""GitHub takes 65,536 in a comment."""
NEAR = 0.75
"""Quotas are listed from this share of the limit on; the JSON has them all."""


def markdown(checked: Checked) -> str:
    """The findings, the tests that are not as expected, and the quotas that are nearly used up.

    What does not fit into a comment on a pull request is grouped further: findings by their message, then by their
    code, and tests by what they expect and get. No finding is left out of the numbers.
    """
    for findings, tests in ((_group, _test), (_by_message, _alike), (_by_code, _alike)):
        document = "\n".join(_lines(checked, list(findings(checked)), list(tests(checked)))) + "\n"
        if len(document) <= MOST_CHARACTERS:
            break
    return document


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


Row = tuple[str, ...]


def _lines(checked: Checked, findings: Sequence[Row], tests: Sequence[Row]) -> Iterator[str]:
    yield f"**Check**: {summary(checked)}"
    yield from (f"\n**Warning**: {text(each)}" for each in checked.warnings)
    yield from (f"\n{text(each[:1].upper() + each[1:])}." for each in checked.notes)
    if checked.proof and checked.proof.weakened:
        weakened = ((code(each.where), text(each.what)) for each in checked.proof.weakened)
        yield from ("", *table(("proof weakened", "what"), weakened))
    elif checked.proof:
        yield from (f"\n{text(line[:1].upper() + line[1:])}." for line in checked.proof.lines())
    if checked.compared and checked.compared.stale:
        stale = ((each.code, code(each.where), text(each.message)) for each in checked.compared.stale)
        yield from ("", *table(("no longer found", "where", "what"), stale))
    if findings:
        yield from ("", *table(("finding", "where", "what", "fix"), findings))
    if tests:
        yield from ("", *table(("test", "expected", "got", "reason"), tests))
    if near := near_quotas(checked):
        quotas = ((text(quota), code(where), str(used), str(limit)) for where, quota, used, limit in near)
        yield from ("", *table(("quota", "where", "used", "limit"), quotas))


def _test(checked: Checked) -> Iterator[Row]:
    for each in checked.tests:
        if not each.ok:
            yield text(each.test.name), each.test.expect, each.actual, text(each.verdict.reason or "")


def _alike(checked: Checked) -> Iterator[Row]:
    """Failed tests by what they expect and get."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for each in checked.tests:
        if not each.ok:
            found[each.test.expect, each.actual, each.verdict.reason or ""].append(each.test.name)
    for (expected, actual, reason), names in found.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield text(names[0]) + more, expected, actual, text(reason)


def _group(checked: Checked) -> Iterator[Row]:
    for group in checked.groups:
        others = f" {text(group.others)}" if group.others else ""
        yield _code(group.first), code(group.first.where) + others, text(group.first.message), text(group.first.fix)


def _by_message(checked: Checked) -> Iterator[Row]:
    return _together(checked, lambda finding: (finding.code, finding.message))


def _by_code(checked: Checked) -> Iterator[Row]:
    return _together(checked, lambda finding: (finding.code,))


def _together(checked: Checked, key: Callable[[Finding], tuple[str, ...]]) -> Iterator[Row]:
    found: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for each in checked.findings:
        found[each.severity, *key(each)].append(each)
    for first, *others in found.values():
        where = code(first.where) + (f" and {len(others)} more places" if others else "")
        yield _code(first), where, text(first.message), text(first.fix)


def _code(finding: Finding) -> str:
    return f"**{finding.code}**" if finding.severity == "error" else finding.code
