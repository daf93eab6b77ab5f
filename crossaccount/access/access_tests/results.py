"""A test file judged: one result per test, in the order of the file, in the shape that the commands print.

A rehearsal replaces ``actual`` and ``mode`` of these results by what it tried (``dataclasses.replace``); ``ok`` is
computed.

A result carries warnings: for an impossible context, and for decisive keys. A key is decisive if the verdict changes
when all conditions on it are assumed to be met, or not met. Only keys that real requests carry and that the test does
not give are reported, because AWS may then answer differently. Source:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html, "Availability" of each key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from crossaccount.access.access_tests.parse import S3_ARN, AccessTest, AccessTests, ThenTest, expanded
from crossaccount.access.access_tests.reach import judge_reach
from crossaccount.access.chains import Chains
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Policy, Principal, Role
from crossaccount.access.evaluation.callers import assume_action, sender_of
from crossaccount.access.evaluation.context import assume_context, circumstances
from crossaccount.access.evaluation.evaluate import (
    USER_ID,
    as_sessions,
    caller_of,
    is_root,
    judge_assume,
    judge_assume_in,
    judge_call,
    named_sessions,
    session_dependent_verdict,
    session_of,
)
from crossaccount.access.explanation.explain import getting_in
from crossaccount.access.verdict import Outcome, Verdict
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.iam.request_keys import EXPECTED, EXPECTED_OF_SESSIONS, SOURCE_IP, THROUGH_VPC, may_carry

Mode = Literal["tried", "judged"]


@dataclass(frozen=True)
class ThenResult:
    """What the session may do, expected and actual. ``verdict`` is the judged one, whatever ``mode`` says."""

    test: ThenTest
    actual: Outcome
    verdict: Verdict
    mode: Mode = "judged"

    @property
    def ok(self) -> bool:
        """Whether the outcome and its reason are as expected."""
        because = self.test.because
        return self.actual == self.test.expect and (because is None or self.verdict.is_because(because))

    def to_json(self) -> dict[str, Any]:
        """An item of ``then`` in the commands' JSON."""
        return {
            "action": self.test.action,
            "resource": self.test.resource,
            "expected": self.test.expect,
            "actual": self.actual,
            "ok": self.ok,
            "reason": self.verdict.reason,
            "mode": self.mode,
            **_message(self.actual, self.verdict),
        }


def _message(actual: Outcome, verdict: Verdict) -> dict[str, str]:
    """What is unknown, for an undetermined outcome."""
    return {"message": verdict.message} if actual == "undetermined" else {}


@dataclass(frozen=True)
class TestResult:
    """One test with its outcome. ``verdict`` is the judged one, whatever ``mode`` says of ``actual``.

    ``warnings`` are for people: of what cannot happen, and of what the outcome hangs on. ``via`` are the roles of the
    way that decides a test of every way.
    """

    __test__ = False  # not a test of ours, whatever pytest makes of the name

    test: AccessTest
    actual: Outcome
    verdict: Verdict
    mode: Mode = "judged"
    then: tuple[ThenResult, ...] = ()
    warnings: tuple[Problem, ...] = ()
    via: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the outcome, its reason and all that follows are as expected."""
        reason_fits = self.test.because is None or self.verdict.is_because(self.test.because)
        return self.actual == self.test.expect and reason_fits and all(item.ok for item in self.then)

    def to_json(self) -> dict[str, Any]:
        """An item of ``results`` in the commands' JSON."""
        test, decided_by = self.test, self.verdict.decided_by
        return {
            "name": test.name,
            "principal": test.principal,
            "role": test.role,
            "principal_arn": test.principal_arn,
            "role_arn": test.role_arn,
            "context": dict(test.context),
            "expected": test.expect,
            "actual": self.actual,
            "ok": self.ok,
            "reason": self.verdict.reason,
            "decided_by": decided_by.to_json() if decided_by else None,
            "mode": self.mode,
            **_message(self.actual, self.verdict),
            "then": [item.to_json() for item in self.then],
            **({"reach": True, "via": list(self.via)} if test.reach else {}),
            **({"selected": str(test.selected)} if test.selected else {}),
            **({"at": f"{test.at:%Y-%m-%dT%H:%M:%SZ}"} if test.at else {}),
        }


