"""Atoms: the conditions that an open request still has to meet, each with the statement that asks for it.

Four kinds, told apart by ``operator``:

- one of IAM's condition operators, on ``key``;
- ``Resource``: the role (``key``) has to fit one of the Resource patterns in ``values``, which hold policy variables
  that the request decides;
- ``AnyOf``: one of several conjunctions has to be met, each a JSON list in ``values``. It stands for an alternation
  that would multiply too much if it were written out;
- ``Unknown``: hangs on a policy that nobody knows; ``key`` is what it may do, ``Allow`` or ``Deny``.

Values are texts as a 2012-10-17 policy has them. Variables that the principal implies are filled in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from crossaccount.access.verdict import Side
from crossaccount.iam.conditions import Condition, RequestContext, compile_conditions
from crossaccount.iam.conditions.satisfiable import satisfiable
from crossaccount.iam.variables import Literal, Lookup, Template, Variable, template

RESOURCE, ANY_OF, UNKNOWN = "Resource", "AnyOf", "Unknown"

Meaning = tuple[str, str, tuple[str, ...], bool]
"""What an atom asks for, whoever asks."""


@dataclass(frozen=True)
class Atom:
    """One condition still to meet. ``negated``: it must not be met, because a Deny has it."""

    side: Side
    policy: str
    statement: str
    operator: str
    key: str
    values: tuple[str, ...]
    negated: bool = False

    @cached_property
    def meaning(self) -> Meaning:
        """What it asks for: letter case, order and origin aside."""
        key = self.key if self.operator == RESOURCE else self.key.lower()
        return self.operator.lower(), key, tuple(sorted(set(self.values))), self.negated

    @property
    def is_condition(self) -> bool:
        """Whether it is one of IAM's conditions."""
        return self.operator not in (RESOURCE, ANY_OF, UNKNOWN)

    @cached_property
    def condition(self) -> Condition:
        """The condition of an atom that is one."""
        return _condition(self.operator, self.key, self.values)

    @cached_property
    def negation(self) -> Atom:
        """The atom that is met exactly where this one is not."""
        return replace(self, negated=not self.negated)

    @cached_property
    def possible(self) -> bool:
        """Whether something may meet it."""
        return not self.is_condition or satisfiable([(self.condition, not self.negated)])

    def holds(self, context: RequestContext) -> bool | None:
        """Whether a complete context meets it; None where that hangs on a policy that nobody knows."""
        if self.operator == UNKNOWN:
            return None
        if self.operator == ANY_OF:
            found = any_of([all_of([atom.holds(context) for atom in each]) for each in self.conjunctions])
            return None if found is None else found != self.negated
        if self.operator == RESOURCE:
            return any(template(value).matches(self.key, context.single) for value in self.values) != self.negated
        return self.condition.holds(context) != self.negated

    @cached_property
    def conjunctions(self) -> tuple[tuple[Atom, ...], ...]:
        """What an ``AnyOf`` stands for."""
        return tuple(
            tuple(replace(self, operator=op, key=key, values=tuple(values), negated=no) for op, key, values, no in each)
            for each in map(json.loads, self.values)
        )

    def to_json(self) -> dict[str, Any]:
        """An atom in the commands' JSON."""
        return {
            "side": self.side,
            "policy": self.policy,
            "statement": self.statement,
            "operator": self.operator,
            "key": self.key,
            "values": list(self.values),
            "negated": self.negated,
        }

    def __str__(self) -> str:
        text = f"{self.operator} {self.key} {', '.join(self.values)}"
        return f"not ({text})" if self.negated else text


def composite(alternatives: Sequence[tuple[Atom, ...]]) -> Atom:
    """One atom for several alternatives, of which there must be some; each but the last may be hard to meet."""
    first = next(atom for each in alternatives for atom in each)
    values = tuple(json.dumps([[a.operator, a.key, a.values, a.negated] for a in each]) for each in alternatives)
    return replace(first, operator=ANY_OF, key="", values=values, negated=False)


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """True where one is; None where one may be."""
    found = set(answers)
    return True if True in found else (None if None in found else False)


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """False where one is; None where one may be."""
    found = set(answers)
    return False if False in found else (None if None in found else True)


def filled(value: Template, context: RequestContext) -> str:
    """A value of a policy with the variables that the context knows filled in, as a policy would have it."""
    return "".join(_written(part, context.single, context) for part in value.parts)


def _written(part: Literal | Variable, lookup: Lookup, context: RequestContext) -> str:
    if isinstance(part, Literal):
        return part.text.replace("${", "${$}{") if part.wildcards else f"${{{part.text}}}"
    if context.undecided(part.key):
        default = "" if part.default is None else f", '{part.default}'"
        return f"${{{part.key}{default}}}"
    value = lookup(part.key)
    value = part.default if value is None else value
    if value is None:
        return f"${{{part.key}}}"  # no value: it stays what fits nothing
    return "".join(f"${{{character}}}" if character in "*?$" else character for character in value)


@lru_cache(maxsize=16_384)
def _condition(operator: str, key: str, values: tuple[str, ...]) -> Condition:
    return compile_conditions({operator: {key: values}})[0]
