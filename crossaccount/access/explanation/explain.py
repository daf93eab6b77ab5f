"""Why a principal can, or cannot, assume a role: the statements that decide, and what would have to change.

A denial lists all obstacles, so that one round of changes is enough. Each fix is as narrow as possible; whether to
apply it is not evaluated here.

An account with a source, as a principal, is its root user, who cannot assume a role. A trust in an account allows the
principals that the account grants. Sources:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html ("AWS account principals");
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html ("You cannot call AssumeRole by using AWS
account root user credentials").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crossaccount.access.chains import Chains, Way
from crossaccount.access.chains.way import notes_in_words, way_in_words
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role, User
from crossaccount.access.evaluation.callers import assume_action, external_caller
from crossaccount.access.evaluation.context import SET_SOURCE_IDENTITY
from crossaccount.access.evaluation.evaluate import absence, is_root
from crossaccount.access.evaluation.layers import (
    SET_CONTEXT,
    TAG_SESSION,
    Answer,
    Layers,
    answer_for,
    can_reach,
    complete,
    open_layers,
)
from crossaccount.access.explanation.obstacles import Change, cleared, conflict, obstacles
from crossaccount.access.paths import who_can
from crossaccount.access.paths.path import IF_GRANTED, grant_unknown
from crossaccount.access.paths.possible import undeclared
from crossaccount.access.requirements import NEVER, Requirements, requirements_json
from crossaccount.access.requirements.requirement import UNKNOWN
from crossaccount.access.requirements.words import UNCONDITIONAL, in_words
from crossaccount.access.verdict import SIDES_IN_WORDS, Decision
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.names import counted

Shown = Callable[[str], str]
"""Shows an ARN to people."""


@dataclass(frozen=True)
class Explanation:
    """``outcome``: ``allowed``, ``conditional`` (on ``alternatives``), ``denied``, or ``undetermined``.

    That is of one call; ``chained`` is denied in one call, and possible through the roles of ``ways``.

    ``grants`` and ``trust`` are the statements that allow; ``changes`` is all that a denial would take, in no order;
    ``unknown`` lists what is unknown. ``actions`` are additional actions that both sides must allow for some of the
    alternatives. ``groups`` are the groups through which a user has policies, by the policy's name. ``grant_note``
    tells people that the principal's account must grant it, if that is unknown; ``principal_note`` is added to the
    principal.
    """

    principal: str
    role: str
    outcome: str
    alternatives: Requirements = NEVER
    grants: tuple[Decision, ...] = ()
    trust: tuple[Decision, ...] = ()
    changes: tuple[Change, ...] = ()
    unknown: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    grant_note: str = ""
    principal_note: str = ""
    ways: tuple[Way, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The explanation in the commands' JSON."""
        return {
            "principal": self.principal,
            "role": self.role,
            "outcome": self.outcome,
            "alternatives": requirements_json(self.alternatives),
            "grants": [decision.to_json() for decision in self.grants],
            "trust": [decision.to_json() for decision in self.trust],
            "changes": [change.to_json() for change in self.changes],
            "unknown": list(self.unknown),
            "actions": list(self.actions),
            "chains": [way.to_json() for way in self.ways],
            "lines": list(self.lines()),
        }

    def text(self, shown: Shown = str) -> str:
        """The explanation for people."""
        return "\n".join(self.lines(shown))

    def lines(self, shown: Shown = str) -> Iterable[str]:
        """The explanation, line by line."""
        if self.outcome == "chained":
            yield f"{shown(self.principal)} can get to {shown(self.role)} through other roles"
            yield from self._ways(shown)
            yield f"  in one call it cannot assume {shown(self.role)}"
        else:
            verb = "can assume" if self.grant_note else _VERBS[self.outcome]
            yield f"{shown(self.principal)}{self.principal_note} {verb} {shown(self.role)}{self.grant_note}"
        if (conditions := in_words(self.alternatives)) != UNCONDITIONAL and self.alternatives:
            yield f"  {conditions}" if conditions.startswith("if ") else f"  if: {conditions}"
        for action in self.actions:
            yield f"  needs {action} on both sides: {_PASSING[action]}"
        for title, decisions in (("granted by", self.grants), ("trusted by", self.trust)):
            yield from (f"  {title}: {self._named(decision, shown)}" for decision in decisions)
        for change in self.changes:
            place = f" {self._named(change.decision, shown)}" if change.decision else ""
            yield f"  in the way: {change.what}{place}"
            yield f"    to change: {change.fix}"
            yield from (f"      {line}" for line in (change.config.lines if change.config else ()))
        yield from (f"  unknown: {text}" for text in self.unknown if text not in self.grant_note)
        if self.outcome != "chained":
            yield from self._ways(shown)

    def _ways(self, shown: Shown) -> Iterable[str]:
        """The ways through other roles, hop by hop."""
        for way in self.ways:
            yield f"  by way of other roles: {way_in_words(way, shown)}"
            stops = way.stops
            for number, words in enumerate(way.hops_in_words(granted=not self.grant_note), start=1):
                yield f"    hop {number}, {shown(stops[number - 1])} → {shown(stops[number])}: {words}"
            yield from (f"    {note}" for note in notes_in_words(way))
        if self.ways and (more := self.ways[0].more):
            yield f"  and {counted(more, 'more way')}"

    def _named(self, decision: Decision, shown: Shown) -> str:
        group = self.groups.get(decision.policy) if decision.side == "identity" else None
        return statement_in_words(decision, shown) + (f", of group {group}" if group else "")


