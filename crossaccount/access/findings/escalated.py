"""Principals that can give themselves access to a role: by a new trust, own grants, a user's credentials, or PassRole.

Each step is an AssumeRole call or such a change, and is marked as such. These ways are separate from those of
``access.chains``, because a change is visible and can be undone. The conditions of each step are evaluated
independently: what a session carries to the next step is not evaluated. Only the shortest way of each principal is
shown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from crossaccount.access.chains import Chains
from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.estate.policies import Details
from crossaccount.access.evaluation.callers import Naming
from crossaccount.access.evaluation.layers import can_reach, open_layers
from crossaccount.access.evaluation.sides import Allow
from crossaccount.access.findings.escalation import Escalation
from crossaccount.access.requirements import NEVER, Requirements, requirements_json
from crossaccount.access.requirements.words import in_words
from crossaccount.access.verdict import Decision

_SELF_GRANTING = frozenset({"iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:PutRolePolicy", "iam:AttachRolePolicy"})
_BECOMING = frozenset({"iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"})
_ENTERING = frozenset({"iam:UpdateAssumeRolePolicy", "iam:PassRole"})
ASSUMING = "sts:AssumeRole"


class Step(NamedTuple):
    """One step from ``principal`` to ``target`` by ``action``: ``sts:AssumeRole``, or the change that enables it."""

    principal: str
    target: str
    action: str
    alternatives: Requirements

    @property
    def is_escalation(self) -> bool:
        """Whether it changes something."""
        return self.action != ASSUMING

    def to_json(self) -> dict[str, Any]:
        """A step in the commands' JSON."""
        return {
            "principal": self.principal,
            "target": self.target,
            "action": self.action,
            "escalation": self.is_escalation,
            "alternatives": requirements_json(self.alternatives),
        }


class Escalated(NamedTuple):
    """The shortest way of a principal to a role with at least one step that changes something."""

    principal: str
    role: str
    steps: tuple[Step, ...]

    def to_json(self) -> dict[str, Any]:
        """A way in the commands' JSON."""
        return {"principal": self.principal, "role": self.role, "steps": [each.to_json() for each in self.steps]}

    def lines(self, shown: Any = str) -> list[str]:
        """The steps in words."""
        return [
            f"{shown(each.principal)} → {shown(each.target)}: {each.action}, {in_words(each.alternatives)}"
            for each in self.steps
        ]


def escalated_to(details: Sequence[Details], chains: Chains, role_arn: str) -> list[Escalated]:
    """The principals that reach a role with at least one change, sorted."""
    return _escalated(_Graph(details, chains), chains, role_arn)


def escalations(details: Sequence[Details], chains: Chains, principal_arn: str = "") -> Iterator[Escalated]:
    """The ways with a change of all principals, or of one, sorted by role."""
    graph = _Graph(details, chains)
    for arn in sorted(chains.estate.roles):
        found = _escalated(graph, chains, arn)
        yield from (each for each in found if not principal_arn or each.principal == principal_arn)


def _escalated(graph: _Graph, chains: Chains, role_arn: str) -> list[Escalated]:
    # Backwards, with and without a change so far: each (node, changed) is reached once, by the fewest steps.
    found: dict[tuple[str, bool], tuple[Step, ...]] = {(role_arn, False): ()}
    todo = deque(found)
    while todo:
        node, changed = todo.popleft()
        for step in graph.into(node):
            key = (step.principal, changed or step.is_escalation)
            stops = {each.target for each in found[node, changed]} | {node}
            if key not in found and step.principal not in stops:
                found[key] = (step, *found[node, changed])
                todo.append(key)
    return [
        Escalated(principal, role_arn, steps)
        for (principal, changed), steps in sorted(found.items())
        if changed and chains.estate.principal(principal) is not None
    ]


class _Graph:
    """The steps into each user and role."""

    def __init__(self, details: Sequence[Details], chains: Chains) -> None:
        self._chains = chains
        self._estate = chains.estate
        self._onto: dict[str, list[Step]] = {}
        self._granting: dict[str, Step] = {}
        self._into: dict[str, tuple[Step, ...]] = {}
        for principal, action, target, alternatives in Escalation(details, chains.estate).steps(
            _SELF_GRANTING | _BECOMING | _ENTERING
        ):
            step = Step(principal.arn, target, action, alternatives)
            if action in _SELF_GRANTING:
                if target == principal.arn:
                    self._granting.setdefault(principal.arn, step)
            else:
                self._onto.setdefault(target, []).append(step)

    def into(self, node: str) -> Sequence[Step]:
        """The steps into a user or role, computed at first use."""
        if node not in self._into:
            self._into[node] = tuple(self._steps(node))
        return self._into[node]

    def _steps(self, node: str) -> Iterator[Step]:
        """Plain steps come first, so that of two equally short ways the one with fewer changes wins."""
        role = self._estate.roles.get(node)
        able: set[str] = set()
        if role is not None:
            for edge in self._chains.edges.into(role):
                able.add(edge.caller.arn)
                yield Step(edge.caller.arn, node, ASSUMING, edge.alternatives)
        yield from (step for step in self._onto.get(node, ()) if step.principal not in able)
        for arn, step in self._granting.items() if role is not None else ():
            principal = self._estate.principal(arn)
            if role is not None and principal is not None and arn not in able and arn != node:
                found = _if_granted(self._chains, principal, role)
                if found != NEVER:
                    yield step._replace(target=node, alternatives=found)


def _if_granted(chains: Chains, principal: Principal, role: Role) -> Requirements:
    """The conditions under which a principal could assume a role if its own policies allowed it."""
    if not can_reach(principal, role):
        return NEVER
    layers = open_layers(chains.estate, principal, role)
    if layers.identity is None:
        return NEVER
    granted = Allow(Decision("identity", "a policy that it attaches to itself", ""), Naming.DIRECT)
    return layers._replace(identity=layers.identity._replace(allows=(granted,))).alternatives()
