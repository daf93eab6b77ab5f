"""Patterns within patterns, against what each of them matches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.access.diff.patterns import literal, overlap, within
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