_VERBS: Mapping[str, str] = {
    "allowed": "can assume",
    "conditional": "can assume, on conditions,",
    "denied": "cannot assume",
    "undetermined": "may or may not assume",
}


def why(estate: Estate, principal: str, role: str) -> Explanation:
    """Explain whether ``principal`` (an ARN, or an external principal as in ``paths``) can assume ``role``."""
    target = estate.roles.get(role)
    if target is None:
        return Explanation(principal, role, "undetermined", unknown=(absence(estate, role),))
    hidden = None if is_root(principal) else undeclared(estate, principal)
    caller = estate.principal(principal) or hidden or external_caller(estate, principal, target)
    if caller is None and is_root(principal):
        changes = (whole_account(estate, principal, target),)
        return Explanation(principal, role, "denied", changes=changes, principal_note=" (its root user)")
    if caller is None:
        return Explanation(principal, role, "undetermined", unknown=(absence(estate, principal),))
    if not can_reach(caller, target):
        return Explanation(principal, role, "denied", changes=(_ABROAD,))
    layers = open_layers(estate, caller, target)
    first = answer_for(layers, caller)
    answer = complete(first, estate, caller, target)
    if answer.alternatives == NEVER:
        return _denied(estate, caller, target, layers)
    outcome, unknown = _outcome(answer), layers.unknown()
    grant_note = "" if outcome == "undetermined" else _not_known(caller, estate)
    if grant_note:
        outcome, unknown = "undetermined", (*unknown, grant_note)
    return Explanation(
        principal,
        role,
        outcome,
        answer.alternatives,
        answer.grants,
        answer.trust,
        unknown=unknown,
        actions=answer.actions,
        groups=_through_groups(estate, caller),
        grant_note=f" {IF_THERE if hidden else IF_GRANTED}: {grant_note}" if grant_note else "",
    )


def why_by_any_way(estate: Estate, principal: str, role: str) -> Explanation:
    """As :func:`why`, with the ways through other roles."""
    explanation, ways = why(estate, principal, role), tuple(Chains(estate).into(role, principal))
    outcome = "chained" if ways and explanation.outcome == "denied" else explanation.outcome
    return replace(explanation, outcome=outcome, ways=ways)


IF_THERE = "if it exists and its account grants it"


