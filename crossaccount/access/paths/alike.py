"""Callers that a role's answer cannot differ between, so that one of them is judged for all."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Policy, Principal, Role
from crossaccount.access.evaluation.callers import ASSUME_ROLE, ExternalPrincipal
from crossaccount.access.evaluation.layers import ADDITIONAL
from crossaccount.access.paths.dependencies import Dependencies, dependencies_of

_ACTIONS = (ASSUME_ROLE, *ADDITIONAL)
Caller = TypeVar("Caller", bound=Principal)


class AlikeCallers:
    """Compares the callers of one estate by what the policies of a request can read."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._dependencies: dict[int, tuple[Policy, tuple[Dependencies, ...]]] = {}

    def distinct(self, callers: Iterable[Caller], role: Role) -> list[Caller]:
        """The first of all callers that get the same answers about a role, whatever the rest of the request."""
        found: dict[Hashable, Caller] = {}
        for caller in callers:
            found.setdefault(self.key(caller, role), caller)
        return list(found.values())

    def key(self, caller: Principal, role: Role) -> Hashable:
        """Callers with equal keys get equal answers: they have the same policies, and no policy on either side tells
        them apart (:class:`Dependencies`). Equal policies are one object.
        """
        if isinstance(caller, ExternalPrincipal):
            return caller.arn
        own = (*caller.policies, *((caller.boundary,) if caller.boundary else ()))
        above = (
            *self._estate.service_control.get(caller.account, ()),
            *self._estate.resource_control.get(role.account, ()),
        )
        policies = (*own, role.trust, *(policy for level in above for policy in level))
        read = tuple(
            each.equivalent_callers(caller)
            for policy in policies
            for each in self._of(policy)
            if each.single_out(caller)
        )
        trust = id(caller.trust) if isinstance(caller, Role) else 0
        kind = caller.partition, caller.account, caller.is_service_linked, trust, caller.boundary is None
        return (*kind, tuple(map(id, own)), read)

    def _of(self, policy: Policy) -> tuple[Dependencies, ...]:
        """What a policy can read, by action. The policy is kept, so that no other object gets its identity."""
        found = self._dependencies.get(id(policy))
        if found is None:
            every = (dependencies_of(policy, action) for action in _ACTIONS)
            telling = tuple(each for each in every if each.depends_on_caller)
            found = self._dependencies[id(policy)] = policy, telling
        return found[1]
