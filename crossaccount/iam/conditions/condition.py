"""One condition, the ``Condition`` element as a whole, and what each operator compares.

The rules, all from
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html and the pages next
to it (reference_policies_condition-logic-multiple-context-keys-or-values.html,
reference_policies_condition-single-vs-multi-valued-context-keys.html):

- operators and keys are joined by AND, the values of a key by OR, those of a negated operator by NOR;
- where the key is absent a positive operator is false, a negated one true, ``…IfExists`` true; ``Null`` asks just that;
- ``ForAllValues`` is true for an absent key (and for a lone empty string), ``ForAnyValue`` is false for both;
- a multivalued key "requires" a set operator. AWS does not say what happens without: here several values equal none.

A value that is not of the operator's type (a text that is no date, a word for a number) equals nothing and orders
before nothing: a positive operator does not match. Numbers are decimal; dates are ISO 8601 or seconds since 1970 (four
digits are a year); addresses are IPv4 or IPv6, a bare one means itself alone.
"""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from crossaccount.iam.caching import cached_property
from crossaccount.iam.conditions.context import RequestContext
from crossaccount.iam.documents import as_list, value_text
from crossaccount.iam.matching import ARN_COMPONENTS, Literal, Lookup, Template, template

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
    """Compares each of the six components separately. A final ``*`` in fewer components matches all that follow.

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
    """The value of a number; None if the text is not a number."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def instant(text: str) -> Decimal | None:
    """Epoch seconds in UTC. A bare year or month means its start. None if the text is not a date."""
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


_FOR_ALL = "forallvalues:"
_FOR_ANY = "foranyvalue:"
_IF_EXISTS = "ifexists"
_NULL = "null"
_NO_VARIABLES = ("numeric", "date", "binary", "ipaddress", "notipaddress", _NULL)


class ConditionError(ValueError):
    """A ``Condition`` element that IAM would not accept: it cannot be judged."""


@dataclass(frozen=True)
class Condition:
    """One operator on one key. ``operator`` and ``key`` are as written; ``base`` is the bare operator in lower case."""

    operator: str
    key: str
    values: tuple[Template, ...]
    base: str
    quantifier: str = ""
    if_exists: bool = False

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Computed once: conditions are the keys of many caches."""
        return hash((self.operator, self.key, self.values))

    @cached_property
    def negated(self) -> bool:
        """Whether the operator matches what its values do not."""
        return self.base in NEGATED

    @cached_property
    def _compare(self) -> Compare:
        return POSITIVE[NEGATED.get(self.base, self.base)]

    @cached_property
    def _lower_key(self) -> str:
        return self.key.lower()

    @cached_property
    def keys(self) -> frozenset[str]:
        """All keys that the condition asks for, in lower case: its own, and those of variables in its values."""
        variables = {key.lower() for value in self.values for key in value.variables()}
        return frozenset({self.key.lower(), *variables})

    def answer(self, context: RequestContext) -> bool | None:
        """Whether a request meets the condition; None if an open context does not decide it."""
        if self.base == _NULL and context.carries(self._lower_key):
            return any(expected.text.lower() == "false" for expected in self.values)
        if any(context.is_open(key) for key in self.keys):
            return None
        answers = {self.holds(each) for each in context.possibilities(self.keys)}
        return answers.pop() if len(answers) == 1 else None

    def holds(self, context: RequestContext) -> bool:
        """Whether a request meets the condition. The context has to be complete."""
        values = context.values.get(self._lower_key)
        if context.supposed and (values is None or self.base != _NULL):
            supposed = context.supposed.get(self._lower_key)
            if supposed is not None:
                return supposed
        if self.base == _NULL:
            return any((values is None) == (expected.text.lower() == "true") for expected in self.values)
        if values is None:
            return self.if_exists or self.quantifier == _FOR_ALL or (self.negated and self.quantifier != _FOR_ANY)
        if self.quantifier and values == ("",):
            return self.quantifier == _FOR_ALL
        if self.quantifier == _FOR_ALL:
            return all(self.accepts(value, context) for value in values)
        if self.quantifier == _FOR_ANY:
            return any(self.accepts(value, context) for value in values)
        return self.accepts(values[0], context) if len(values) == 1 else self.negated

    def accepts(self, value: str, context: RequestContext) -> bool:
        """The operator's answer for one value of the key, without quantifiers and absence."""
        for expected in self.values:
            if self._compare(value, expected, context.single):
                return not self.negated
        return self.negated


def compile_conditions(element: object, variables: bool = True) -> tuple[Condition, ...]:
    """The conditions of a ``Condition`` element (None and ``{}`` have none).

    ``variables`` is whether the policy's version knows policy variables.

    Raises:
        ConditionError: an operator that IAM does not have, or a shape that is no mapping.
    """
    if element is None:
        return ()
    if not isinstance(element, Mapping) or not all(isinstance(keys, Mapping) for keys in element.values()):
        raise ConditionError("Condition must be a mapping of operator to key to value")
    return tuple(
        _condition(str(operator), str(key), values, variables)
        for operator, keys in element.items()
        for key, values in keys.items()
    )


def unmet(conditions: Iterable[Condition], context: RequestContext) -> tuple[Condition, ...]:
    """The conditions that a request does not meet; empty where it meets them all."""
    return tuple([condition for condition in conditions if not condition.holds(context)])


def _condition(operator: str, key: str, values: Any, variables: bool) -> Condition:
    base = operator.lower()
    quantifier = next((prefix for prefix in (_FOR_ALL, _FOR_ANY) if base.startswith(prefix)), "")
    base = base.removeprefix(quantifier)
    if_exists = base.endswith(_IF_EXISTS)
    base = base.removesuffix(_IF_EXISTS)
    if (base not in POSITIVE and base not in NEGATED and base != _NULL) or (
        base == _NULL and (if_exists or quantifier)
    ):
        raise ConditionError(f"{operator} is not a condition operator of IAM")
    allowed = variables and not base.startswith(_NO_VARIABLES)
    templates = tuple(template(value_text(value), allowed) for value in as_list(values))
    return Condition(operator, key, templates, base, quantifier, if_exists)