def _not_known(caller: Principal, estate: Estate) -> str:
    """Why it is unknown whether a caller's account grants the role; empty if that is known or not needed."""
    if caller.account in estate.declared and estate.principal(caller.arn) is None:
        return f"the stack of {caller.account} declares a part of the account, without this principal"
    return grant_unknown(caller)


def _through_groups(estate: Estate, caller: Principal) -> dict[str, str]:
    """The policies that a user has through groups alone: their names, and the first such group of each."""
    found: dict[str, str] = {}
    if not isinstance(caller, User):
        return found
    held = Counter(policy.name for policy in caller.policies)
    for group in caller.groups:
        for policy in estate.groups.get((caller.account, group), ()):
            found.setdefault(policy.name, group)
            held[policy.name] -= 1
    return {name: group for name, group in found.items() if not held[name]}


def _denied(estate: Estate, caller: Principal, role: Role, layers: Layers) -> Explanation:
    """All obstacles: of the AssumeRole call itself, then of its additional actions."""
    changes, hoped = [], answer_for(layers, caller)
    if hoped.alternatives == NEVER:
        changes, hoped = list(obstacles(layers, caller, role)), answer_for(cleared(layers, caller), caller)
    if complete(hoped, estate, caller, role).alternatives != NEVER:
        hoped = hoped._replace(actions=())  # one of its alternatives needs no additional actions
    for action in hoped.actions:
        other = open_layers(estate, caller, role, action)
        if other.alternatives() == NEVER:
            changes += obstacles(other, caller, role, action)
    if not changes:
        changes.append(conflict(assume_action(caller), hoped.actions))
    return Explanation(
        caller.arn,
        role.arn,
        "denied",
        changes=tuple(changes),
        unknown=layers.unknown(),
        actions=hoped.actions,
        groups=_through_groups(estate, caller),
    )


_PASSING: Mapping[str, str] = {
    TAG_SESSION: "a condition asks for session tags",
    SET_SOURCE_IDENTITY: "a condition asks for a source identity",
    SET_CONTEXT: "a condition asks for a context",
}

_ABROAD = Change(
    "trust",
    "the role is in another partition of AWS than the principal, and no trust reaches over",
    "name a principal of the role's own partition",
)


def _outcome(answer: Answer) -> str:
    known = [each for each in answer.alternatives if all(atom.operator != UNKNOWN for atom in each)]
    if not known:
        return "undetermined"
    return "allowed" if () in known else "conditional"


def statement_in_words(decision: Decision, shown: Shown = str) -> str:
    """A statement's place, for people."""
    if decision.side == "trust":
        return f"the trust policy, statement {decision.statement}"
    return f"{SIDES_IN_WORDS[decision.side]} {shown(decision.policy)}, statement {decision.statement}"


_MOST = 5
_ROOT = "AWS does not allow the root user to assume a role"


def getting_in(estate: Estate, account: str, role: Role) -> list[str]:
    """The users and roles of an account that have a path to a role, by ARN."""
    principals = (path.principal for path in who_can(estate, role.arn))
    return [arn for arn in principals if (found := estate.principal(arn)) and found.account == account]


def whole_account(estate: Estate, root: str, role: Role) -> Change:
    """The explanation for an account (by the ARN of its root) and a role."""
    account = parse_arn(root).account
    elements = (each.principal for each in role.trust.statements if each.allows)
    named = any(account in element.accounts for element in elements if element)
    inside = getting_in(estate, account, role)
    more = f" and {len(inside) - _MOST} more" if len(inside) > _MOST else ""
    none = (
        "none of its declared principals can assume it"
        if account in estate.declared
        else "none of its principals can assume it"
    )
    these = f"these principals can assume it: {', '.join(inside[:_MOST])}{more}" if inside else none
    if named:
        what = f"its trust names this account, whose grants decide; {these}; {_ROOT}"
    elif inside:
        what = f"its trust does not name this account; {these}; {_ROOT}"
    else:
        what = f"no trust allows a principal of this account; {_ROOT}"
    return Change("trust", what, "name a user or a role of the account")
