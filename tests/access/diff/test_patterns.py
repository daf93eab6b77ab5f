"""Patterns within patterns, against what each of them matches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.access.diff import patterns
from crossaccount.access.diff.patterns import literal, overlap, within
from crossaccount.iam.conditions.satisfiable import may_fit
from crossaccount.iam.matching import template, wildcard_match

PATTERNS = st.text("ab*?", max_size=5)
TEXTS = st.text("abc", max_size=6)


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        ("a", ["a"], True),
        ("a", ["b", "?"], True),
        ("*", ["a*"], False),
        ("?*", ["*?"], True),
        ("a*", ["a*b", "a*"], True),
        ("s3:get*", ["s3:*"], True),
        ("arn:aws:s3:::b/${aws:username}/*", ["arn:aws:s3:::b/*"], True),
        ("arn:aws:s3:::b/*", ["arn:aws:s3:::b/${aws:username}/*"], False),
        ("arn:aws:s3:::b/${aws:username}", ["arn:aws:s3:::b/${aws:username}"], True),
        ("arn:aws:s3:::b/${aws:username}", ["arn:aws:s3:::b/${aws:userid}"], False),
        ("a${*}b", ["a*b"], True),
        ("a*b", ["a${*}b"], False),
        ("a${*}b", ["a?b"], True),
        ("", ["*"], True),
        ("a", [], False),
    ],
)
def test_within(inner: str, outer: list[str], expected: bool) -> None:
    assert within(template(inner), [template(each) for each in outer]) is expected


@given(PATTERNS, st.lists(PATTERNS, max_size=3), TEXTS)
def test_what_is_within_others_matches_nothing_that_they_do_not(inner: str, outer: list[str], text: str) -> None:
    if within(literal(inner), [literal(each) for each in outer]) and wildcard_match(inner, text):
        assert any(wildcard_match(each, text) for each in outer)


@given(PATTERNS, PATTERNS, TEXTS)
def test_patterns_that_do_not_overlap_have_no_text_in_common(one: str, other: str, text: str) -> None:
    if wildcard_match(one, text) and wildcard_match(other, text):
        assert overlap(literal(one), literal(other))


@given(PATTERNS, PATTERNS)
def test_patterns_overlap_where_a_search_finds_a_text(one: str, other: str) -> None:
    globs = [[patterns._glob(literal(each))] for each in (one, other)]
    assert overlap(literal(one), literal(other)) is may_fit(globs, [])


@pytest.mark.parametrize(
    ("one", "other", "overlapping", "inside"),
    [
        ("*a" * 500, "*a" * 499, True, True),
        ("*a" * 500 + "*", "b" + "*a" * 499, True, False),
        ("*a" * 500 + "b", "*a" * 499 + "c", False, False),
        ("?*" * 300, "?" + "*" * 900, True, True),
        ("a" * 500 + "?", "*" + "a" * 500 + "b", True, False),
    ],
)
def test_long_patterns_are_distinguished_without_a_search(
    one: str, other: str, overlapping: bool, inside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[object] = []
    monkeypatch.setattr(patterns, "may_fit", lambda *asked: searched.append(asked) or True)
    assert overlap(literal(one), literal(other)) is overlapping
    assert overlap(literal(other), literal(one)) is overlapping
    assert within(literal(one), [literal(other)]) is inside
    assert not searched
