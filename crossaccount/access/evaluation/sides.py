"""One side of a request at a time: what its policies deny, allow, or would allow but for a Condition.

A side is the identity policies, the boundary, one level of SCPs or RCPs, or the trust policy. Order within a side
decides nothing but which of several equal statements is named: the first. Under an open context a statement may allow
or deny on conditions that are still to meet: its ``atoms``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from crossaccount.access.alternatives.atoms import Atom
from crossaccount.access.alternatives.hanging import condition_atoms, resource_atoms
from crossaccount.access.estate.entities import Policy, Principal
from crossaccount.access.evaluation.answers import answer, without_dead
from crossaccount.access.evaluation.context import caller_session
from crossaccount.access.evaluation.outsiders import Outsider, denied_part
from crossaccount.access.evaluation.principals import EVERYONE, Naming, denies, naming, sessions_of
from crossaccount.access.verdict import SIDES, Decision, Side
from crossaccount.iam.compiled import CompiledStatement, PrincipalElement
from crossaccount.iam.conditions import Condition, RequestContext, compile_conditions, unmet


class Request(NamedTuple):
    """One action on one resource by one caller. ``resource`` is ``*`` for an action that takes none."""

    caller: Principal
    action: str
    resource: str
    context: RequestContext


class Allow(NamedTuple):
    """A statement that allows, or would but for the conditions ``unmet``.

    ``naming`` is how a trust names the caller, ``DIRECT`` on every other side. ``atoms`` are still to meet; under a
    complete context there are none.
    """

    decision: Decision
    naming: Naming
    unmet: tuple[Condition, ...] = ()
    atoms: tuple[Atom, ...] = ()


class Denial(NamedTuple):
    """A statement that denies where its atoms are all met."""

    decision: Decision
    atoms: tuple[Atom, ...]


class Weighed(NamedTuple):
    """A side's answer. ``near`` are the statements that only their Condition surely keeps from allowing.

    ``deny`` surely denies; ``denying`` do where their atoms are all met, and more that surely do have none. ``unknown``
    names the policies of the side that cannot be judged, each with the reason.
    """

    side: Side
    deny: Decision | None = None
    allows: tuple[Allow, ...] = ()
    near: tuple[Allow, ...] = ()
    unknown: tuple[str, ...] = ()
    denying: tuple[Denial, ...] = ()


def weigh(side: Side, policies: Iterable[Policy], request: Request) -> Weighed:
    """Ask every policy of a side about a request."""
    parts = []
    for policy in policies:
        statements = matching(policy, request)
        if statements or policy.unknown:
            parts.append(weigh_statements(side, policy, statements, request))
    return parts[0] if len(parts) == 1 else together(side, parts)


def matching(policy: Policy, request: Request) -> list[CompiledStatement]:
    """The statements of a policy that are or may be about the action and the resource."""
    resource, context = request.resource, request.context
    about = policy.about(request.action)
    # A trust has no resources: most statements are asked nothing.
    return [each for each in about if not each.resources or each.on(resource, context) is not False]


def weigh_statements(side: Side, policy: Policy, statements: Iterable[CompiledStatement], request: Request) -> Weighed:
    """Ask those statements of a policy that are or may be about a request."""
    deny: Decision | None = None
    allows: tuple[Allow, ...] = ()
    near: tuple[Allow, ...] = ()
    denying: tuple[Denial, ...] = ()
    for statement in statements:
        element = statement.principal
        if side == "rcp" and element is not None and EVERYONE in element.aws and not element.inverted:
            element = None  # all that AWS takes in an RCP, and no caller comes from beyond it, provider or not
        for name, conditions in _EVERY_CALLER if element is None else _named(element, statement, request):
            decision = Decision(side, policy.name, statement.label)
            failed, atoms = _asked(decision, statement, conditions, request)
            if failed:
                near += (Allow(decision, name, failed),) if statement.allows else ()
            elif statement.allows:
                allows += (Allow(decision, name, atoms=atoms),)
            elif atoms or deny is not None:
                denying += (Denial(decision, atoms),)
            else:
                deny = decision
    unknown = (f"{policy.name}: {policy.unknown}",) if policy.unknown else ()
    return Weighed(side, deny, allows, near, unknown, denying)


def together(side: Side, parts: Sequence[Weighed]) -> Weighed:
    """The answers of several policies as the answer of their side."""
    if not parts:
        return SILENT[side]
    denies = [part.deny for part in parts if part.deny]
    return Weighed(
        side,
        denies[0] if denies else None,
        tuple(allow for part in parts for allow in part.allows),
        tuple(allow for part in parts for allow in part.near),
        tuple(text for part in parts for text in part.unknown),
        (*(Denial(each, ()) for each in denies[1:]), *(denial for part in parts for denial in part.denying)),
    )


SILENT: Mapping[Side, Weighed] = {side: Weighed(side) for side in SIDES}
"""The answers of sides that have nothing to say."""

_EVERY_CALLER: tuple[tuple[Naming, tuple[Condition, ...]], ...] = ((Naming.DIRECT, ()),)
"""What a statement without a Principal element is about."""
_WHOLLY = [((name, ()),) if name > Naming.NONE else () for name in Naming]
"""What a statement is about that names the caller in this way, without conditions."""

_NOT_LISTED = ""
"""Stands for the name of every session that is not listed."""

Weigh = Callable[[Side, Iterable[Policy], Request], Weighed]
"""How a side is weighed: :func:`weigh`, or that with a memory."""


def _named(
    element: PrincipalElement, statement: CompiledStatement, request: Request
) -> Sequence[tuple[Naming, tuple[Condition, ...]]]:
    """How a statement names the caller; of those outside the sources, the part that it names, as conditions."""
    caller = request.caller
    if isinstance(caller, Outsider):
        if not statement.allows:
            return [(Naming.DIRECT, conditions) for conditions in denied_part(element, caller)]
        if caller.provider:
            return _EVERY_CALLER if caller.named_in(element) and not element.inverted else ()
    session = caller_session(request.context) if element.sessions else None
    hangs = element.sessions and session is None and request.context.open is not None
    if hangs and (named := sessions_of(element, caller)):
        return list(_by_session(element, caller, statement.allows, named))
    if statement.allows:
        return _WHOLLY[naming(element, caller, session)]
    return _EVERY_CALLER if denies(element, caller, session) else ()


def _by_session(
    element: PrincipalElement, caller: Principal, allows: bool, named: tuple[str, ...]
) -> Iterator[tuple[Naming, tuple[Condition, ...]]]:
    """How a statement that lists sessions of the caller names him, who may come as one of them or as another."""
    whom = naming if allows else denies
    listed, other = whom(element, caller), whom(element, caller, _NOT_LISTED)
    if other:
        yield Naming(other), () if listed else _user_ids("StringNotLike", caller, named)
    if listed > other:
        yield Naming(listed), _user_ids("StringLike", caller, named)


def _user_ids(operator: str, caller: Principal, sessions: Iterable[str]) -> tuple[Condition, ...]:
    """The condition of coming as one of some sessions, or as another: ``aws:userid`` is ``AROA…:session``."""
    return compile_conditions({operator: {"aws:userid": [f"{caller.unique_id or '*'}:{name}" for name in sessions]}})


def _shown(condition: Condition, context: RequestContext) -> Condition:
    """A condition without values that nothing can fit; with them where it has no others."""
    live = without_dead(condition, context)
    return live if live.values else condition


def _asked(
    decision: Decision, statement: CompiledStatement, conditions: tuple[Condition, ...], request: Request
) -> tuple[tuple[Condition, ...], tuple[Atom, ...]]:
    """The conditions that the request does not meet, and the atoms that it still has to. ``conditions`` come on top."""
    context = request.context
    conditions += statement.conditions
    if context.open is None:
        return unmet(conditions, context) if conditions else (), ()
    if not conditions and not statement.has_variables:
        return (), ()
    answers = [(condition, answer(condition, request.caller, context)) for condition in conditions]
    failed = tuple(condition for condition, met in answers if met is False)
    if failed:
        return failed, ()
    hanging = condition_atoms(
        decision, (_shown(condition, context) for condition, met in answers if met is None), context
    )
    return (), resource_atoms(decision, statement, request.resource, context) + hanging
