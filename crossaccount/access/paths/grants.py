"""Who of an account has a statement that may allow assuming a given role: an index, so that nobody asks everybody.

A candidate is not yet a path: conditions, denies, boundaries and the trust are for the evaluator. What has no candidate
surely has no grant.
"""

from __future__ import annotations

from collections.abc import Iterable

from crossaccount.access.estate.entities import Policy, Principal
from crossaccount.access.evaluation.context import open_context
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.matching import wildcard_match
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.variables import Template

Holders = dict[str, Principal]
"""Those who have a policy, by ARN."""


class Grants:
    """The grants of some principals on one action, by what they are about: a role, an account's roles, a name, any."""

    def __init__(self, principals: Iterable[Principal], action: str) -> None:
        self._exact: dict[str, list[Holders]] = {}
        self._by_account: dict[str, list[tuple[str, Holders]]] = {}
        self._by_name: dict[str, list[tuple[str, Holders]]] = {}
        self._anywhere: list[tuple[str, Holders]] = []
        known: dict[int, tuple[Holders, list[CompiledStatement]]] = {}
        for principal in principals:
            for policy in principal.policies:
                if id(policy) not in known:
                    known[id(policy)] = ({}, [each for each in policy.about(action) if each.allows])
                    self._index(policy, *known[id(policy)])
                holders, granting = known[id(policy)]
                holders[principal.arn] = principal
                for statement in granting:
                    if statement.has_variables and not statement.resources_inverted:
                        self._index_own(statement, principal)

    def candidates(self, role: str) -> Holders:
        """The principals that may have a grant on ``role`` (its ARN)."""
        *_, account, name = role.split(":", 5)
        found: Holders = {}
        for holders in self._exact.get(role, ()):
            found.update(holders)
        for patterns in (self._by_account.get(account, ()), self._by_name.get(name, ()), self._anywhere):
            for pattern, holders in patterns:
                if wildcard_match(pattern, role):
                    found.update(holders)
        return found

    def _index(self, policy: Policy, holders: Holders, granting: Iterable[CompiledStatement]) -> None:
        """What is the same for everyone who has the policy."""
        if policy.unknown:
            self._anywhere.append(("*", holders))
        for statement in granting:
            texts = (
                ("*",) if statement.resources_inverted else (each.text for each in statement.resources if each.plain)
            )
            for pattern in texts:
                self._index_pattern(pattern, holders)

    def _index_own(self, statement: CompiledStatement, principal: Principal) -> None:
        """What a statement's variables make of it for one of those who have it."""
        context = open_context(principal)
        for value in statement.resources:
            if not value.plain and (pattern := widest(value, context)) is not None:
                self._index_pattern(pattern, {principal.arn: principal})

    def _index_pattern(self, pattern: str, holders: Holders) -> None:
        parts = pattern.split(":", 5)
        if not has_wildcard(pattern):
            self._exact.setdefault(pattern, []).append(holders)
        elif len(parts) < 6 or any(has_wildcard(part) for part in parts[:4]):
            self._anywhere.append((pattern, holders))
        elif not has_wildcard(parts[4]):
            self._by_account.setdefault(parts[4], []).append((pattern, holders))
        elif parts[4] == "*" and not has_wildcard(parts[5]):
            self._by_name.setdefault(parts[5], []).append((pattern, holders))
        else:
            self._anywhere.append((pattern, holders))


def widest(value: Template, context: RequestContext) -> str | None:
    """A resource with the variables that the principal implies, at its widest; None where one has no value."""
    loose = value.loosened([key for key in value.variables() if context.undecided(key)])
    parts = loose.fill(context.single)
    if parts is None:
        return None
    return "".join(part.text if part.wildcards else part.text.replace("*", "?") for part in parts)
