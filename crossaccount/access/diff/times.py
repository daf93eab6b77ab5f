"""Policies as they apply from a given day on: a past date no longer matters, or its statement no longer applies.

Only the comparison of two estates uses them. A future date, or one that depends on the credentials' age, stays a
condition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from crossaccount.access.estate import Estate, Levels
from crossaccount.access.estate.entities import Policy, Principal, Role
from crossaccount.access.evaluation.sides import whenever
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.conditions import Condition

P = TypeVar("P", bound=Principal)


class FromThenOn:
    """Principals and control policies as they apply to all requests from ``since`` on; unchanged if it is None."""

    def __init__(self, since: datetime | None) -> None:
        self._since = since
        self._policies: dict[int, tuple[Policy, Policy]] = {}

    def principal(self, one: P | None) -> P | None:
        """A user or a role with its policies."""
        if one is None or self._since is None:
            return one
        boundary = one.boundary and self.policy(one.boundary)
        found = replace(one, policies=tuple(map(self.policy, one.policies)), boundary=boundary)
        return replace(found, trust=self.policy(found.trust)) if isinstance(found, Role) else found

    def controls(self, estate: Estate) -> Estate:
        """An estate with its control policies."""
        if self._since is None:
            return estate
        service, resource = self._levels(estate.service_control), self._levels(estate.resource_control)
        return replace(estate, service_control=service, resource_control=resource)

    def policy(self, policy: Policy) -> Policy:
        """One policy; unchanged if it depends on no date.

        The policy is kept, so that no other object gets its ``id``.
        """
        known = self._policies.get(id(policy))
        if known is None:
            statements = tuple(self._statements(policy))
            found = policy if statements == policy.statements else policy.having(statements)
            known = self._policies[id(policy)] = policy, found
        return known[1]

    def _levels(self, control: Mapping[str, Levels]) -> dict[str, Levels]:
        return {
            account: tuple(tuple(map(self.policy, level)) for level in levels) for account, levels in control.items()
        }

    def _statements(self, policy: Policy) -> Iterator[CompiledStatement]:
        for statement in policy.statements:
            answers = [(condition, self._answer(condition)) for condition in statement.conditions]
            if not any(met is False for _, met in answers):
                left = tuple(condition for condition, met in answers if met is None)
                yield statement if len(left) == len(answers) else replace(statement, conditions=left)

    def _answer(self, condition: Condition) -> bool | None:
        return None if self._since is None else whenever(condition, self._since)
