"""Account IDs, and what YAML makes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossaccount.iam.entity_names import check_account_id
from crossaccount.settings.yaml_text import parse_yaml

WHAT = "an account ID is a text of 12 digits"
DIGITS = st.text(st.sampled_from("0123456789"), min_size=12, max_size=12)


@given(DIGITS)
def test_twelve_digits_in_quotes_are_an_account_id(digits):
    assert check_account_id(digits) is None


@given(DIGITS.filter(lambda digits: int(digits) >= 10**9))
def test_without_quotes_the_fix_is_what_was_written(digits):
    """Whatever YAML did to the digits: an octal reading, a lost 0, or nothing but the type."""
    refusal = check_account_id(parse_yaml(digits, "f.yaml"))
    assert refusal.fix.startswith("write ")
    assert f'"{digits}"' in refusal.fix


@pytest.mark.parametrize(
    ("value", "what", "fix"),
    [
        (
            1402433619,
            f"{WHAT}, and this is what YAML makes of an unquoted 012345670123, read as octal",
            'write "012345670123" in quotes (or "001402433619", if that is what stood there)',
        ),
        (
            9.8765432109e10,
            f"{WHAT}, and without quotes YAML reads a number",
            'write "098765432109" in quotes',
        ),
        ("1111-1111-1111", WHAT, 'write "111111111111"'),
        (
            "11111111111",
            f"{WHAT}, this has 11",
            "write all 12 digits, leading zeros too, in quotes",
        ),
        (
            "１１１１１１１１１１１１",
            WHAT,
            "write all 12 digits, leading zeros too, in quotes",
        ),
        (5, WHAT, 'write the 12 digits in quotes, such as "111111111111"'),
        (
            0o1234567012,
            f"{WHAT}, and this is what YAML makes of an unquoted 001234567012, read as octal",
            'write "001234567012" in quotes',
        ),
        (True, WHAT, 'write the 12 digits in quotes, such as "111111111111"'),
        (None, WHAT, 'write the 12 digits in quotes, such as "111111111111"'),
        (float("inf"), WHAT, 'write the 12 digits in quotes, such as "111111111111"'),
    ],
)
def test_what_is_no_account_id(value, what, fix):
    assert check_account_id(value) == (what, fix)
