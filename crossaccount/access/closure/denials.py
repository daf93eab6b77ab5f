"""Denies that deny nothing: without them nobody would get in either.

Judged are denies of ``sts:AssumeRole`` that name their roles, or in a trust their principals, exactly. A wider deny is
a guard rail: it is there for what may come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from crossaccount.access.closure.grants import ANY_MOMENT
from crossaccount.access.closure.reach import Holders, listed
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Policy, Principal
from crossaccount.access.evaluation.context import NO_SESSION, assume_context
from crossaccount.access.evaluation.evaluate import judge_assume_in
from crossaccount.access.evaluation.layers import ASSUME_ROLE
from crossaccount.access.findings.documents import Statement
from crossaccount.access.findings.finding import Found, Kind
from crossaccount.iam.arn import is_arn, parse_arn
from crossaccount.iam.compiled import read_document
from crossaccount.iam.documents import as_list
from crossaccount.iam.names import has_wildcard

DENIES_NOTHING = Kind(
    "XA209",
    "warning",
    "A deny denies nothing",
    "Whom it names would not get in without it: the deny is a leftover, or misses whom it is meant for.",
    "Correct the name, or remove the statement.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
)


class Denials:
    """Judges the denies of an estate. What a principal or a role is without any deny is found once."""

    def __init__(self, estate: Estate, holders: Holders) -> None:
        self._estate = estate
        self._holders = holders
        self._undenied: dict[str, Principal] = {}
        self._policies: dict[int, Policy] = {}

    def findings(self, statement: Statement) -> Iterator[Found]:
        """Whether a deny of assuming roles denies anything."""
        if statement.allows or not statement.covers(ASSUME_ROLE) or statement.conditions:
            return
        in_trust = statement.side == "trust"
        named = statement.principals("AWS") if in_trust else statement.texts("Resource")
        if not named or not all(self._is_exact(each) for each in named) or not _is_about_sessions_alone(statement):
            return
        principals = named if in_trust else list(self._holders.of(statement.owner))
        roles = [statement.owner] if in_trust else named
        if not principals or any(self._denies(principal, role) for role in roles for principal in principals):
            return
        message = f"denies {listed(principals)} the way to {listed(roles)}, where there is none"
        yield Found(
            DENIES_NOTHING, statement.at("principals" if in_trust else "resources"), message, DENIES_NOTHING.hint
        )

    def _denies(self, principal: str, role: str) -> bool:
        """Whether the principal would get in, or might, if nobody denied anything."""
        if self._estate.principal(principal) is None or (target := self._estate.roles.get(role)) is None:
            return False
        caller, target = self._caller(principal), replace(target, trust=self._allowing(target.trust))
        context = assume_context(caller, {}, NO_SESSION, ANY_MOMENT, target)
        verdict = judge_assume_in(self._estate, caller, target, context)
        return verdict.outcome != "denied" or verdict.reason in ("condition", "explicit-deny")

    def _caller(self, arn: str) -> Principal:
        if arn not in self._undenied:
            principal = self._estate.principal(arn)
            assert principal is not None, "asked only of principals of the estate"
            policies = tuple(self._allowing(policy) for policy in principal.policies)
            self._undenied[arn] = replace(principal, policies=policies)
        return self._undenied[arn]

    def _allowing(self, policy: Policy) -> Policy:
        """A policy without its denies; the same one where it has none."""
        if policy.unknown or all(each.allows for each in policy.statements):
            return policy
        if id(policy) not in self._policies:
            content = read_document(policy.document)
            kept = [each for each in as_list(content["Statement"]) if each["Effect"] == "Allow"]
            self._policies[id(policy)] = replace(policy, document={**content, "Statement": kept})
        return self._policies[id(policy)]

    def _is_exact(self, text: str) -> bool:
        if not is_arn(text) or has_wildcard(text) or "${" in text or text.count(":") < 5:
            return False
        arn = parse_arn(text)
        return arn.service == "iam" and arn.kind in ("role", "user") and arn.account in self._estate.accounts


def _is_about_sessions_alone(statement: Statement) -> bool:
    """Whether a deny is about STS alone: on a role, ``*`` also denies to pass or to change it."""
    in_trust = statement.side == "trust"
    return in_trust or all(text.lower().startswith("sts:") for text in statement.texts("Action") or ("*",))
