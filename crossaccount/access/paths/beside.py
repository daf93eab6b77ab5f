"""What is no path but belongs beside them: services that trusts let in, and grants into accounts without a source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from crossaccount.access.alternatives import NEVER, Alternatives, alternatives_json
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.evaluation.context import open_context
from crossaccount.access.evaluation.evaluate import ASSUME_ROLE, call_layers
from crossaccount.access.evaluation.services import service, trusted_services
from crossaccount.access.evaluation.sides import Request
from crossaccount.access.paths.answer import answer_of, complete, open_layers
from crossaccount.access.paths.grants import widest
from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.matching import wildcard_match
from crossaccount.iam.variables import Template


class ServiceTrust(NamedTuple):
    """A service that a role's trust lets in, and on which conditions."""

    service: str
    alternatives: Alternatives

    def to_json(self) -> dict[str, object]:
        """As below ``who-can --json``."""
        return {"service": self.service, "alternatives": alternatives_json(self.alternatives)}


class GrantElsewhere(NamedTuple):
    """A grant on roles that no source knows: an ARN or a pattern, on which conditions, and what of it is denied."""

    roles: str
    alternatives: Alternatives
    denied: tuple[str, ...] = ()
    """ARNs and patterns within ``roles`` that a Deny is about, be it on conditions."""

    def to_json(self) -> dict[str, object]:
        """As below ``what-can --json``."""
        return {"roles": self.roles, "alternatives": alternatives_json(self.alternatives), "denied": list(self.denied)}


def services_let_in(estate: Estate, role: Role) -> Iterator[ServiceTrust]:
    """The services that a role's trust lets in, in its order."""
    for name in trusted_services(role):
        caller = service(name)
        found = complete(answer_of(open_layers(estate, caller, role)), estate, caller, role)
        if found.alternatives != NEVER:
            yield ServiceTrust(name, found.alternatives)


def roles_of_services(estate: Estate) -> int:
    """How many roles let in a service."""
    return sum(1 for role in estate.roles.values() if next(services_let_in(estate, role), None))


def grants_elsewhere(estate: Estate, principal_arn: str) -> list[GrantElsewhere]:
    """Which roles of accounts that no source describes a principal is granted, each pattern once.

    Whether a trust there lets it in nobody knows here. What the principal's own side surely denies is left out.
    """
    caller = estate.principal(principal_arn)
    if caller is None:
        return []
    context = open_context(caller)
    granted: dict[str, None] = {}
    denied: dict[str, None] = {}
    for policy in caller.saying(ASSUME_ROLE):
        for statement in policy.about(ASSUME_ROLE):
            patterns = ("*",) if statement.resources_inverted else _widest(statement.resources, context)
            here = (each for each in patterns if _is_elsewhere(each, caller, estate))
            (granted if statement.allows else denied).update(dict.fromkeys(here))
    found = []
    for each in granted:
        alternatives = _alternatives(estate, Request(caller, ASSUME_ROLE, each, context))
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


def _alternatives(estate: Estate, request: Request) -> Alternatives:
    """On what the principal's own side allows it. The RCPs of the role's account are not known."""
    return call_layers(estate, request)._replace(rcps=()).alternatives()
