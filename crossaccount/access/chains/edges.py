"""The single hops of ways: who may assume each role, and under which conditions.

The conditions of a hop depend on what the caller's session carries: both sides must allow the additional action for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from crossaccount.access.chains.session import FREE, Sticky, expanded
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role, User
from crossaccount.access.evaluation.callers import ASSUME_ROLE, service, trusted_services
from crossaccount.access.evaluation.layers import ADDITIONAL, Answer, answer_of, open_layers, with_actions
from crossaccount.access.paths.answers import RoleAnswers, SharedLayers
from crossaccount.access.paths.candidates import Candidates, reached_by
from crossaccount.access.paths.path import Path, paths_by, services_let_in
from crossaccount.access.requirements import Requirements
from crossaccount.access.requirements.requirement import Conjunction


class Edge(NamedTuple):
    """The callers of a role, with their conditions."""

    caller: Principal
    alternatives: Requirements


class Edges:
    """The callers of each role, computed at first use."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._candidates = Candidates(estate)
        self.shared = SharedLayers(estate)
        self._answers: dict[str, tuple[Sequence[Principal], Sequence[Answer]]] = {}
        self._callers: dict[str, list[Edge]] = {}
        self._alike: dict[str, tuple[list[Edge], list[tuple[Edge, list[str]]]]] = {}
        self._roles_before: dict[str, bool] = {}
        self._services: dict[str, list[Edge]] = {}
        self._services_of_trust: dict[int, list[Edge]] = {}
        self._conjunctions: dict[tuple[str, str, Sticky], list[Conjunction]] = {}

    def paths_to(self, role: Role) -> list[Path]:
        """The paths to a role, sorted by principal."""
        return paths_by(role, *self._answers_of(role))

    def into(self, role: Role) -> list[Edge]:
        """All callers of a role."""
        found = self._callers.get(role.arn)
        if found is None:
            every = zip(*self._answers_of(role), strict=True)
            found = [Edge(caller, answer.alternatives) for caller, answer in every if answer.alternatives]
            self._callers[role.arn] = found
        return found

    def into_alike(self, role: Role) -> tuple[list[Edge], list[tuple[Edge, list[str]]]]:
        """All callers of a role: those with an edge of their own, and users, once for all with the same conditions."""
        found = self._alike.get(role.arn)
        if found is None:
            own = [edge for edge in self.into(role) if not isinstance(edge.caller, User)]
            users: dict[int, tuple[Edge, list[str]]] = {}
            for edge in self.into(role):
                if isinstance(edge.caller, User):
                    users.setdefault(id(edge.alternatives), (edge, []))[1].append(edge.caller.arn)
            found = self._alike[role.arn] = own, list(users.values())
        return found

    def has_roles_before(self, role: Role) -> bool:
        """Whether another role may assume it. Otherwise no way of several hops leads to it."""
        found = self._roles_before.get(role.arn)
        if found is None:
            every = zip(*self._answers_of(role), strict=True)
            found = self._roles_before[role.arn] = any(
                isinstance(caller, Role) and caller.arn != role.arn and bool(answer.alternatives)
                for caller, answer in every
            )
        return found

    def _answers_of(self, role: Role) -> tuple[Sequence[Principal], Sequence[Answer]]:
        """The candidates for a role, and the answer for each."""
        found = self._answers.get(role.arn)
        if found is None:
            callers = self._candidates.of(role)
            found = self._answers[role.arn] = callers, RoleAnswers(self.shared, role).each(callers)
        return found

    def services_into(self, role: Role) -> list[Edge]:
        """The services that may run as a role."""
        if role.arn not in self._services:
            self._services[role.arn] = self._services_of(role)
        return self._services[role.arn]

    def _services_of(self, role: Role) -> list[Edge]:
        """The services of a role, found once for each trust; equal trusts are one object.

        Only the trust decides, unless it reads the role's tags or account, or the account has resource control
        policies.
        """
        if not trusted_services(role):
            return []
        own = bool(self.estate.resource_control.get(role.account)) or any(
            self.shared.dependencies(role.trust, action).depends_on_role for action in (ASSUME_ROLE, *ADDITIONAL)
        )
        found = None if own else self._services_of_trust.get(id(role.trust))
        if found is None:
            services = services_let_in(self.estate, role)
            found = [Edge(service(each.service), each.alternatives) for each in services]
            if not own:
                self._services_of_trust[id(role.trust)] = found  # the estate keeps the trust
        return found

    def alternatives(self, caller: Principal, role: Role, known: Requirements, carries: Sticky) -> list[Conjunction]:
        """The conditions of a hop by a session that carries ``carries``; ``known`` are those of the path."""
        own = frozenset(caller.carried_actions) if isinstance(caller, Role) else FREE
        if not isinstance(caller, Role):
            return list(known)
        key = (caller.arn, role.arn, carries)
        if key not in self._conjunctions:
            found = known
            if carries != own:
                first = answer_of(open_layers(self.estate, caller, role)).alternatives
                found = with_actions(first, self.allowing(caller, role), tuple(sorted(carries)))
            self._conjunctions[key] = expanded(found, role)
        return self._conjunctions[key]

    def allowing(self, caller: Principal, role: Role) -> Callable[[str], Requirements]:
        """The conditions under which both sides of a hop allow an additional action."""
        return lambda action: open_layers(self.estate, caller, role, action).alternatives()

    def after(self, callers: Iterable[Principal]) -> set[str]:
        """The roles that these principals may be able to assume, directly or through other roles."""
        seen: set[str] = set()
        todo = list(callers)
        while todo:
            users = {each.arn: each for each in todo if isinstance(each, User)}
            roles = {each.arn: each for each in todo if isinstance(each, Role)}
            found = [role for role, by in reached_by(self.estate, users, roles) if by and role.arn not in seen]
            seen.update(role.arn for role in found)
            todo = list(found)
        return seen
