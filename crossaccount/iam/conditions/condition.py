"""One condition, and the ``Condition`` element as a whole.

The rules, all from https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
and the pages beside it (reference_policies_condition-logic-multiple-context-keys-or-values.html,
reference_policies_condition-single-vs-multi-valued-context-keys.html):

- operators and keys are joined by AND, the values of a key by OR, those of a negated operator by NOR;
- where the key is absent a positive operator is false, a negated one true, ``…IfExists`` true; ``Null`` asks just that;
- ``ForAllValues`` is true for an absent key (and for a lone empty string), ``ForAnyValue`` is false for both;
- a multivalued key "requires" a set operator. AWS does not say what happens without: here several values equal none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crossaccount.iam.conditions.context import RequestContext
from crossaccount.iam.conditions.operators import NEGATED, POSITIVE, Compare
from crossaccount.iam.documents import as_list, value_text
from crossaccount.iam.variables import Template, template

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
        """Whether a request meets the condition; None where that hangs on what an open context leaves open."""
        if any(context.is_open(key) for key in self.keys):
            return None
        answers = {self.holds(each) for each in context.possibilities(self.keys)}
        return answers.pop() if len(answers) == 1 else None

    def holds(self, context: RequestContext) -> bool:
        """Whether a request meets the condition. The context has to be complete."""
        if context.supposed and (supposed := context.supposed.get(self.key.lower())) is not None:
            return supposed
        values = context.values.get(self._lower_key)
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
        """What the operator says of one value of the key, quantifiers and absence aside."""
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
