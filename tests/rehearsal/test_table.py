"""What a person sees of a rehearsal."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from crossaccount.access.access_tests import AccessTest, ThenTest
from crossaccount.access.access_tests.results import TestResult, ThenResult
from crossaccount.access.access_tests.selectors import Selected
from crossaccount.access.verdict import Decision, Verdict
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.listing import text_of
from crossaccount.rehearsal.table import console_progress, failures, results_listing, warnings

ALLOWED = Verdict("allowed", "sts:AssumeRole", "all is well")
DENIED = Verdict(
    "denied", "sts:AssumeRole", "denied", reason="explicit-deny", decided_by=Decision("identity", "keep-out", "0")
)
TEST = AccessTest(
    name="a test",
    principal="auth/user/bo",
    role="workload/role/R",
    principal_arn="arn:aws:iam::111111111111:user/bo",
    role_arn="arn:aws:iam::222222222222:role/R",
    expect="allowed",
    where="tests[0]",
    index=0,
)
GOOD = TestResult(TEST, "allowed", ALLOWED, "tried")


def _printed(*results: TestResult) -> list[str]:
    return [" │ ".join(map(text_of, row)) for row in results_listing(results).rows]


def _denied(**test: Any) -> TestResult:
    return TestResult(replace(TEST, **test), "denied", DENIED, "tried")


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("│")]


def test_a_result_says_who_tried_what_and_what_came() -> None:
    assert _cells(_printed(GOOD)[0]) == ["auth/user/bo", "workload/role/R", "allowed", "✓ allowed", ""]


def test_a_denial_says_why_and_by_which_policy() -> None:
    (line,) = _printed(_denied(expect="denied"))
    assert _cells(line)[2:] == ["denied", "✓ denied", "explicit-deny: keep-out"]


def test_what_is_not_as_expected_is_crossed() -> None:
    (line,) = _printed(_denied())
    assert _cells(line)[2:] == ["allowed", "✗ denied", "explicit-deny: keep-out"]


def test_the_right_verdict_for_the_wrong_reason_is_crossed() -> None:
    (line,) = _printed(_denied(expect="denied", because="no-grant"))
    assert _cells(line)[3:] == ["✗ denied", "explicit-deny: keep-out, expected no-grant"]


def test_tests_of_one_pair_are_distinguished_by_their_names() -> None:
    other = replace(
        GOOD, test=replace(TEST, principal="auth/user/kim", principal_arn="arn:aws:iam::111111111111:user/kim")
    )
    first, second, third = _printed(GOOD, _denied(name="another [one]"), other)
    assert [_cells(line)[5] for line in (first, second, third)] == ["a test", "another [one]", ""]


def test_what_was_judged_says_so() -> None:
    assert "✓ allowed (judged)" in _printed(replace(GOOD, mode="judged"))[0]


def test_what_is_undetermined_says_what_is_missing() -> None:
    verdict = Verdict("undetermined", "sts:AssumeRole", "the role does not exist")
    (line,) = _printed(TestResult(TEST, "undetermined", verdict))
    assert _cells(line)[3:] == ["✗ undetermined (judged)", "the role does not exist"]


def test_what_a_session_may_do_is_below() -> None:
    items = tuple(
        ThenResult(ThenTest("s3:GetObject", "arn:aws:s3:::b/x", expect), "denied", DENIED._replace(reason="no-grant"))
        for expect in ("denied", "allowed")
    )
    _, good, bad = _printed(replace(GOOD, then=items))
    assert good.startswith("  s3:GetObject")
    assert _cells(good)[1:] == ["arn:aws:s3:::b/x", "denied", "✓ denied (judged)", "no-grant"]
    assert _cells(bad)[2:] == ["allowed", "✗ denied (judged)", "no-grant"]


def test_names_are_no_markup() -> None:
    assert _printed(_denied(principal="auth/user/[red]"))[0].startswith("auth/user/[red]")


def test_all_warnings_are_collected() -> None:
    warning = Problem("tests[0]", "careful", NOT_GIVEN, "look", "warning")
    assert warnings([GOOD, replace(GOOD, warnings=(warning,))]) == [warning]


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_plain_lines_where_there_is_no_terminal(terminal: bool) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100)
    with console_progress(console) as progress:
        progress.stage("deploying [auth]")
        progress.made("a role")
        progress.result(GOOD)
    plain = "  deploying [auth] …\n"
    assert (out.getvalue() == plain) is not terminal


def _row_of(index: int, *, ok: bool) -> TestResult:
    selected = Selected("any of group Developers", "every R", ("prod-*",))
    test = replace(TEST, role=f"a{index}/role/R", role_arn=f"arn:aws:iam::{index:012}:role/R", selected=selected)
    return TestResult(test, "allowed" if ok else "denied", ALLOWED if ok else DENIED, "tried")


def test_the_rows_of_a_selector_fold_into_one_when_all_hold() -> None:
    lines = _printed(*(_row_of(index, ok=True) for index in range(40)))
    assert lines == ["any of group Developers │ every R in prod-* │ allowed │ ✓ allowed, 40 of 40 │ "]


def test_a_row_that_does_not_hold_is_shown_next_to_those_that_do() -> None:
    lines = _printed(*(_row_of(index, ok=index != 7) for index in range(40)))
    assert lines == [
        "any of group Developers │ every R in prod-* │ allowed │ ✓ allowed, 39 of 40 │ ",
        "auth/user/bo │ a7/role/R │ allowed │ ✗ denied │ explicit-deny: keep-out",
    ]


def test_reasons_name_users_and_roles_as_the_other_columns_do() -> None:
    bo, role = "arn:aws:iam::111111111111:user/team/bo", "arn:aws:iam::222222222222:role/R"
    message = f"it gets there: {bo} → arn:aws:iam::333333333333:role/x → {role}, arn:aws:iam::111111111111:policy/p"
    result = TestResult(
        replace(TEST, expect="denied", reach=True), "allowed", Verdict("allowed", "sts:AssumeRole", message), "judged"
    )
    accounts = {"auth": "111111111111", "workload": "222222222222"}
    (row,) = results_listing([result], accounts).rows
    short = (
        "it gets there: auth/user/team/bo → 333333333333/role/x → workload/role/R, arn:aws:iam::111111111111:policy/p"
    )
    assert text_of(row[4]) == short
    [line] = failures([result], accounts)
    assert line.endswith(f"expected denied, got allowed ({short})")
