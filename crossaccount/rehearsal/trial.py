"""One access test, tried where the local AWS can try it and judged where it cannot, never one passed off as the other.

The local AWS knows neither MFA nor source identity nor organisations, and callers come from 127.0.0.1 now. So a test is
tried only if its verdict is the same in the circumstances that the local AWS has; then the real answer must agree with
the judged one, and if it does not, we are wrong and say so. Who or what does not exist is not tried: AWS would answer a
misspelt role with AccessDenied, and a test that it stays closed would pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from crossaccount.access.access_tests import AccessTest
from crossaccount.access.access_tests.results import TestResult, ThenResult
from crossaccount.access.estate import Estate
from crossaccount.access.evaluation.context import DEFAULT_SESSION_NAME, SESSION_NAME_KEY
from crossaccount.access.evaluation.evaluate import judge_assume, judge_call
from crossaccount.access.verdict import Outcome, Verdict
from crossaccount.iam.arn import Arn, parse_arn
from crossaccount.iam.documents import as_list
from crossaccount.local.clients import Aws, Credentials
from crossaccount.rehearsal.callers import AssumeFailed, AssumeRequest, Caller
from crossaccount.rehearsal.service_calls import CallFailed, allowed, can_be_tried

EXTERNAL_ID_KEY = "sts:ExternalId"
_PASSED_ON = (EXTERNAL_ID_KEY.lower(), SESSION_NAME_KEY.lower())


class Disagreement(Exception):
    """The local AWS answered otherwise than we judged: one of us evaluates IAM wrongly."""


class Callers(Protocol):
    """Who can call, and the roots that make what a call needs."""

    def caller(self, principal_arn: str) -> Caller | None: ...
    def root(self, account_id: str) -> Aws: ...


@dataclass(frozen=True)
class Trial:
    """Tries judged results on the local AWS at ``endpoint``. ``buckets`` are the owners of buckets, as account IDs."""

    callers: Callers
    estate: Estate
    endpoint: str
    clock: Callable[[], datetime]
    buckets: Mapping[str, str] = field(default_factory=dict)

    def of(self, judged: TestResult) -> TestResult:
        """``judged`` with what was tried in place of what was judged, as far as it can be tried.

        Raises:
            Disagreement: tried and judged differ.
            AssumeFailed, CallFailed: a call failed for another reason than permissions.
        """
        test = judged.test
        there = self.estate.principal(test.principal_arn) is not None and test.role_arn in self.estate.roles
        try:
            caller = self.callers.caller(test.principal_arn) if there and self._same_here(judged) else None
            if caller is None:
                return judged
            credentials = caller.assume(_request(test))
            outcome: Outcome = "denied" if credentials is None else "allowed"
            _agree(judged.verdict, outcome, test.name)
            then = tuple(self._then(item, judged, credentials) for item in judged.then) if credentials else judged.then
        except (AssumeFailed, CallFailed) as error:
            raise type(error)(f"{test.name}: {error}") from error
        return replace(judged, actual=outcome, mode="tried", then=then)

    def _same_here(self, judged: TestResult) -> bool:
        """Whether the test means the same in the circumstances of the local AWS."""
        test = judged.test
        if test.session.source_identity is not None or test.session.provided_context:
            return False
        context = {key: value for key, value in test.context.items() if key.lower() in _PASSED_ON}
        here = judge_assume(
            self.estate,
            test.principal_arn,
            test.role_arn,
            {
                **dict.fromkeys(self.estate.roles[test.role_arn].resource_keys, ()),
                **context,
                **_circumstances(parse_arn(test.principal_arn), parse_arn(test.role_arn)),
            },
            session=test.session,
            now=self.clock(),
        )
        return here.outcome == judged.verdict.outcome

    def _then(self, item: ThenResult, judged: TestResult, credentials: Credentials) -> ThenResult:
        test = item.test
        if test.context or not can_be_tried(test.action, test.resource) or not self._then_same_here(item, judged):
            return item
        account = parse_arn(judged.test.role_arn).account
        owner = self._owner(test.resource) or account
        session = Aws(self.endpoint, credentials, self.callers.root(account).region)
        may = allowed(session, self.callers.root(owner), test.action, test.resource)
        outcome: Outcome = "allowed" if may else "denied"
        if owner == account:
            # What another account says of its own resources is in no estate.
            _agree(item.verdict, outcome, f"{judged.test.name}, then {test.action} on {test.resource}")
        return replace(item, actual=outcome, mode="tried")

    def _then_same_here(self, item: ThenResult, judged: TestResult) -> bool:
        """Whether what the session may do is the same in the circumstances of the local AWS, whoever owns it."""
        role = parse_arn(judged.test.role_arn)
        here = {
            judge_call(
                self.estate,
                judged.test.role_arn,
                item.test.action,
                item.test.resource,
                _circumstances(role, role),
                session=judged.test.session,
                owner=owner,
                now=self.clock(),
            ).outcome
            for owner in ("", self._owner(item.test.resource))
        }
        return item.verdict.outcome in here

    def _owner(self, resource: str) -> str:
        """The account of a resource, where its ARN or a given bucket says it."""
        if not resource.startswith("arn:"):
            return ""
        arn = parse_arn(resource)
        return arn.account or self.buckets.get(arn.resource.partition("/")[0], "")


def _circumstances(caller: Arn, role: Arn) -> dict[str, str]:
    """What the local AWS puts into a request beside what the caller implies: a session says that it has no MFA.

    It says nothing of a role's tags.
    """
    session = {"aws:MultiFactorAuthPresent": "false"} if caller.kind == "role" else {}
    return {"aws:SourceIp": "127.0.0.1", "aws:ResourceAccount": role.account, **session}


def _agree(judged: Verdict, tried: Outcome, what: str) -> None:
    if judged.outcome not in (tried, "undetermined"):
        raise Disagreement(
            f"{what}: the local AWS says {tried}, we judged {judged.outcome} "
            f"({judged.message}); this is an error of ours, please report it"
        )


def _request(test: AccessTest) -> AssumeRequest:
    context = {key.lower(): value for key, value in test.context.items()}
    return AssumeRequest(
        test.role_arn,
        _single(context, SESSION_NAME_KEY) or DEFAULT_SESSION_NAME,
        _single(context, EXTERNAL_ID_KEY),
        test.session.tags,
    )


def _single(context: Mapping[str, Any], key: str) -> str | None:
    values = as_list(context.get(key.lower()))
    return str(values[0]) if values else None
