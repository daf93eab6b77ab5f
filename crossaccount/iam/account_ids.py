"""Account IDs as people write them in YAML, and what YAML makes of them."""

from __future__ import annotations

from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.entity_names import Refusal

_SHORTEST_OCTAL = 8**9
_FIRST_BEYOND_OCTAL = 8**11


def check_account_id(value: object) -> Refusal | None:
    """What is wrong with an account ID: it is a text of 12 digits.

    An ID without quotes is a number to YAML, and one that begins with 0 an octal number: ``012345670123`` arrives as
    1402433619.
    """
    if isinstance(value, str):
        return None if ACCOUNT_ID.match(value) else Refusal(_WHAT + _count(value), _text_fix(value))
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1:
        return _number(int(value))
    return Refusal(_WHAT, 'write the 12 digits in quotes, such as "111111111111"')


_WHAT = "an account ID is a text of 12 digits"


def _count(value: str) -> str:
    return f", this has {len(value)}" if value.isascii() and value.isdigit() else ""


def _text_fix(value: str) -> str:
    digits = "".join(character for character in value if character.isdigit())
    return f'write "{digits}"' if ACCOUNT_ID.match(digits) else "write all 12 digits, leading zeros too, in quotes"


def _number(value: int) -> Refusal:
    if _SHORTEST_OCTAL <= value < _FIRST_BEYOND_OCTAL:
        meant = f"{value:012o}"
        what = f"{_WHAT}, and this is what YAML makes of an unquoted {meant}, read as octal"
        return Refusal(what, f'write "{meant}" in quotes{_or_decimal(value)}')
    if 10**9 <= value < 10**12:
        return Refusal(f"{_WHAT}, and without quotes YAML reads a number", f'write "{value:012d}" in quotes')
    return Refusal(_WHAT, 'write the 12 digits in quotes, such as "111111111111"')


def _or_decimal(value: int) -> str:
    """With an 8 or a 9 YAML reads no octal number, so two zeros may have been lost instead."""
    decimal = f"{value:012d}"
    possible = set(decimal) & {"8", "9"} and value >= 10**9
    return f' (or "{decimal}", if that is what stood there)' if possible else ""
