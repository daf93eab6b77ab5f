"""Every kind of finding: cases that raise it, at exactly these places, and cases that nearly do.

A case is for one ``code``; ``raises`` lists the places, and is empty for a near miss. ``own``: our accounts beside
those described. ``address_book``, ``quotas`` (by account) and ``suppress`` are as in a config. ``scps``: by account
the levels of its service control policies, each by name the statements. With ``before`` it is
about a change. ``now`` is the time by which dates are judged. ``declared`` are the accounts of which only a stack is
known. ``fix`` is the whole fix. ``severity`` is the finding's, where it is not that of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from crossaccount.access.estate import Estate
from crossaccount.access.findings.catalogue import BY_CODE, CATALOGUE
from crossaccount.access.findings.changes import replacement_findings
from crossaccount.access.findings.finding import Facts, Finding, Found, of_suppression, without_suppressed
from crossaccount.access.findings.judge import judge
from crossaccount.access.paths import paths
from docs.generator.findings import findings_page
from tests.access.findings.conftest import document
from tests.case_files import read_cases

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
KEYS = {
    "name",
    "code",
    "raises",
    "accounts",
    "before",
    "shown_by_aws",
    "own",
    "address_book",
    "quotas",
    "scps",
    "suppress",
    "message",
    "fix",
    "now",
    "declared",
    "severity",
}
OF_CONFIGS = {
    "XA310",
    "XA317",
    "XA318",
    "XA319",
    "XA330",
    "XA331",
    "XA332",
    "XA333",
    "XA334",
    "XA503",
    "XA504",
    "XA505",
}
"""Told by a config alone: their cases are in ``tests/check``."""


@dataclass(frozen=True)
class Accepted:
    """A suppression of a case."""

    code: str
    where: str
    reason: str
    until: date | None = None


def _cases() -> list[Any]:
    found = []
    for path in sorted((HERE / "cases").glob("*.yaml")):
        for case in read_cases(path):
            assert set(case) <= KEYS, f"{path.name}: keys that no test reads: {set(case) - KEYS}"
            found.append(pytest.param(case, id=f"{case['code']}: {case['name']}"))
    return found


CASES = _cases()


@pytest.mark.parametrize("case", CASES)
def test_a_finding_is_raised_where_it_should_be_and_nowhere_else(
    case: dict[str, Any], details_of: Callable[..., list[dict[str, Any]]]
) -> None:
    found = [each for each in _findings(case, details_of) if each.code == case["code"]]
    assert sorted(each.where for each in found) == sorted(case["raises"]), found
    for each in found:
        assert each.severity == case.get("severity", BY_CODE[each.code].severity)
        assert case.get("message", "") in each.message
        assert case.get("fix", each.fix) == each.fix
        assert each.fix


@pytest.mark.parametrize("case", CASES)
def test_the_order_of_a_source_changes_nothing(
    case: dict[str, Any], details_of: Callable[..., list[dict[str, Any]]]
) -> None:
    def backwards(accounts: Any) -> list[dict[str, Any]]:
        lists = [
            {key: each[::-1] if isinstance(each, list) else each for key, each in account.items()}
            for account in details_of(accounts)
        ]
        return lists[::-1]

    found, other = _found(case, details_of), _found(case, backwards)
    assert sorted(found, key=repr) == sorted(other, key=repr)


def _findings(case: dict[str, Any], details_of: Callable[..., list[dict[str, Any]]]) -> list[Finding]:
    placed = [(each.at(str(each.place)), str(each.place)) for each in _found(case, details_of)]
    accepted = [Accepted(**each) for each in case.get("suppress", [])]
    today = date(2026, 11, 22)
    reported = without_suppressed(placed, accepted, today)
    of_suppressions = (
        of_suppression(each, f"suppress[{index}]", "", today, used=index in reported.used)
        for index, each in enumerate(accepted)
    )
    return [*reported.kept, *chain.from_iterable(of_suppressions)]


def _found(case: dict[str, Any], details_of: Callable[..., list[dict[str, Any]]]) -> list[Found]:
    details = details_of(case["accounts"])
    now = datetime.fromisoformat(case["now"]) if "now" in case else None
    scps, declared = _scps(case.get("scps", {})), case.get("declared", ())
    estate = Estate.from_details(details, service_control=scps, since=now, declared=declared)
    if "before" in case:
        before = Estate.from_details(details_of(case["before"]))
        return list(replacement_findings(before, estate, case.get("shown_by_aws", ())))
    facts = Facts.of({*estate.accounts, *case.get("own", [])}, case.get("address_book", {}))
    return list(judge(details, estate, paths(estate), facts, case.get("quotas")))


def _scps(accounts: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """By account its levels, each by name the statements of a policy."""
    return {
        account: [{name: document(statements) for name, statements in level.items()} for level in levels]
        for account, levels in accounts.items()
    }


@pytest.mark.parametrize("code", [kind.code for kind in CATALOGUE if kind.code not in OF_CONFIGS])
def test_every_code_has_a_case_that_raises_it_and_one_that_nearly_does(code: str) -> None:
    raising = {bool(case.values[0]["raises"]) for case in CASES if case.values[0]["code"] == code}
    assert raising == {True, False}


def test_codes_are_in_order_and_never_given_twice() -> None:
    codes = [kind.code for kind in CATALOGUE]
    assert codes == sorted(set(codes))


def test_every_code_in_the_source_is_in_the_catalogue() -> None:
    """Warnings of settings and of iam name their code as a text, because they know nothing of findings."""
    used = {
        code for path in (ROOT / "crossaccount").rglob("*.py") for code in re.findall(r"\bXA\d{3}\b", path.read_text())
    }
    assert used == set(BY_CODE)


def test_the_page_is_what_the_code_says() -> None:
    assert (ROOT / "docs" / "findings.md").read_text(encoding="utf-8") == findings_page(), "run `make generate`"
