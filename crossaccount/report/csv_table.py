"""All paths and ways through other roles as CSV, a row each, for a spreadsheet.

IAM names may begin with ``=``, ``+``, ``-`` and ``@``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO

from crossaccount.access.paths import Path
from crossaccount.access.paths.path import path_in_words
from crossaccount.access.requirements import Requirements
from crossaccount.access.requirements.ending import end_in_words
from crossaccount.access.verdict import Decision
from crossaccount.escaping import csv_cell
from crossaccount.report.decisions import FILLED_IN, THROUGH, Pair, cells_of
from crossaccount.report.decisions import Decision as Decided
from crossaccount.report.model import Report, caller_kind
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
    "principal_account_id",
    "role_account_id",
    "principal_kind",
    "role_last_used",
    THROUGH,
    "ends",
    *FILLED_IN,
)


def csv_table(report: Report, decisions: Mapping[Pair, Decided] | None = None) -> str:
    """The whole table, a heading first. The last columns are for the owners of paths, with their ``decisions``."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([csv_cell(each) for each in row] for row in _rows(report, decisions or {}))
    return text.getvalue()


def conditions_of(report: Report) -> Iterator[tuple[Path, str]]:
    """Each path with its conditions in words."""
    words: dict[tuple[bool, Requirements], str] = {}
    for path in report.paths:
        key = (report.names.granted(path.principal), path.alternatives)
        if key not in words:
            words[key] = path_in_words(path.alternatives, granted=key[0])
        yield path, words[key]


def _rows(report: Report, decisions: Mapping[Pair, Decided]) -> Iterator[tuple[str, ...]]:
    roles = {role.arn: (role.level, role.link.url) for role in report.roles}
    used = {role.arn: role.last_used for role in report.roles}
    for path, words in conditions_of(report):
        yield (
            _account(path.principal, report),
            path.principal,
            _account(path.role, report),
            path.role,
            words,
            _named(path.grants),
            _named(path.trust),
            *roles[path.role],
            owner_account(path.principal),
            owner_account(path.role),
            caller_kind(path.principal),
            used[path.role],
            "",
            end_in_words(path.alternatives),
            *cells_of(decisions.get((path.principal, path.role)), words),
        )
    for way in report.ways:
        conditions = "; ".join(way.hops_in_words(granted=report.names.granted(way.principal)))
        ends = _account(way.principal, report), way.principal, _account(way.role, report), way.role
        ids = owner_account(way.principal), owner_account(way.role), caller_kind(way.principal), used[way.role]
        yield (*ends, conditions, "", "", *roles[way.role], *ids, " ".join(way.via), "", *("" for _ in FILLED_IN))


def _account(arn: str, report: Report) -> str:
    account = owner_account(arn)
    return report.accounts.get(account, account)


def _named(decisions: Iterable[Decision]) -> str:
    return "; ".join(f"{each.policy}[{each.statement}]" for each in decisions)