def run_judged(tests: AccessTests, estate: Estate, now: datetime) -> tuple[TestResult, ...]:
    """Judge every test of a file against an estate, at one moment, unless a test says its own. A selector has rows.

    Raises:
        AccessTestsError: a selector means nobody.
    """
    tests = expanded(tests, estate)
    owners, chains = _owners(tests), Chains(estate)
    return tuple(
        _judged_reach(test, chains, test.at or now) if test.reach else _judged(test, estate, test.at or now, owners)
        for test in tests.tests
    )


def _judged_reach(test: AccessTest, chains: Chains, now: datetime) -> TestResult:
    verdict, via = judge_reach(chains, test, now)
    return TestResult(test, verdict.outcome, verdict, via=via)


def _owners(tests: AccessTests) -> dict[str, str]:
    """The account of each bucket that the file gives, by the ARN of the bucket."""
    found = {}
    for name, entry in tests.given.items():
        buckets = entry.get("buckets")
        for bucket in buckets if isinstance(buckets, (list, tuple)) else ():
            found[f"{S3_ARN}{bucket}"] = tests.accounts.get(name, name)
    return found


def results_json(results: Iterable[TestResult]) -> dict[str, Any]:
    """The JSON document of ``test``: the results, and how many are not ok."""
    listed = list(results)
    return {"results": [result.to_json() for result in listed], "failed": sum(not result.ok for result in listed)}


def _judged(test: AccessTest, estate: Estate, now: datetime, owners: Mapping[str, str]) -> TestResult:
    verdict = judge_assume(estate, test.principal_arn, test.role_arn, test.context, session=test.session, now=now)
    caller, role = caller_of(estate, test.principal_arn), estate.roles.get(test.role_arn)
    if caller is not None and role is not None:
        context = _context(test, caller, role, now)
        verdict = session_dependent_verdict(estate, caller, role, context, test.session, verdict) or verdict
    then = tuple(_judged_then(test, item, estate, now, owners) for item in test.then)
    return TestResult(test, verdict.outcome, verdict, then=then, warnings=warnings_of(test, verdict, estate, now))


def _context(test: AccessTest, caller: Principal, role: Role, now: datetime) -> RequestContext:
    given = {**session_of(test.principal_arn, caller), **test.context}
    return assume_context(caller, given, test.session, now, role)


def _judged_then(
    test: AccessTest, item: ThenTest, estate: Estate, now: datetime, owners: Mapping[str, str]
) -> ThenResult:
    context: Mapping[str, Any] = {**circumstances(test.context), **item.context}
    owner = owners.get(item.resource.partition("/")[0], "")
    session = test.session
    if session.source_identity is None and (identity := _given(test, "sts:sourceidentity")) is not None:
        session = replace(session, source_identity=identity)
    verdict = judge_call(
        estate, test.role_arn, item.action, item.resource, context, session=session, owner=owner, now=now
    )
    return ThenResult(item, verdict.outcome, verdict)


def _given(test: AccessTest, key: str) -> str | None:
    """The one value that a test's context gives a key, in lower case."""
    return RequestContext.of(test.context).single(key)


_PRINCIPAL_TAG = "aws:principaltag/"
_MFA = ("aws:multifactorauthpresent", "aws:multifactorauthage")


def warnings_of(test: AccessTest, verdict: Verdict, estate: Estate, now: datetime) -> tuple[Problem, ...]:
    """Everything to warn of in a test whose verdict is ``verdict``."""
    caller, role = caller_of(estate, test.principal_arn), estate.roles.get(test.role_arn)
    if role is not None and is_root(test.principal_arn):
        return tuple(_whole_account(test, estate, role))
    if caller is None or role is None:
        return ()
    context = _context(test, caller, role, now)
    decisive = _decisive_keys(test, verdict, estate, context)
    impossible = (*_mfa_of_role(test, caller), *_never_carried(test, caller))
    return impossible + tuple(_left_out(test, key) for key in decisive)


