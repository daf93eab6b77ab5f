"""JSON that no service writes: what is wrong with it, in one line."""

from __future__ import annotations

import pytest

from crossaccount.iam.json_text import JsonError, parse_json


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1, 2", "is not JSON (Expecting ',' delimiter: line 1 column 6 (char 5))"),
        ("9" * 5000, "has a number with more than 4300 digits"),
        ('{"a": ' + "9" * 5000 + "}", "has a number with more than 4300 digits"),
        ("1e999", "has a number that is too large: 1e999"),
        ("[NaN]", "is not JSON (NaN is not a number)"),
        ('{"a": 1, "a": 2}', 'has a key twice in one object: "a"'),
        ('"\\ud800"', "has half of a character (\\ud800) in a text"),
        ("[" * 101 + "]" * 101, "is nested more than 100 levels deep"),
        ("[" * 100_000, "is nested more than 100 levels deep"),
    ],
)
def test_what_is_wrong_is_said_in_words(text: str, reason: str) -> None:
    with pytest.raises(JsonError) as refused:
        parse_json(text)
    assert str(refused.value) == reason
