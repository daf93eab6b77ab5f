"""Paths: every principal → role that works in one call, with the open conditions and the deciding statements.

One object per pair. A principal is a user or a role of the sources, or an external principal that a trust allows: an
account (``arn:aws:iam::ID:root``), an organisation (``o-…``), an identity provider, one principal of an account without
a source, or ``*``. Its own policies are not known, so its ``grants`` are empty; across accounts they have to allow the
call as well (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html).
Users of an identity provider need no grant, and neither does a service.

The services that a trust allows and the grants on roles of accounts without a source are not paths, and are listed
separately.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.evaluation.callers import (
    ASSUME_ROLE,
    EVERYONE,
    ExternalPrincipal,
    external_principal,
    service,
    trusted_services,
)
from crossaccount.access.evaluation.context import open_context
from crossaccount.access.evaluation.layers import Answer, answer_of, call_layers, complete, open_layers
from crossaccount.access.evaluation.sides import Request
from crossaccount.access.paths.answers import RoleAnswers, SharedLayers
from crossaccount.access.paths.candidates import Candidates, widest
from crossaccount.access.requirements import ALWAYS, NEVER, Requirements, requirements_json
from crossaccount.access.requirements.words import in_words
from crossaccount.access.verdict import Decision
from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.matching import Template, wildcard_match


class Path(NamedTuple):
    """One pair of principal and role. ``alternatives`` is an OR of ANDs of conditions; ``((),)`` is unconditional.

    ``grants`` and ``trust`` are the statements that take part in allowing. ``grants`` is empty if a trust of the same
    account needs no grant.
    """

    principal: str
    role: str
    alternatives: Requirements
    grants: tuple[Decision, ...]
    trust: tuple[Decision, ...]

    def to_json(self) -> dict[str, Any]:
        """A path in the commands' JSON."""
        return {
            "principal": self.principal,
            "role": self.role,
            "alternatives": requirements_json(self.alternatives),
            "grants": [{"policy": grant.policy, "statement": grant.statement} for grant in self.grants],
            "trust": [{"statement": trust.statement} for trust in self.trust],
        }


def paths(estate: Estate) -> Iterator[Path]:
    """All paths of an estate, by role and then by principal."""
    candidates, shared = Candidates(estate), SharedLayers(estate)
    for arn in sorted(estate.roles):
        yield from paths_to(estate.roles[arn], candidates.of(estate.roles[arn]), shared)


def who_can(estate: Estate, role_arn: str) -> list[Path]:
    """The paths to one role; empty if the estate does not have it."""
    role = estate.roles.get(role_arn)
    return [] if role is None else paths_to(role, Candidates(estate).of(role), SharedLayers(estate))


def what_can(estate: Estate, principal_arn: str) -> list[Path]:
    """The paths of one principal. It may be external: then trusts that allow it without naming it count too."""
    candidates, shared = Candidates(estate), SharedLayers(estate)
    stranger = external_principal(principal_arn, estate.accounts)
    found: list[Path] = []
    for arn in sorted(estate.roles):
        role = estate.roles[arn]
        callers = [stranger.placed(estate)] if stranger else candidates.of(role, principal_arn)
        found += paths_to(role, callers, shared)
    return found


def paths_to(role: Role, callers: Sequence[Principal], shared: SharedLayers) -> list[Path]:
    """The paths of ``callers`` to one role, in their order."""
    if not callers:
        return []
    return paths_by(role, callers, RoleAnswers(shared, role).each(callers))


def paths_by(role: Role, callers: Sequence[Principal], answers: Sequence[Answer]) -> list[Path]:
    """The paths to a role by the answer for each caller. Equal paths share the answer's parts."""
    arn = role.arn
    return [
        new_tuple(Path, (caller.arn, arn, answer.alternatives, answer.grants, answer.trust))
        for caller, answer in zip(callers, answers, strict=True)
        if answer.alternatives
    ]


new_tuple = tuple.__new__
"""Makes a named tuple in half the time that its class takes."""


_TOGETHER = 1_000
"""The number of paths in one piece."""


def json_text(
    paths: Iterable[Path],
    more: Mapping[str, object] | None = None,
    lists: Mapping[str, Iterable[Mapping[str, object]]] | None = None,
) -> Iterator[str]:
    """The document ``{"paths": […]}``, one path on a line; all pieces joined are the whole.

    ``lists`` are further lists that are found while they are written, ``more`` further keys, with what is not a path.
    """
    yield '{"paths": ['
    heads = _Heads()
    known: dict[tuple[int, int, int], tuple[Path, str]] = {}
    lines: list[str] = []
    separator = "\n"
    last: tuple[object, ...] = (None,) * 4
    tail = ""
    for path in paths:
        principal, role, alternatives, grants, trust = path
        # Most paths are like the one before in all but the principal.
        if role is not last[0] or alternatives is not last[1] or grants is not last[2] or trust is not last[3]:
            last = path[1:]
            key = (id(alternatives), id(grants), id(trust))
            found = known.get(key)
            if found is None:
                found = known[key] = (path, _rest(path))  # with the path, so that its identity is not reused
            tail = f', "role": {_json(role)}, {found[1]}}}'
        lines.append(heads[principal] + tail)
        if len(lines) == _TOGETHER:
            yield separator + ",\n".join(lines)
            separator = ",\n"
            lines = []
    yield (separator + ",\n".join(lines) if lines else "") + ("]" if separator == "\n" and not lines else "\n]")
    for name, items in (lists or {}).items():
        yield f", {_json(name)}: ["
        separator = "\n"
        for item in items:
            yield f"{separator}{_json(item)}"
            separator = ",\n"
        yield "]" if separator == "\n" else "\n]"
    further = "".join(f", {_json(name)}: {_json(value)}" for name, value in (more or {}).items())
    yield f"{further}}}\n"


