"""One side of a request: its statements that deny, allow, or would allow without their Condition.

A side is the identity policies, the boundary, one level of SCPs or RCPs, or the trust policy. The order of statements
only decides which of several equal ones is named: the first. In an open context a statement may allow or deny under
conditions that are still open: its ``atoms``.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html ("Principal key values"):
``aws:userid`` of a role's session is the role's unique ID, a colon and the session's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from crossaccount.access.estate.entities import Policy, Principal
from crossaccount.access.evaluation.callers import (
    EVERYONE,
    ExternalPrincipal,
    Naming,
    denied_part,
    denies,
    naming,
    sessions_of,
)
from crossaccount.access.evaluation.context import ISO_TIME, caller_session
from crossaccount.access.requirements.requirement import RESOURCE, UNKNOWN, Atom, filled
from crossaccount.access.verdict import SIDES, Decision, Side
from crossaccount.iam.compiled import CompiledStatement, PrincipalElement, fits
from crossaccount.iam.conditions import Condition, RequestContext, compile_conditions, unmet
from crossaccount.iam.conditions.condition import instant
from crossaccount.iam.conditions.satisfiable import satisfiable
from crossaccount.iam.matching import Template, Variable
from crossaccount.iam.request_keys import never_has_wildcards


class Request(NamedTuple):
    """One action on one resource by one caller. ``resource`` is ``*`` for an action without resources."""

    caller: Principal
    action: str
    resource: str
    context: RequestContext


class Allow(NamedTuple):
    """A statement that allows, or would allow without the conditions ``unmet``.

    ``naming`` is how a trust names the caller; on every other side it is ``DIRECT``. ``atoms`` are the open conditions;
    in a complete context there are none.
    """

    decision: Decision
    naming: Naming
    unmet: tuple[Condition, ...] = ()
    atoms: tuple[Atom, ...] = ()


class Denial(NamedTuple):
    """A statement that denies if all its atoms are met."""

    decision: Decision
    atoms: tuple[Atom, ...]


class SideAnswer(NamedTuple):
    """The answer of a side. ``near`` are statements that would allow if their Condition were met.

    ``deny`` is a statement that certainly denies. ``denying`` are statements that deny if all their atoms are met.
    ``unknown`` names the side's unknown policies, each with the reason.
    """

    side: Side
    deny: Decision | None = None
    allows: tuple[Allow, ...] = ()
    near: tuple[Allow, ...] = ()
    unknown: tuple[str, ...] = ()
    denying: tuple[Denial, ...] = ()


def evaluate_side(side: Side, policies: Iterable[Policy], request: Request) -> SideAnswer:
    """The answer of a side: all its policies together."""
    parts = []
    for policy in policies:
        statements = matching(policy, request)
        if statements or policy.unknown_about(request.action):
            parts.append(evaluate_statements(side, policy, statements, request))
    return parts[0] if len(parts) == 1 else together(side, parts)


def matching(policy: Policy, request: Request) -> list[CompiledStatement]:
    """The statements of a policy that are or may be about the action and the resource."""
    resource, context = request.resource, request.context
    about = policy.about(request.action)
    # A trust has no resources, so most statements need no check.
    return [each for each in about if not each.resources or each.on(resource, context) is not False]


def evaluate_statements(
    side: Side, policy: Policy, statements: Iterable[CompiledStatement], request: Request
) -> SideAnswer:
    """The answer of the statements of a policy that may be about a request."""
    deny: Decision | None = None
    allows: tuple[Allow, ...] = ()
    near: tuple[Allow, ...] = ()
    denying: tuple[Denial, ...] = ()
    for statement in statements:
        element = statement.principal
        if side == "rcp" and element is not None and EVERYONE in element.aws and not element.inverted:
            element = None  # AWS accepts only ``*`` in an RCP, which names every caller
        for name, conditions in _EVERY_CALLER if element is None else _named(element, statement, request):
            decision = Decision(side, policy.name, statement.label)
            failed, atoms = _unmet_and_open(decision, statement, conditions, request)
            if failed:
                near += (Allow(decision, name, failed),) if statement.allows else ()
            elif statement.allows:
                allows += (Allow(decision, name, atoms=atoms),)
            elif atoms or deny is not None:
                denying += (Denial(decision, atoms),)
            else:
                deny = decision
    reason = policy.unknown_about(request.action)
    unknown = (f"{policy.name}: {reason}",) if reason else ()
    return SideAnswer(side, deny, allows, near, unknown, denying)


def together(side: Side, parts: Sequence[SideAnswer]) -> SideAnswer:
    """The answers of several policies combined."""
    if not parts:
        return SILENT[side]
    denies = [part.deny for part in parts if part.deny]
    return SideAnswer(
        side,
        denies[0] if denies else None,
        tuple(allow for part in parts for allow in part.allows),
        tuple(allow for part in parts for allow in part.near),
        tuple(text for part in parts for text in part.unknown),
        (*(Denial(each, ()) for each in denies[1:]), *(denial for part in parts for denial in part.denying)),
    )


SILENT: Mapping[Side, SideAnswer] = {side: SideAnswer(side) for side in SIDES}
"""The answers of sides without a matching statement."""

_EVERY_CALLER: tuple[tuple[Naming, tuple[Condition, ...]], ...] = ((Naming.DIRECT, ()),)
"""A statement without a Principal element applies to every caller."""
_WHOLLY = [((name, ()),) if name > Naming.NONE else () for name in Naming]
"""By naming: a statement that names the caller in this way, without conditions."""

_NOT_LISTED = ""
"""A placeholder for the name of any session that is not listed."""

EvaluateSide = Callable[[Side, Iterable[Policy], Request], SideAnswer]
""":func:`evaluate_side`, or a version with a cache."""


def _named(
    element: PrincipalElement, statement: CompiledStatement, request: Request
) -> Sequence[tuple[Naming, tuple[Condition, ...]]]:
    """How a statement names the caller. For external principals, the named part as conditions."""
    caller = request.caller
    if isinstance(caller, ExternalPrincipal):
        if not statement.allows:
            return [(Naming.DIRECT, conditions) for conditions in denied_part(element, caller)]
        if caller.provider:
            return _EVERY_CALLER if caller.named_in(element) and not element.inverted else ()
    session = caller_session(request.context) if element.sessions else None
    by_session = element.sessions and session is None and request.context.open is not None
    if by_session and (named := sessions_of(element, caller)):
        return list(_by_session(element, caller, statement.allows, named))
    if statement.allows:
        return _WHOLLY[naming(element, caller, session)]
    return _EVERY_CALLER if denies(element, caller, session) else ()


def _by_session(
    element: PrincipalElement, caller: Principal, allows: bool, named: tuple[str, ...]
) -> Iterator[tuple[Naming, tuple[Condition, ...]]]:
    """How a statement that lists sessions of the caller names each of them, and all others."""
    match = naming if allows else denies
    listed, other = match(element, caller), match(element, caller, _NOT_LISTED)
    if other:
        yield Naming(other), () if listed else _user_ids("StringNotLike", caller, named)
    if listed > other:
        yield Naming(listed), _user_ids("StringLike", caller, named)


def _user_ids(operator: str, caller: Principal, sessions: Iterable[str]) -> tuple[Condition, ...]:
    """The condition that the caller is one of these sessions, or none of them: ``aws:userid`` is ``AROA…:session``."""
    return compile_conditions({operator: {"aws:userid": [f"{caller.unique_id or '*'}:{name}" for name in sessions]}})


def _shown(condition: Condition, context: RequestContext) -> Condition:
    """A condition without the values that can never match, unless it has no others."""
    live = without_dead(condition, context)
    return live if live.values else condition


def _unmet_and_open(
    decision: Decision, statement: CompiledStatement, conditions: tuple[Condition, ...], request: Request
) -> tuple[tuple[Condition, ...], tuple[Atom, ...]]:
    """The conditions that the request does not meet, and its open atoms. ``conditions`` are added to the
    statement's.
    """
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
    open_atoms = condition_atoms(
        decision, (_shown(condition, context) for condition, met in answers if met is None), context
    )
    return (), resource_atoms(decision, statement, request.resource, context) + open_atoms


_USER_ID = "aws:userid"
_CASE_COUNTS = frozenset({"stringequals", "stringnotequals", "stringlike", "stringnotlike"})
_ORGANIZATIONS = ("aws:principalorg", "aws:resourceorg")
_ISSUED = frozenset({"aws:tokenissuetime"})
_LONGEST_SESSION = timedelta(hours=36)
"""The longest that temporary credentials are valid:
https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html (DurationSeconds)."""
TIMES = frozenset({"aws:currenttime", "aws:epochtime"})
"""The condition keys for the time of a request."""
_EXACT = ("stringequals", "stringequalsignorecase", "stringnotequals", "stringnotequalsignorecase")


def answer(condition: Condition, caller: Principal, context: RequestContext) -> bool | None:
    """Whether an open request of ``caller`` meets a condition; None if that depends on open keys."""
    found = condition.answer(context)
    if found is not None:
        return None if _of_others(condition, context, not found) else found
    if context.lacks(condition.key):
        return condition.holds(context)  # the compared values do not matter
    if condition.keys <= TIMES and context.open is not None and context.open.since and context.is_open(condition.key):
        return from_then_on(condition, context.open.since)
    if condition.keys == _ISSUED and context.open is not None and context.open.since and context.is_open(condition.key):
        return _issued_lately(condition, context.open.since, always=caller.is_role)
    if (live := without_dead(condition, context)) is not condition:
        return _of_live(live, context)
    if caller.is_role and caller.unique_id and condition.keys == {_USER_ID} and context.is_open(_USER_ID):
        return _of_sessions(condition, caller.unique_id)
    return None


def without_dead(condition: Condition, context: RequestContext) -> Condition:
    """The condition without the values that can never match, whatever the open keys are.

    "The resource that includes a policy variable with no value will not match any resource", and the same holds for a
    value. A value with a wildcard never matches if it is compared exactly with a key whose values have none.
    """
    if all(value.plain for value in condition.values) and not compares_wildcards(condition):
        return condition
    values = tuple(value for value in condition.values if _may_fit(value, condition, context))
    return condition if len(values) == len(condition.values) else replace(condition, values=values)


@lru_cache(maxsize=16_384)
def compares_wildcards(condition: Condition) -> bool:
    """Whether a condition compares a wildcard exactly with a key that never has one."""
    return any(map(_is_wild, condition.values)) and condition.base in _EXACT and never_has_wildcards(condition.key)


def _is_wild(value: Template) -> bool:
    return value.plain and ("*" in value.text or "?" in value.text)


def whenever(condition: Condition, since: datetime) -> bool | None:
    """Whether all requests from a time on meet a condition on the time or on the age of credentials, or none does."""
    text = since.astimezone(UTC).strftime(ISO_TIME)
    if condition.keys <= TIMES:
        return from_then_on(condition, text)
    return _issued_lately(condition, text, always=False) if condition.keys == _ISSUED else None


def _issued_lately(condition: Condition, since: str, *, always: bool) -> bool | None:
    """Whether all requests from a time on meet a condition on when their credentials were issued, or none does.

    Those that are still valid then are 36 hours old at most. ``always``: the caller has no others than temporary ones.
    """
    issued = datetime.fromisoformat(since) - _LONGEST_SESSION
    found = from_then_on(condition, issued.strftime(ISO_TIME))
    return found if always or found == condition.holds(RequestContext()) else None


@lru_cache(maxsize=16_384)
def from_then_on(condition: Condition, since: str) -> bool | None:
    """Whether all requests after a time meet a condition on the time (True), or none does (False)."""
    if condition.base.startswith("numeric"):
        value = instant(since)
        (later,) = compile_conditions({"NumericGreaterThanEquals": {condition.key: str(value)}})
    else:
        (later,) = compile_conditions({"DateGreaterThanEquals": {condition.key: since}})
    if not satisfiable([(condition, True), (later, True)]):
        return False
    return None if satisfiable([(condition, False), (later, True)]) else True


def _may_fit(value: Template, condition: Condition, context: RequestContext) -> bool:
    if _is_wild(value) and compares_wildcards(condition):
        return False
    if any(isinstance(part, Variable) and part.default is None and context.lacks(part.key) for part in value.parts):
        return False
    known = context.get(condition.key)
    if known is None:
        return True
    wide = value.loosened([key for key in value.variables() if context.undecided(key)])
    return any(wide.matches(text, context.single) for text in known) or condition.base not in _CASE_COUNTS


def _of_live(condition: Condition, context: RequestContext) -> bool | None:
    found = condition.answer(context)
    if found is not None or satisfiable([(condition, True)]) == satisfiable([(condition, False)]):
        return found
    return satisfiable([(condition, True)])


@lru_cache(maxsize=16_384)
def _of_sessions(condition: Condition, role_id: str) -> bool | None:
    """Whether all sessions of a role meet a condition on their user ID (True), or none does (False)."""
    (own,) = compile_conditions({"StringLike": {_USER_ID: f"{role_id}:?*"}})
    if not satisfiable([(condition, True), (own, True)]):
        return False
    return None if satisfiable([(condition, False), (own, True)]) else True


def _of_others(condition: Condition, context: RequestContext, answer: bool) -> bool:
    """Whether an organisation without a source, which the condition names, could change the answer."""
    key = condition.key.lower()
    if not key.startswith(_ORGANIZATIONS) or not context.undecided(key) or context.open is None:
        return False
    named = (value.text for value in condition.values if value.plain)  # a pattern also matches itself
    known = {each.lower() for each in context.open.none_of}
    others = (name for name in named if name.startswith("o-") and name.partition("/")[0].lower() not in known)
    return any(condition.holds(context.having(key, (name,))) == answer for name in others)


def condition_atoms(decision: Decision, conditions: Iterable[Condition], context: RequestContext) -> tuple[Atom, ...]:
    """An atom for each condition, with known variables replaced by their values."""
    return tuple([_atom(decision, condition, context) for condition in conditions])


def _atom(decision: Decision, condition: Condition, context: RequestContext) -> Atom:
    values = tuple([filled(value, context) for value in condition.values])
    atom = Atom(decision.side, decision.policy, decision.statement, condition.operator, condition.key, values)
    if all(value.plain and "${" not in value.text for value in condition.values):
        atom.__dict__["condition"] = condition  # the one that its texts would be compiled to
    return atom


def resource_atoms(
    decision: Decision, statement: CompiledStatement, resource: str, context: RequestContext
) -> tuple[Atom, ...]:
    """The atom of a statement that may be about ``resource``; none if it certainly is."""
    if statement.on(resource, context) is not None:
        return ()
    values = tuple(filled(value, context) for value in statement.resources if fits(value, resource, context) is None)
    where = decision.side, decision.policy, decision.statement
    return (Atom(*where, RESOURCE, resource, values, negated=statement.resources_inverted),)


def unknown_atom(side: Side, text: str, may: str) -> Atom:
    """The atom of an unknown policy. ``text`` names the policy and the reason; ``may`` is ``Allow`` or ``Deny``."""
    return Atom(side, text.partition(": ")[0], "", UNKNOWN, may, (text,))
