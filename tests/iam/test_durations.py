"""Lengths of time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.iam.durations import duration_text, parse_duration


@given(st.integers(0, 10**7))
def test_text_and_seconds_are_the_same(seconds):
    assert parse_duration(duration_text(seconds)) == seconds
    assert parse_duration(seconds) == parse_duration(str(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"), [("1h", 3600), ("90m", 5400), ("1h30m", 5400), ("45s", 45), ("12h", 43200)]
)
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("value", ["", "h", "1 h", "1h 30m", "30m1h", "-1h", "1.5h", "one", True, None, 1.5, [], "１h"])
def test_what_is_no_duration(value):
    with pytest.raises(ValueError, match="not a length of time"):
        parse_duration(value)