class _Heads(dict[str, str]):
    """The beginning of a path's text, by its principal."""

    def __missing__(self, principal: str) -> str:
        head = self[principal] = f'{{"principal": {_json(principal)}'
        return head


def _rest(path: Path) -> str:
    """All of a path but who and what, without the braces."""
    shared = {key: value for key, value in path.to_json().items() if key not in ("principal", "role")}
    return _json(shared)[1:-1]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


IF_GRANTED = "if its account grants it"


def grant_unknown(caller: Principal) -> str:
    """Why it is unknown whether a caller's account grants the role; empty if that is known or not needed."""
    if not isinstance(caller, ExternalPrincipal) or caller.provider:
        return ""
    if caller.account:
        return f"no source describes {caller.account}"
    return "no source describes everyone" if caller.arn == EVERYONE else f"no source describes all of {caller.arn}"


def needs_grant(principal: str, described: Collection[str]) -> bool:
    """Whether a path needs a grant in an account without a source; ``described`` are the accounts with one."""
    found = external_principal(principal, described)
    return found is not None and not found.provider


def path_in_words(alternatives: Requirements, *, granted: bool) -> str:
    """The conditions of a path as one line. If not ``granted``, it also depends on the principal's own account."""
    words = in_words(alternatives)
    if granted:
        return words
    if alternatives == ALWAYS:
        return IF_GRANTED
    return f"{words}, {IF_GRANTED}" if len(alternatives) == 1 else f"({words}), {IF_GRANTED}"


class ServiceTrust(NamedTuple):
    """A service that a role's trust allows, with its conditions."""

    service: str
    alternatives: Requirements

    def to_json(self) -> dict[str, object]:
        """As below ``who-can --json``."""
        return {"service": self.service, "alternatives": requirements_json(self.alternatives)}


class GrantElsewhere(NamedTuple):
    """A grant on roles without a source: an ARN or a pattern, its conditions, and what of it is denied."""

    roles: str
    alternatives: Requirements
    denied: tuple[str, ...] = ()
    """ARNs and patterns within ``roles`` that a Deny is about, be it on conditions."""

    def to_json(self) -> dict[str, object]:
        """As below ``what-can --json``."""
        return {"roles": self.roles, "alternatives": requirements_json(self.alternatives), "denied": list(self.denied)}


def services_let_in(estate: Estate, role: Role) -> Iterator[ServiceTrust]:
    """The services that a role's trust allows, in its order."""
    for name in trusted_services(role):
        caller = service(name)
        found = complete(answer_of(open_layers(estate, caller, role)), estate, caller, role)
        if found.alternatives != NEVER:
            yield ServiceTrust(name, found.alternatives)


def roles_of_services(estate: Estate) -> int:
    """The number of roles that trust a service."""
    return sum(1 for role in estate.roles.values() if next(services_let_in(estate, role), None))


def grants_elsewhere(estate: Estate, principal_arn: str) -> list[GrantElsewhere]:
    """The grants of a principal on roles of accounts without a source, each pattern once.

    The trusts there are unknown. Grants that the principal's own side certainly denies are left out.
    """
    caller = estate.principal(principal_arn)
    if caller is None:
        return []
    context = open_context(caller, since=estate.since)
    granted: dict[str, None] = {}
    denied: dict[str, None] = {}
    for policy in caller.policies_about(ASSUME_ROLE):
        for statement in policy.about(ASSUME_ROLE):
            patterns = ("*",) if statement.resources_inverted else _widest(statement.resources, context)
            here = (each for each in patterns if _is_elsewhere(each, caller, estate))
            (granted if statement.allows else denied).update(dict.fromkeys(here))
    found = []
    for each in granted:
        alternatives = _own_side(estate, Request(caller, ASSUME_ROLE, each, context))
        if alternatives != NEVER:
            within = tuple(other for other in denied if other != each and wildcard_match(each, other))
            found.append(GrantElsewhere(each, alternatives, within))
    return found


def _widest(resources: Iterable[Template], context: RequestContext) -> Iterator[str]:
    return (pattern for each in resources if (pattern := widest(each, context)) is not None)


def _is_elsewhere(pattern: str, caller: Principal, estate: Estate) -> bool:
    """Whether a pattern may be about roles of an account without a source, in the caller's partition."""
    if pattern == "*":
        return True
    parts = pattern.split(":", 5)
    if len(parts) < 6:
        return pattern.endswith("*")
    if not wildcard_match(parts[1], caller.partition):
        return False
    return parts[5][:1] in ("r", "*", "?") and not (ACCOUNT_ID.match(parts[4]) and parts[4] in estate.accounts)


def _own_side(estate: Estate, request: Request) -> Requirements:
    """The conditions of the principal's own side. The RCPs of the role's account are unknown."""
    return call_layers(estate, request)._replace(rcps=()).alternatives()
