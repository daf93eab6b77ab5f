"""Who of an account has a statement that may allow assuming a given role: an index, so that nobody asks everybody.

A candidate is not yet a path: conditions, denies, boundaries and the trust are for the evaluator. What has no candidate
surely has no grant.
"""

from __future__ import annotations

from collections.abc import Iterable

from crossaccount.access.entities import Policy, Principal
from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.matching import expression, glob
from crossaccount.iam.variables import Variable


class Grants:
    """The grants of one account's principals on one action, by what they are about."""

    def __init__(self, principals: Iterable[Principal], action: str) -> None:
        self._action = action
        self._exact: dict[str, list[Policy]] = {}
        self._by_account: dict[str, list[tuple[str, Policy]]] = {}
        self._anywhere: list[tuple[str, Policy]] = []
        self._holders: dict[int, list[Principal]] = {}
        for principal in principals:
            for policy in principal.policies:
                self._add(policy, principal)

    def candidates(self, role: str, account: str) -> Iterable[Principal]:
        """The principals that may have a grant on ``role`` (its ARN) of ``account``, each once."""
        policies = list(self._exact.get(role, ()))
        for patterns in (self._by_account.get(account, ()), self._anywhere):
            policies += [policy for source, policy in patterns if expression(source).fullmatch(role)]
        found = {holder.arn: holder for policy in policies for holder in self._holders[id(policy)]}
        return found.values()

    def _add(self, policy: Policy, principal: Principal) -> None:
        holders = self._holders.setdefault(id(policy), [])
        if not holders:
            self._index(policy)
        holders.append(principal)

    def _index(self, policy: Policy) -> None:
        if policy.unknown:
            self._anywhere.append((".*", policy))
        for statement in policy.statements:
            if statement.allows and statement.about(self._action):
                for pattern in _patterns(statement):
                    self._index_pattern(pattern, policy)

    def _index_pattern(self, pattern: str, policy: Policy) -> None:
        if "*" not in pattern and "?" not in pattern:
            self._exact.setdefault(pattern, []).append(policy)
            return
        parts = pattern.split(":", 5)
        entry = (glob(pattern), policy)
        if (
            len(parts) == 6
            and ACCOUNT_ID.match(parts[4])
            and not any(wild in part for part in parts[:4] for wild in "*?")
        ):
            self._by_account.setdefault(parts[4], []).append(entry)
        else:
            self._anywhere.append(entry)


def _patterns(statement: CompiledStatement) -> Iterable[str]:
    """The statement's resources at their widest, as wildcards."""
    if statement.resources_inverted:
        return ("*",)
    return (
        "".join("*" if isinstance(part, Variable) else (part.text if part.wildcards else "?") for part in value.parts)
        for value in statement.resources
    )
