"""A check as Markdown, fit for a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crossaccount.check.run import Checked

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
        _counted(errors, "error"),
        _counted(len(checked.findings) - errors, "warning"),
        f"{len(checked.tests) - failed} of {_counted(len(checked.tests), 'test')} as expected",
    ]
    if checked.suppressed:
        parts.append(f"{_counted(len(checked.suppressed), 'finding')} suppressed")
    return ", ".join(parts)


def near_quotas(checked: Checked) -> list[tuple[str, str, int, int]]:
    """Place, quota, used and limit of what is nearly used up, the fullest first."""
    rows = [
        (where, usage.quota.summary, usage.used, usage.limit)
        for where, usage in checked.quotas
        if usage.used >= NEAR * usage.limit
    ]
    return sorted(rows, key=lambda row: (-row[2] / row[3], row[0]))


def _lines(checked: Checked) -> Iterator[str]:
    yield f"**Check**: {summary(checked)}"
    if checked.findings:
        yield from ("", *_head("finding", "where", "what", "fix"))
        for each in checked.findings:
            code = f"**{each.code}**" if each.severity == "error" else each.code
            yield _row(code, f"`{each.where}`", each.message, each.fix)
    failed = [each for each in checked.tests if not each.ok]
    if failed:
        yield from ("", *_head("test", "expected", "got", "reason"))
        yield from (_row(each.test.name, each.test.expect, each.actual, each.verdict.reason or "") for each in failed)
    if near := near_quotas(checked):
        yield from ("", *_head("quota", "where", "used", "limit"))
        yield from (_row(quota, f"`{where}`", str(used), str(limit)) for where, quota, used, limit in near)


def _head(*names: str) -> Iterable[str]:
    return _row(*names), _row(*("---" for _ in names))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
