"""What the report says, as values."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crossaccount.access.chains import search
from crossaccount.access.estate.entities import Role
from crossaccount.report import Report, report_of
from crossaccount.report.model import RoleFacts
from crossaccount.sources import Sources
from tests.report.conftest import MADE
from tests.report.estate import DEVELOPMENT, HOSTILE, PRODUCTION


def role(report: Report, name: str) -> RoleFacts:
    return next(each for each in report.roles if each.arn.endswith(f"role/{name}"))


def test_it_counts_what_it_says(report: Report) -> None:
    assert report.summary() == {
        "accounts": 3,
        "principals": 4,
        "roles": 7,
        "paths": 5,
        "ways": 1,
        "errors": 1,
        "warnings": 9,
        "dangling": 3,
    }


def test_no_role_is_searched_twice(estate: Callable[..., Sources], monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []

    class Counted(search._Search):
        def __init__(self, chains: search.Chains, target: Role, only: str | None) -> None:
            searched.append(target.arn)
            super().__init__(chains, target, only)

    monkeypatch.setattr(search, "_Search", Counted)
    made = report_of(estate(), MADE)
    assert searched
    assert len(searched) == len(set(searched))
    assert {way.role for way in made.ways} <= set(searched)


def test_dangling_grants_and_trusts_stand_apart(report: Report) -> None:
    assert [each.kind.code for each in report.dangling] == ["XA201", "XA202", "XA205"]
    assert len(report.dangling) + len(report.other_findings) == len(report.findings)


def test_errors_come_first(report: Report) -> None:
    severities = [each.kind.severity for each in report.findings]
    assert severities == sorted(severities)


@pytest.mark.parametrize(
    ("name", "level"),
    [("UpdateApp", "write"), ("Read", "list"), ("Deployer", "permissions-management"), ("Forgotten", "")],
)
def test_a_role_has_its_highest_access_level(report: Report, name: str, level: str) -> None:
    assert role(report, name).level == level


def test_a_permission_has_the_level_of_each_action(report: Report) -> None:
    assert role(report, "UpdateApp").permissions[0].levels == (
        ("write", ("s3:PutObject",)),
        ("read", ("s3:GetObject",)),
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Supported", "it requires an external ID, which the console cannot pass"),
        ("Forgotten", "no console user of the sources can assume it"),
        ("Deployer", "no console user of the sources can assume it"),
    ],
)
def test_a_role_without_a_switch_role_link_says_why(report: Report, name: str, reason: str) -> None:
    link = role(report, name).link
    assert (link.url, link.reason) == ("", reason)


def test_a_link_has_the_name_and_colour_of_the_address_book(report: Report) -> None:
    url = f"https://signin.aws.amazon.com/switchrole?account={PRODUCTION}&roleName=Read"
    assert role(report, "Read").link.url == f"{url}&displayName=PRODUCTION&color=F2B0A9"


def test_the_description_is_the_sources(report: Report) -> None:
    assert role(report, "UpdateApp").description == HOSTILE
    assert role(report, "Read").description == ""


def test_the_statements_that_decide_are_found_at_their_places(report: Report) -> None:
    path = next(each for each in report.paths if each.principal.endswith("user/David"))
    [grant] = report.statements.of(path.principal, path.grants[0])
    [trust] = report.statements.of(path.role, path.trust[0])
    assert (grant.owner, grant.content["Action"]) == (f"arn:aws:iam::{DEVELOPMENT}:group/Developers", "sts:AssumeRole")
    assert (trust.owner, trust.content["Condition"]) == (path.role, {"Bool": {"aws:MultiFactorAuthPresent": "true"}})


def test_without_anything_to_compare_there_are_no_changes(estate: Callable[..., Sources], report: Report) -> None:
    assert report_of(estate(), MADE).changes is None
    assert report.changes is not None
    assert report.changes.verdict == "broadening"
