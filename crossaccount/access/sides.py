"""One side of a request at a time: what its policies deny, allow, or would allow but for a Condition.

A side is the identity policies, the boundary, one level of SCPs or RCPs, or the trust policy. Order within a side
decides nothing but which of several equal statements is named: the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crossaccount.access.context import caller_session
from crossaccount.access.entities import Policy, Principal
from crossaccount.access.principals import Naming, denies, naming
from crossaccount.access.verdict import Decision, Side
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.conditions import Condition, RequestContext, unmet


@dataclass(frozen=True)
class Request:
    """One action on one resource by one caller. ``resource`` is ``*`` for an action that takes none."""

    caller: Principal
    action: str
    resource: str
    context: RequestContext


@dataclass(frozen=True)
class Allow:
    """A statement that allows, or would but for the conditions ``unmet``.

    ``naming`` is how a trust names the caller, ``DIRECT`` on every other side.
    """

    decision: Decision
    naming: Naming
    unmet: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Weighed:
    """A side's answer. ``near`` are the statements that only their Condition keeps from allowing.

    ``unknown`` names the policies of the side that cannot be judged, each with the reason.
    """

    side: Side
    deny: Decision | None = None
    allows: tuple[Allow, ...] = ()
    near: tuple[Allow, ...] = ()
    unknown: tuple[str, ...] = ()


def weigh(side: Side, policies: Iterable[Policy], request: Request) -> Weighed:
    """Ask every policy of a side about a request."""
    deny: Decision | None = None
    allows: list[Allow] = []
    near: list[Allow] = []
    unknown: list[str] = []
    for policy in policies:
        if policy.unknown:
            unknown.append(f"{policy.name}: {policy.unknown}")
        for statement, name in _matching(policy, request):
            decision = Decision(side, policy.name, statement.label)
            failed = unmet(statement.conditions, request.context)
            if statement.allows:
                (near if failed else allows).append(Allow(decision, name, failed))
            elif not failed and deny is None:
                deny = decision
    return Weighed(side, deny, tuple(allows), tuple(near), tuple(unknown))


def _matching(policy: Policy, request: Request) -> Iterator[tuple[CompiledStatement, Naming]]:
    """The statements of a policy that are about the request, Conditions aside, and how they name the caller."""
    for statement in policy.statements:
        if not statement.covers(request.action, request.resource, request.context):
            continue
        name = _naming(statement, request)
        if name > Naming.NONE:
            yield statement, name


def _naming(statement: CompiledStatement, request: Request) -> Naming:
    if statement.principal is None:
        return Naming.DIRECT
    session = caller_session(request.context) if request.caller.is_role else None
    if statement.allows:
        return naming(statement.principal, request.caller, session)
    return Naming.DIRECT if denies(statement.principal, request.caller, session) else Naming.NONE
