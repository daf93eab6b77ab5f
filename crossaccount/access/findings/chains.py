"""Conditions of a trust that a way through other roles bypasses, and third parties that reach further roles.

A trust that requires MFA from people and allows a role without it is common and correct. It is reported if somebody
without MFA can assume that role, because the requirement then has no effect. The same applies to an external ID and a
source address. Only users and external accounts are reported, because programs cannot present MFA.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial

from crossaccount.access.chains import Chains, Way
from crossaccount.access.chains.session import MFA
from crossaccount.access.chains.way import Conditions
from crossaccount.access.estate.entities import TRUST_POLICY, Role
from crossaccount.access.evaluation.callers import ExternalPrincipal, external_principal
from crossaccount.access.findings.finding import Facts, Found, Kind, Place
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.request_keys import SOURCE_IP, THROUGH_VPC

_CHAINING = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining"
MFA_PASSED = Kind(
    "XA116",
    "warning",
    "A role that requires MFA is reached without it through other roles",
    "The trust requires MFA, and also lets in a role whose sessions somebody gets without MFA. So the requirement "
    "keeps nobody out who takes that way.",
    "Require MFA where the way begins, or stop trusting the role in between.",
    _CHAINING,
)
SOURCE_PASSED = Kind(
    "XA117",
    "warning",
    "A role that requires an external ID or a source address is reached without it through other roles",
    "The trust requires an external ID or a network source, and also lets in a role whose sessions somebody gets "
    "without it.",
    "Require the same where the way begins, or stop trusting the role in between.",
    _CHAINING,
)
THIRD_PARTY_BEYOND = Kind(
    "XA118",
    "warning",
    "A third party reaches further roles through the role made for it",
    "The role that trusts the third party may assume other roles, so that the third party reaches those as well.",
    "Take the grant away from the role, or give the third party a role of its own that assumes nothing.",
    _CHAINING,
)


@dataclass(frozen=True)
class _Demand:
    """A condition that a trust may require: its finding, its name for people, and its keys in lower case."""

    kind: Kind
    name: str
    keys: frozenset[str]


_DEMANDS = (
    _Demand(MFA_PASSED, "MFA", MFA),
    _Demand(SOURCE_PASSED, "an external ID", frozenset({"sts:externalid"})),
    _Demand(SOURCE_PASSED, "a source address", THROUGH_VPC | {SOURCE_IP}),
)


def chain_findings(chains: Chains, facts: Facts) -> Iterator[Found]:
    """The bypassed conditions, sorted by role; then the third parties."""
    beyond: dict[tuple[str, str], list[Way]] = {}
    is_a_person = cache(partial(_is_a_person, chains))
    is_third_party = cache(partial(_is_third_party, chains=chains, facts=facts))
    for arn in sorted(chains.estate.roles):
        role = chains.estate.roles[arn]
        if not chains.edges.has_roles_before(role):
            continue
        demanded = [(each, index) for each in _DEMANDS if (index := _first_demanding(role, each)) is not None]
        if demanded:
            every = chains.every_alike(arn, is_a_person)
            for demand, index in demanded:
                yield from _passed(role, demand, index, every)
        for way in chains.into(arn):
            if is_third_party(way.principal):
                beyond.setdefault((way.principal, way.via[0]), []).append(way)
    yield from _third_parties(beyond, chains, facts)


def _first_demanding(role: Role, demand: _Demand) -> int | None:
    """The index of the first statement of a trust that requires ``demand``; None if there is none."""
    for index, statement in enumerate(role.trust.statements):
        if statement.allows and _demands(statement, demand):
            return index
    return None


def _demands(statement: CompiledStatement, demand: _Demand) -> bool:
    nothing = RequestContext()
    return any(each.key.lower() in demand.keys and not each.holds(nothing) for each in statement.conditions)


def _passed(role: Role, demand: _Demand, index: int, every: Iterable[tuple[int, list[Way]]]) -> Iterator[Found]:
    """The finding about a role that somebody reaches without ``demand``. ``every``: ways, and how many people have
    them.
    """
    ways: list[Way] = []
    people = 0
    for number, alike in every:
        without = [way for way in alike if any(not _is_met(each, demand) for each in way.alternatives)]
        ways += without
        people += number if without else 0
    if not ways:
        return
    way = min(ways, key=lambda each: each.ease)
    others = f", and so do {people - 1} others" if people > 1 else ""
    message = f"the trust requires {demand.name}, and {_way_in_words(way)} works without it{others}"
    yield Found(demand.kind, Place(role.arn, TRUST_POLICY, index), message, demand.kind.hint)


def _is_met(conditions: Conditions, demand: _Demand) -> bool:
    """Whether a hop of the way requires ``demand``."""
    nothing = RequestContext()
    return any(
        each.atom.is_condition and each.atom.meaning[1] in demand.keys and not each.atom.holds(nothing)
        for each in conditions
    )


def _is_a_person(chains: Chains, principal: str) -> bool:
    if principal in chains.estate.users:
        return True
    outside = external_principal(principal, chains.estate.accounts)
    return isinstance(outside, ExternalPrincipal) and not outside.provider


def _is_third_party(principal: str, chains: Chains, facts: Facts) -> bool:
    if not principal.startswith("arn:") or chains.estate.principal(principal) is not None:
        return False
    outside = external_principal(principal, chains.estate.accounts)
    return outside is not None and bool(outside.account) and not outside.provider and not facts.is_ours(outside.account)


def _third_parties(beyond: Mapping[tuple[str, str], list[Way]], chains: Chains, facts: Facts) -> Iterator[Found]:
    for (principal, made_for), ways in beyond.items():
        role = chains.estate.roles[made_for]
        naming = [i for i, each in enumerate(role.trust.statements) if each.allows and _names(each, principal)]
        roles = sorted({way.role for way in ways})
        more = f" and {len(roles) - 1} more" if len(roles) > 1 else ""
        account = facts.named(parse_arn(principal).account)
        message = f"account {account} reaches {roles[0]}{more} through this role: {_way_in_words(ways[0])}"
        yield Found(
            THIRD_PARTY_BEYOND,
            Place(made_for, TRUST_POLICY, min(naming, default=None)),
            message,
            THIRD_PARTY_BEYOND.hint,
        )


def _names(statement: CompiledStatement, principal: str) -> bool:
    element = statement.principal
    return element is not None and (principal in element.entries or parse_arn(principal).account in element.accounts)


def _way_in_words(way: Way) -> str:
    return " → ".join(way.stops)
