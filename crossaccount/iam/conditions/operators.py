"""What each condition operator compares, one request value with one policy value; negation and sets are elsewhere.

A value that is not of the operator's type (a date that is none, a word for a number) equals nothing and orders before
nothing: a positive operator does not match. Numbers are decimal; dates are ISO 8601 or seconds since 1970 (four digits
are a year); addresses are IPv4 or IPv6, a bare one means itself alone.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, partial

from crossaccount.iam.matching import ARN_COMPONENTS
from crossaccount.iam.variables import Literal, Lookup, Template

Compare = Callable[[str, Template, Lookup], bool]
"""Whether a request's value meets a policy's value; the lookup resolves the policy's variables."""

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_YEAR = re.compile(r"\d{4}")
_MONTH = re.compile(r"\d{4}-\d{2}")
_SECONDS = re.compile(r"-?\d+(\.\d+)?")


def _equals(value: str, expected: Template, lookup: Lookup) -> bool:
    return value == expected.exact(lookup)


def _equals_ignoring_case(value: str, expected: Template, lookup: Lookup) -> bool:
    text = expected.exact(lookup)
    return text is not None and value.lower() == text.lower()


def _like(value: str, expected: Template, lookup: Lookup) -> bool:
    return expected.matches(value, lookup)


def _bool(value: str, expected: Template, lookup: Lookup) -> bool:
    text = expected.exact(lookup)
    return text is not None and value.lower() == text.lower() and text.lower() in ("true", "false")


def _arn(value: str, expected: Template, lookup: Lookup) -> bool:
    """Each of the six components separately; a bare ``*`` at the end of fewer stands for all that follow.

    A variable may stand for several components, or for a whole ARN.
    """
    filled = expected.parts if expected.plain else expected.fill(lookup)
    if filled is None:
        return False
    parts = value.split(":", ARN_COMPONENTS - 1)
    patterns = _components(filled)
    if patterns[-1].text == "*" and patterns[-1].plain and len(patterns) <= len(parts):
        patterns = patterns[:-1]
    elif len(patterns) != len(parts):
        return False
    return all(pattern.matches(part, lookup) for pattern, part in zip(patterns, parts, strict=False))


@lru_cache(maxsize=16_384)
def _components(filled: tuple[Literal, ...]) -> tuple[Template, ...]:
    """The components of an ARN that is written in several parts."""
    found: list[list[Literal]] = [[]]
    for part in filled:
        first, *rest = part.text.split(":", ARN_COMPONENTS - len(found))
        found[-1].append(Literal(first, part.wildcards))
        found += [[Literal(text, part.wildcards)] for text in rest]
    return tuple(Template("".join(part.text for part in parts), tuple(parts)) for parts in found)


def _ordered(
    parse: Callable[[str], Decimal | None],
    compare: Callable[[Decimal, Decimal], bool],
    value: str,
    expected: Template,
    _: Lookup,
) -> bool:
    left, right = parse(value), parse(expected.text)
    return left is not None and right is not None and compare(left, right)


def number(text: str) -> Decimal | None:
    """A number's value; None for what is none."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def instant(text: str) -> Decimal | None:
    """Seconds since 1970 of a date; without a zone it is UTC, of a year or month the start; None for what is none."""
    if _SECONDS.fullmatch(text) and not _YEAR.fullmatch(text):
        return Decimal(text)
    text += "-01-01" if _YEAR.fullmatch(text) else "-01" if _MONTH.fullmatch(text) else ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return Decimal(str((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))


def _within(value: str, expected: Template, _: Lookup) -> bool:
    try:
        return ipaddress.ip_address(value) in _network(expected.text)
    except ValueError:
        return False


@lru_cache(maxsize=16_384)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


_ORDERS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "equals": operator.eq,
    "lessthan": operator.lt,
    "lessthanequals": operator.le,
    "greaterthan": operator.gt,
    "greaterthanequals": operator.ge,
}

POSITIVE: Mapping[str, Compare] = {
    "stringequals": _equals,
    "stringequalsignorecase": _equals_ignoring_case,
    "stringlike": _like,
    "bool": _bool,
    "binaryequals": _equals,
    "ipaddress": _within,
    "arnequals": _arn,
    "arnlike": _arn,
    **{f"numeric{name}": partial(_ordered, number, compare) for name, compare in _ORDERS.items()},
    **{f"date{name}": partial(_ordered, instant, compare) for name, compare in _ORDERS.items()},
}
"""Each operator that matches, by lower-case name."""

NEGATED: Mapping[str, str] = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "numericnotequals": "numericequals",
    "datenotequals": "dateequals",
    "notipaddress": "ipaddress",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
}
"""Each negated operator and the operator that it is the opposite of."""
