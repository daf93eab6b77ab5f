"""The single hops of ways: who may assume each role, and under which conditions.

The conditions of a hop depend on what the caller's session carries: both sides must allow the additional action for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from crossaccount.access.chains.session import FREE, Sticky, expanded
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role, User
from crossaccount.access.evaluation.callers import service
from crossaccount.access.evaluation.layers import answer_of, open_layers, with_actions
from crossaccount.access.paths.answers import RoleAnswers, SharedLayers
from crossaccount.access.paths.candidates import Candidates, reached_by
from crossaccount.access.paths.path import Path, services_let_in
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
        self._callers: dict[str, list[Edge]] = {}
        self._services: dict[str, list[Edge]] = {}
        self._conjunctions: dict[tuple[str, str, Sticky], list[Conjunction]] = {}

    def paths_to(self, role: Role) -> list[Path]:
        """The paths to a role, sorted by principal."""
        callers = self._candidates.of(role)
        found, edges = [], []
        for caller, answer in zip(callers, RoleAnswers(self.shared, role).each(callers), strict=True):
            if answer.alternatives:
                edges.append(Edge(caller, answer.alternatives))
                found.append(Path(caller.arn, role.arn, answer.alternatives, answer.grants, answer.trust))
        self._callers[role.arn] = edges
        return found

    def into(self, role: Role) -> list[Edge]:
        """All callers of a role."""
        if role.arn not in self._callers:
            self.paths_to(role)
        return self._callers[role.arn]

    def has_roles_before(self, role: Role) -> bool:
        """Whether another role may assume it. Otherwise no way of several hops leads to it."""
        return any(isinstance(edge.caller, Role) and edge.caller.arn != role.arn for edge in self.into(role))

    def services_into(self, role: Role) -> list[Edge]:
        """The services that may run as a role."""
        if role.arn not in self._services:
            found = services_let_in(self.estate, role)
            self._services[role.arn] = [Edge(service(each.service), each.alternatives) for each in found]
        return self._services[role.arn]

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
