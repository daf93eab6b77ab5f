"""Problems as lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.iam.problem import NOT_GIVEN, Problem, errors, shown, warnings


def test_a_line_says_where_what_got_and_fix():
    problem = Problem("trust[0].mfa", "must be true or a mapping", 3600, "write {max_age: 1h}")
    assert str(problem) == "trust[0].mfa: must be true or a mapping, got 3600; write {max_age: 1h}"


def test_what_is_absent_has_no_value():
    assert str(Problem("account", "is required", NOT_GIVEN, "add it")) == "account: is required; add it"


@pytest.mark.parametrize(
    ("where", "prefix", "joined"),
    [("mfa", "trust[0]", "trust[0].mfa"), ("[0]", "trust", "trust[0]"), ("", "trust", "trust")],
)
def test_a_place_seen_from_further_out(where, prefix, joined):
    assert Problem(where, "w", 1, "f", severity="warning").at(prefix) == Problem(
        joined, "w", 1, "f", severity="warning"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Allow", '"Allow"'),
        (True, "true"),
        (None, "null"),
        (["ü"], '["ü"]'),
        ({1: {2}}, '{"1": "{2}"}'),
        ({(1,): 2}, "{(1,): 2}"),
        ("x" * 100, '"' + "x" * 78 + "…"),
    ],
)
def test_values_are_shown_as_in_yaml(value, text):
    assert shown(value) == text


@given(where=st.text(), what=st.text(), got=st.text(), fix=st.text())
def test_a_problem_is_one_line_without_invisible_characters(where, what, got, fix):
    assert str(Problem(where, what, got, fix)).isprintable()


def test_problems_can_be_compared_whatever_they_got():
    one, same, other = (Problem("a", "b", got, "c") for got in (["x"], ["x"], ["y"]))
    assert len({one, same, other}) == 2


def test_errors_stop_and_warnings_do_not():
    error, warning = Problem("a", "b", 1, "c"), Problem("a", "b", 1, "c", severity="warning")
    assert errors([error, warning]) == [error]
    assert warnings([error, warning]) == [warning]


def test_what_somebody_wrote_is_cut_wherever_it_stands() -> None:
    problem = Problem("roles." + "r" * 10_000, "unknown account " + "a" * 100_000, "v" * 10_000, "correct it")
    assert len(str(problem)) < 1_200
    assert str(problem).endswith("…; correct it")
