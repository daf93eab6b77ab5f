"""Chains of roles: which role is reached from which, how long such a session lasts, and where chains run in a circle.

A session that was got with the session of another role lasts an hour at most, whatever the role's own maximum
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining). In a circle each session can be
renewed before it ends, for ever: revoking the first one is not enough
(https://hackingthe.cloud/aws/post_exploitation/role-chain-juggling/).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crossaccount.access.closure.cycles import cycles
from crossaccount.access.closure.reach import Reach, listed
from crossaccount.access.estate import Estate
from crossaccount.access.findings.finding import Found, Kind, Place
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.durations import duration_text
from crossaccount.iam.quotas import CHAINED_SESSION_DURATION

TOO_LONG = Kind(
    "XA206",
    "warning",
    "A role that only roles reach allows sessions of more than an hour",
    "AWS refuses a DurationSeconds above one hour in a chain, so the longer maximum is never had.",
    "Remove max_session_duration, or trust a user, a service or a provider as well.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining",
)
CYCLE = Kind(
    "XA207",
    "warning",
    "Roles can be assumed from each other in a circle",
    "A session can be renewed round the circle before it ends, for ever, also after the first one was revoked.",
    "Remove one of the trusts.",
    "https://hackingthe.cloud/aws/post_exploitation/role-chain-juggling/",
)


@dataclass(frozen=True)
class Link:
    """``role`` can be assumed with a session of ``source``; that session then lasts ``seconds`` at most."""

    source: str
    role: str
    seconds: int = CHAINED_SESSION_DURATION


def links(reach: Reach) -> Iterator[Link]:
    """Every step from a role to another: the longer chains are these put together."""
    for role, principals in reach.by_role.items():
        yield from (Link(principal, role) for principal in principals if is_role(principal) and principal != role)


def chain_findings(estate: Estate, reach: Reach, served: frozenset[str]) -> Iterator[Found]:
    """Sessions longer than a chain allows, and circles. ``served``: roles that services or providers assume."""
    for role in estate.roles.values():
        sources = reach.by_role.get(role.arn, ())
        chained = bool(sources) and role.arn not in served and all(map(is_role, sources))
        if chained and (role.max_session_duration or 0) > CHAINED_SESSION_DURATION:
            longest = duration_text(role.max_session_duration or 0)
            message = f"allows sessions of {longest}, and only roles reach it ({listed(sources)}): they get 1h"
            yield Found(TOO_LONG, Place(role.arn, element="max_session_duration"), message, TOO_LONG.hint)
    for circle in cycles(_graph(reach)):
        message = f"can be assumed in a circle: {' → '.join((*circle, circle[0]))}"
        yield Found(CYCLE, Place(circle[0]), message, CYCLE.hint)


def is_role(principal: str) -> bool:
    """Whether a path's principal is a role, and not a user, an account, an organisation or a provider."""
    return ":role/" in principal and parse_arn(principal).service == "iam"


def _graph(reach: Reach) -> Mapping[str, tuple[str, ...]]:
    graph: dict[str, list[str]] = {}
    for link in links(reach):
        graph.setdefault(link.source, []).append(link.role)
    return {source: tuple(sorted(roles)) for source, roles in sorted(graph.items())}
