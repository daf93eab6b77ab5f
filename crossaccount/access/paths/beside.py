"""What is no path but belongs beside them: services that trusts let in, and grants into accounts without a source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from crossaccount.access.alternatives import NEVER, Alternatives
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Role
from crossaccount.access.evaluation.context import open_context
from crossaccount.access.evaluation.evaluate import ASSUME_ROLE, call_layers
from crossaccount.access.evaluation.services import service, trusted_services
from crossaccount.access.evaluation.sides import Request
from crossaccount.access.paths.answer import answer_of, complete, open_layers
from crossaccount.access.paths.grants import widest
from crossaccount.iam.arn import ACCOUNT_ID


class ServiceTrust(NamedTuple):
    """A service that a role's trust lets in, and on which conditions."""

    service: str
    alternatives: Alternatives


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


def grants_elsewhere(estate: Estate, principal_arn: str) -> list[str]:
    """Which roles of accounts that no source describes a principal is granted: ARNs or patterns, each once.

    Whether a trust there lets it in nobody knows here. What the principal's own side surely denies is left out.
    """
    caller = estate.principal(principal_arn)
    if caller is None:
        return []
    context, found = open_context(caller), {}
    for policy in caller.saying(ASSUME_ROLE):
        for statement in policy.about(ASSUME_ROLE):
            if not statement.allows:
                continue
            patterns = (
                ("*",) if statement.resources_inverted else (widest(each, context) for each in statement.resources)
            )
            found.update(dict.fromkeys(each for each in patterns if each is not None and _is_elsewhere(each, estate)))
    return [each for each in found if _allowed(estate, Request(caller, ASSUME_ROLE, each, context))]


def _is_elsewhere(pattern: str, estate: Estate) -> bool:
    """Whether a pattern may be about roles of an account without a source."""
    if pattern == "*":
        return True
    parts = pattern.split(":", 5)
    if len(parts) < 6:
        return pattern.endswith("*")
    return parts[5][:1] in ("r", "*", "?") and not (ACCOUNT_ID.match(parts[4]) and parts[4] in estate.accounts)


def _allowed(estate: Estate, request: Request) -> bool:
    """Whether the principal's own side allows it, or may. The RCPs of the role's account are not known."""
    return call_layers(estate, request)._replace(rcps=()).alternatives() != NEVER