def _whole_account(test: AccessTest, estate: Estate, role: Role) -> Iterable[Problem]:
    """In a test an account means its root user, which AWS always denies.

    The account's users and roles may still be allowed.
    """
    if inside := getting_in(estate, parse_arn(test.principal_arn).account, role):
        what = (
            f"an account is tested as its root user, which cannot assume a role; of its principals {len(inside)} get in"
        )
        yield Problem(
            f"{test.where}.principal", what, test.principal, f"test one of them, such as {inside[0]}", "warning"
        )


def _mfa_of_role(test: AccessTest, caller: Principal) -> Iterable[Problem]:
    if not caller.is_role:
        return
    for key, value in test.context.items():
        if key.lower() in _MFA and value not in ("false", ["false"]):
            what = "a role cannot present MFA when it assumes another role, so this cannot happen"
            yield Problem(f"{test.where}.context.{key}", what, value, "drop it, or test a user", "warning")


def _never_carried(test: AccessTest, caller: Principal) -> Iterable[Problem]:
    """Keys that the test gives, and that no such request carries."""
    sender, action = sender_of(caller), assume_action(caller)
    given = {key.lower(): key for key in test.context}
    for lower, key in given.items():
        if lower not in _MFA and lower not in caller.implied and not may_carry(key, action, sender):
            what = f"no request of {action} by this principal carries the key, so this cannot happen"
            yield Problem(f"{test.where}.context.{key}", what, test.context[key], "drop it", "warning")
    endpoint = next((given[key] for key in sorted(THROUGH_VPC) if key in given), None)
    if SOURCE_IP in given and endpoint is not None:
        what = f"a request through a VPC endpoint ({endpoint}) has no aws:SourceIp, so this cannot happen"
        where = f"{test.where}.context.{given[SOURCE_IP]}"
        yield Problem(where, what, test.context[given[SOURCE_IP]], "drop one of the two", "warning")


def _decisive_keys(test: AccessTest, verdict: Verdict, estate: Estate, context: RequestContext) -> list[str]:
    caller, role = caller_of(estate, test.principal_arn), estate.roles[test.role_arn]
    if caller is None:
        return []
    found = []
    for key in sorted(_open_keys(estate, caller, role, context)):
        supposed = [context.supposing(key, answer) for answer in (True, False)]
        if key == USER_ID:
            supposed += as_sessions(caller, role, context)
        others = (judge_assume_in(estate, caller, role, each, test.session) for each in supposed)
        if any(other.outcome != verdict.outcome for other in others):
            found.append(key)
    return found


def _open_keys(estate: Estate, caller: Principal, role: Role, context: RequestContext) -> set[str]:
    """The keys that conditions of any side ask for, that requests carry, and that this request does not have."""
    policies: list[Policy] = [*caller.policies, role.trust] + ([caller.boundary] if caller.boundary else [])
    levels = (*estate.service_control.get(caller.account, ()), *estate.resource_control.get(role.account, ()))
    policies += [policy for level in levels for policy in level]
    keys = {
        condition.key.lower()
        for policy in policies
        for statement in policy.statements
        for condition in statement.conditions
    }
    if named_sessions(caller, role):
        keys.add(USER_ID)
    return {key for key in keys if _carried(key, caller) and context.get(key) is None}


def _carried(key: str, caller: Principal) -> bool:
    tagged = caller.may_be_tagged and key.startswith(_PRINCIPAL_TAG)
    return key in EXPECTED or (caller.is_role and key in EXPECTED_OF_SESSIONS) or tagged


def _left_out(test: AccessTest, key: str) -> Problem:
    what = f"the verdict depends on {key}, which real requests carry and this test does not give"
    return Problem(f"{test.where}.context", what, NOT_GIVEN, "give the key in context", "warning")
