"""All paths as CSV, a row each, for a spreadsheet. IAM names may begin with ``=``, ``+``, ``-`` and ``@``."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

from crossaccount.access.paths.path import path_in_words
from crossaccount.access.requirements import Requirements
from crossaccount.access.verdict import Decision
from crossaccount.escaping import csv_cell
from crossaccount.report.model import Report
from crossaccount.report.statements import owner_account

COLUMNS = (
    "principal_account",
    "principal",
    "role_account",
    "role",
    "conditions",
    "granted_by",
    "trusted_by",
    "access_level",
    "switch_role_link",
)


def csv_table(report: Report) -> str:
    """The whole table, a heading first."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([csv_cell(each) for each in row] for row in _rows(report))
    return text.getvalue()


def _rows(report: Report) -> Iterator[tuple[str, ...]]:
    roles = {role.arn: (role.level, role.link.url) for role in report.roles}
    words: dict[tuple[bool, Requirements], str] = {}
    for path in report.paths:
        key = (report.names.granted(path.principal), path.alternatives)
        if key not in words:
            words[key] = path_in_words(path.alternatives, granted=key[0])
        yield (
            _account(path.principal, report),
            path.principal,
            _account(path.role, report),
            path.role,
            words[key],
            _named(path.grants),
            _named(path.trust),
            *roles[path.role],
        )


def _account(arn: str, report: Report) -> str:
    account = owner_account(arn)
    return report.accounts.get(account, account)


def _named(decisions: Iterable[Decision]) -> str:
    return "; ".join(f"{each.policy}[{each.statement}]" for each in decisions)
