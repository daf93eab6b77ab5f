"""Denies that deny nothing: without them nobody would get in either.

Judged are denies of ``sts:AssumeRole`` that name their roles, or in a trust their principals, exactly. A wider deny is
a guard rail: it is there for what may come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from crossaccount.access.closure.grants import ANY_MOMENT
from crossaccount.access.closure.reach import Holders, listed
from crossaccount.access.context import NO_SESSION, assume_context
from crossaccount.access.entities import Policy, Principal
from crossaccount.access.estate import Estate
from crossaccount.access.evaluate import ASSUME_ROLE, judge_assume_in
from crossaccount.access.findings.documents import Statement
from crossaccount.access.findings.finding import Found, Kind
from crossaccount.iam.arn import is_arn, parse_arn
from crossaccount.iam.names import has_wildcard

DENIES_NOTHING = Kind(
    "XA209",
    "warning",
    "A deny denies nothing",
    "Whom it names would not get in without it: the deny is a leftover, or misses whom it is meant for.",
    "Correct the name, or remove the statement.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
)


def denial_findings(statement: Statement, estate: Estate, holders: Holders) -> Iterator[Found]:
    """Whether a deny of assuming roles denies anything."""
    if statement.allows or not statement.covers(ASSUME_ROLE) or statement.conditions:
        return
    if statement.side == "trust":
        principals = [each for each in statement.principals("AWS") if _is_exact(each, estate)]
        if principals and len(principals) == len(statement.principals("AWS")):
            roles = [statement.owner]
            yield from _judged(statement, estate, principals, roles, "principals")
        return
    roles = [text for text in statement.texts("Resource") if _is_exact(text, estate)]
    principals = list(holders.of(statement.owner))
    if roles and principals and len(roles) == len(statement.texts("Resource")):
        yield from _judged(statement, estate, principals, roles, "resources")


def _judged(
    statement: Statement, estate: Estate, principals: list[str], roles: list[str], element: str
) -> Iterator[Found]:
    if any(_denies(estate, principal, role) for role in roles for principal in principals):
        return
    message = f"denies {listed(principals)} the way to {listed(roles)}, where there is none"
    place = statement.at("principals" if element == "principals" else "resources")
    yield Found(DENIES_NOTHING, place, message, DENIES_NOTHING.fix)


def _denies(estate: Estate, principal: str, role: str) -> bool:
    """Whether the principal would get in, or might, if nobody denied anything."""
    caller, target = estate.principal(principal), estate.roles.get(role)
    if caller is None or target is None:
        return False
    caller, target = _undenied(caller), replace(target, trust=_allowing(target.trust))
    verdict = judge_assume_in(estate, caller, target, assume_context(caller, {}, NO_SESSION, ANY_MOMENT))
    return verdict.outcome != "denied" or verdict.reason in ("condition", "explicit-deny")


def _undenied(principal: Principal) -> Principal:
    return replace(principal, policies=tuple(_allowing(policy) for policy in principal.policies))


def _allowing(policy: Policy) -> Policy:
    return replace(policy, statements=tuple(each for each in policy.statements if each.allows))


def _is_exact(text: str, estate: Estate) -> bool:
    if not is_arn(text) or has_wildcard(text) or "${" in text or text.count(":") < 5:
        return False
    arn = parse_arn(text)
    return arn.service == "iam" and arn.kind in ("role", "user") and arn.account in estate.accounts
