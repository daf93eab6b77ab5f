"""Statements as comparable rules: actions, resources and conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from functools import cached_property

from crossaccount.access.diff.levels import expand
from crossaccount.access.diff.patterns import literal, overlap, within
from crossaccount.access.estate.entities import Policy
from crossaccount.access.evaluation.sides import condition_atoms
from crossaccount.access.requirements import Requirements
from crossaccount.access.requirements.requirement import Atom
from crossaccount.access.verdict import Decision, Side
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.conditions.context import Open
from crossaccount.iam.matching import Template

_ANYTHING = RequestContext.of(open=Open())


@dataclass(frozen=True)
class Rule:
    """One statement.

    ``resources`` of a trust's statement are the principals that it names, as ``trusts`` writes them.
    """

    allows: bool
    actions: tuple[Template, ...]
    actions_inverted: bool
    resources: tuple[Template, ...]
    resources_inverted: bool
    conditions: tuple[Atom, ...]
    decision: Decision
    written: tuple[str, ...] = ()
    """The actions as the statement has them; ``actions`` are in lower case."""

    @classmethod
    def of(
        cls, side: Side, policy: Policy, statement: CompiledStatement, resources: tuple[Template, ...] | None = None
    ) -> Rule:
        """The rule of a statement."""
        decision = Decision(side, policy.name, statement.label)
        return cls(
            statement.allows,
            tuple(literal(action.lower()) for action in statement.actions),
            statement.actions_inverted,
            statement.resources if resources is None else resources,
            statement.resources_inverted,
            condition_atoms(decision, statement.conditions, _ANYTHING),
            decision,
            statement.actions,
        )

    @property
    def alternatives(self) -> Requirements:
        """The conditions on which it applies."""
        return (self.conditions,)

    def as_written(self, action: str) -> str:
        """An action of the rule as its statement has it."""
        return self._writing.get(action, action)

    @cached_property
    def _writing(self) -> dict[str, str]:
        # AWS's own policies have a thousand actions and more in one statement.
        return {each.lower(): each for each in reversed(self.written)}

    def is_about(self, action: str) -> bool:
        """Whether it is about a single action of AWS's list, in lower case."""
        return (action in self._known) != self.actions_inverted

    def is_about_each(self, actions: Set[str]) -> bool:
        """Whether it is about all of some single actions of AWS's list."""
        return self._known.isdisjoint(actions) if self.actions_inverted else actions <= self._known

    def of_these(self, actions: Set[str]) -> set[str]:
        """Those of some single actions of AWS's list that it is about."""
        return set(actions - self._known if self.actions_inverted else actions & self._known)

    def lists_any(self, actions: Iterable[str]) -> bool:
        """Whether one of some actions of AWS's list fits its patterns, inverted or not."""
        return not self._known.isdisjoint(actions)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(action for pattern in self.actions for action in expand(pattern.text))

    def is_about_all(self, pattern: Template) -> bool:
        """Whether it is surely about every action of a pattern."""
        if not self.actions_inverted:
            return pattern.text in self._known or within(pattern, self.actions)
        return not any(overlap(pattern, each) for each in self.actions)

    def is_about_all_but(self, spared: Iterable[Template]) -> bool:
        """Whether it is surely about every action that fits none of ``spared``."""
        if self.actions_inverted:
            return all(within(each, spared) for each in self.actions)
        return any(each.text == "*" for each in self.actions)


def rules(side: Side, policies: Iterable[Policy]) -> Iterator[Rule]:
    """The rules of identity policies, a boundary or a control policy."""
    for policy in policies:
        for statement in policy.statements:
            yield Rule.of(side, policy, statement)
