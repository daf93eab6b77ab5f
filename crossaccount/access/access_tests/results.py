"""A test file judged: one result per test, in the order of the file, in the shape that the commands print.

A rehearsal takes these results and puts what it tried in place of what was judged (``dataclasses.replace`` with
``actual`` and ``mode``); ``ok`` follows by itself.

A result carries warnings: of a context that cannot happen, and of keys that the verdict hangs on. A verdict hangs on a
key when supposing the conditions on it met, or unmet, makes it another. Only keys that real requests carry and that the
test leaves out are warned of: there AWS may answer otherwise than we do. Source:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html, "Availability" of each key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from crossaccount.access.access_tests.parse import AccessTest, AccessTests, ThenTest
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Policy, Principal, Role
from crossaccount.access.evaluation.callers import sessions_of
from crossaccount.access.evaluation.context import assume_context, circumstances
from crossaccount.access.evaluation.evaluate import is_root, judge_action, judge_assume, judge_assume_in
from crossaccount.access.explanation.explain import getting_in
from crossaccount.access.verdict import Outcome, Verdict
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.problem import NOT_GIVEN, Problem

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
        """Whether it is as expected."""
        return self.actual == self.test.expect

    def to_json(self) -> dict[str, Any]:
        """An item of ``then`` in the commands' JSON."""
        return {
            "action": self.test.action,
            "resource": self.test.resource,
            "expected": self.test.expect,
            "actual": self.actual,
            "ok": self.ok,
            "mode": self.mode,
        }


@dataclass(frozen=True)
class TestResult:
    """One test with its outcome. ``verdict`` is the judged one, whatever ``mode`` says of ``actual``.

    ``warnings`` are for people: of what cannot happen, and of what the outcome hangs on.
    """

    __test__ = False  # not a test of ours, whatever pytest makes of the name

    test: AccessTest
    actual: Outcome
    verdict: Verdict
    mode: Mode = "judged"
    then: tuple[ThenResult, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the outcome, its reason and all that follows are as expected."""
        reason_fits = self.test.because in (None, self.verdict.reason)
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
            "then": [item.to_json() for item in self.then],
        }


def run_judged(tests: AccessTests, estate: Estate, now: datetime) -> tuple[TestResult, ...]:
    """Judge every test of a file against an estate, at one moment."""
    return tuple(_judged(test, estate, now) for test in tests.tests)


def results_json(results: Iterable[TestResult]) -> dict[str, Any]:
    """The JSON document of ``test``: the results, and how many are not ok."""
    listed = list(results)
    return {"results": [result.to_json() for result in listed], "failed": sum(not result.ok for result in listed)}


def _judged(test: AccessTest, estate: Estate, now: datetime) -> TestResult:
    verdict = judge_assume(estate, test.principal_arn, test.role_arn, test.context, session=test.session, now=now)
    then = tuple(_judged_then(test, item, estate, now) for item in test.then)
    return TestResult(test, verdict.outcome, verdict, then=then, warnings=warnings_of(test, verdict, estate, now))


def _judged_then(test: AccessTest, item: ThenTest, estate: Estate, now: datetime) -> ThenResult:
    context: Mapping[str, Any] = {**circumstances(test.context), **item.context}
    verdict = judge_action(estate, test.role_arn, item.action, item.resource, context, session=test.session, now=now)
    return ThenResult(item, verdict.outcome, verdict)


_CARRIED = frozenset(
    {
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:requestedregion",
        "aws:resourceorgid",
        "aws:resourceorgpaths",
        "aws:sourceip",
        "aws:useragent",
        "aws:userid",
    }
)
_BY_SESSIONS = frozenset({"aws:multifactorauthpresent", "aws:tokenissuetime"})
_PRINCIPAL_TAG = "aws:principaltag/"
_USER_ID = "aws:userid"
_MFA = ("aws:multifactorauthpresent", "aws:multifactorauthage")


def warnings_of(test: AccessTest, verdict: Verdict, estate: Estate, now: datetime) -> tuple[Problem, ...]:
    """Everything to warn of in a test whose verdict is ``verdict``."""
    caller, role = estate.principal(test.principal_arn), estate.roles.get(test.role_arn)
    if role is not None and is_root(test.principal_arn):
        return tuple(_whole_account(test, estate, role))
    if caller is None or role is None:
        return ()
    context = assume_context(caller, test.context, test.session, now, role)
    hanging = _hangs_on(test, verdict, estate, context)
    return tuple(_mfa_of_role(test, caller)) + tuple(_left_out(test, key) for key in hanging)


def _whole_account(test: AccessTest, estate: Estate, role: Role) -> Iterable[Problem]:
    """An account is its root user to a test, whom AWS keeps out always; its users and roles may get in all the same."""
    if inside := getting_in(estate, parse_arn(test.principal_arn).account, role):
        what = f"an account is tested as its root user, which no trust lets in; of its principals {len(inside)} get in"
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


def _hangs_on(test: AccessTest, verdict: Verdict, estate: Estate, context: RequestContext) -> list[str]:
    caller, role = estate.principal(test.principal_arn), estate.roles[test.role_arn]
    if caller is None:
        return []
    found = []
    for key in sorted(_open_keys(estate, caller, role, context)):
        supposed = [context.supposing(key, answer) for answer in (True, False)]
        if key == _USER_ID:
            supposed += _as_sessions(caller, role, context)
        others = (judge_assume_in(estate, caller, role, each, test.session) for each in supposed)
        if any(other.outcome != verdict.outcome for other in others):
            found.append(key)
    return found


def _as_sessions(caller: Principal, role: Role, context: RequestContext) -> list[RequestContext]:
    """The request as each session of the caller that the trust names, and as one that it does not."""
    named = _named_sessions(caller, role)
    ids = [f"{caller.unique_id}:{name}" for name in (*named, "-".join(("not", *named)))] if named else []
    return [context.having(_USER_ID, (each,)) for each in ids]


def _named_sessions(caller: Principal, role: Role) -> list[str]:
    elements = (statement.principal for statement in role.trust.statements)
    return [name for element in elements if element for name in sessions_of(element, caller)]


def _open_keys(estate: Estate, caller: Principal, role: Role, context: RequestContext) -> set[str]:
    """The keys that conditions of any side ask for, that requests carry, and that this request does not have."""
    policies: list[Policy] = [*caller.policies, role.trust] + ([caller.boundary] if caller.boundary else [])
    levels = (*estate.service_control.get(caller.account, ()), *estate.resource_control.get(role.account, ()))
    policies += [policy for level in levels for policy in level]
    asked = {
        condition.key.lower()
        for policy in policies
        for statement in policy.statements
        for condition in statement.conditions
    }
    if _named_sessions(caller, role):
        asked.add(_USER_ID)
    return {key for key in asked if _carried(key, caller) and context.get(key) is None}


def _carried(key: str, caller: Principal) -> bool:
    tagged = caller.may_be_tagged and key.startswith(_PRINCIPAL_TAG)
    return key in _CARRIED or (caller.is_role and key in _BY_SESSIONS) or tagged


def _left_out(test: AccessTest, key: str) -> Problem:
    what = f"the verdict hangs on {key}, which real requests carry and this test does not give"
    return Problem(
        f"{test.where}.context", what, NOT_GIVEN, "give the key, so that the test says what is meant", "warning"
    )
