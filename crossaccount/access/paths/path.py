"""Paths: every principal → role that works, with what is still to meet and the statements that meet.

One object per pair. A principal is a user or a role of the sources, or an outsider whom a trust lets in: an account
(``arn:aws:iam::ID:root``), an organisation (``o-…``), an identity provider, one principal of an account without a
source, or ``*``; of an outsider's own policies nothing is known, so its ``grants`` are empty. Services are no paths
(``beside`` has them).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from crossaccount.access.alternatives import NEVER, Alternatives, alternatives_json
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.evaluation.outsiders import outsider
from crossaccount.access.paths.candidates import Candidates
from crossaccount.access.paths.role_answers import RoleAnswers
from crossaccount.access.paths.shared import SharedLayers
from crossaccount.access.verdict import Decision


class Path(NamedTuple):
    """Who may assume what. ``alternatives`` is an OR of ANDs of conditions; ``((),)`` is unconditional.

    ``grants`` and ``trust`` are the statements that take part in allowing. A grant is missing where a trust of the same
    account needs none.
    """

    principal: str
    role: str
    alternatives: Alternatives
    grants: tuple[Decision, ...]
    trust: tuple[Decision, ...]

    def to_json(self) -> dict[str, Any]:
        """A path in the commands' JSON."""
        return {
            "principal": self.principal,
            "role": self.role,
            "alternatives": alternatives_json(self.alternatives),
            "grants": [{"policy": grant.policy, "statement": grant.statement} for grant in self.grants],
            "trust": [{"statement": trust.statement} for trust in self.trust],
        }


def paths(estate: Estate) -> Iterator[Path]:
    """All paths of an estate, by role and then by principal."""
    candidates, shared = Candidates(estate), SharedLayers(estate)
    for arn in sorted(estate.roles):
        yield from paths_to(estate.roles[arn], candidates.of(estate.roles[arn]), shared)


def who_can(estate: Estate, role_arn: str) -> list[Path]:
    """The paths to one role; none where the estate does not have it."""
    role = estate.roles.get(role_arn)
    return [] if role is None else paths_to(role, Candidates(estate).of(role), SharedLayers(estate))


def what_can(estate: Estate, principal_arn: str) -> list[Path]:
    """The paths of one principal. It may be an outsider: then also the trusts that let it in without naming it."""
    candidates, shared = Candidates(estate), SharedLayers(estate)
    stranger = outsider(principal_arn, estate.accounts)
    found: list[Path] = []
    for arn in sorted(estate.roles):
        role = estate.roles[arn]
        callers = [stranger.placed(estate)] if stranger else candidates.of(role, principal_arn)
        found += paths_to(role, callers, shared)
    return found


def paths_to(role: Role, callers: Iterable[Principal], shared: SharedLayers) -> list[Path]:
    """The paths to one role of those among ``callers`` who have one, in their order."""
    answers = RoleAnswers(shared, role)
    found = []
    for caller in callers:
        answer = answers.of(caller)
        if answer.alternatives != NEVER:
            found.append(Path(caller.arn, role.arn, answer.alternatives, answer.grants, answer.trust))
    return found
