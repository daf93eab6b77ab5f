"""One access test, tried where the local AWS can try it and judged where it cannot, never one passed off as the other.

The local AWS knows neither MFA nor source identity nor organisations, and callers come from 127.0.0.1 now. So a test is
tried only if its verdict is the same in the circumstances that the local AWS has; then the real answer must agree with
the judged one, and if it does not, we are wrong and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from crossaccount.access.access_tests import AccessTest
from crossaccount.access.context import DEFAULT_SESSION_NAME, SESSION_NAME_KEY
from crossaccount.access.estate import Estate
from crossaccount.access.evaluate import judge_assume
from crossaccount.access.results import TestResult, ThenResult
from crossaccount.access.verdict import Outcome
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.documents import as_list
from crossaccount.local.clients import Aws, Credentials
from crossaccount.rehearsal.callers import AssumeRequest, Caller
from crossaccount.rehearsal.service_calls import allowed, can_be_tried

EXTERNAL_ID_KEY = "sts:ExternalId"
_PASSED_ON = (EXTERNAL_ID_KEY.lower(), SESSION_NAME_KEY.lower())
_CALLERS_COME_FROM = {"aws:SourceIp": "127.0.0.1"}


class Disagreement(Exception):
    """The local AWS answered otherwise than we judged: one of us evaluates IAM wrongly."""


class Callers(Protocol):
    """Who can call, and the roots that make what a call needs."""

    def caller(self, principal_arn: str) -> Caller | None: ...
    def root(self, account_id: str) -> Aws: ...


@dataclass(frozen=True)
class Trial:
    """Tries judged results on the local AWS at ``endpoint``."""

    callers: Callers
    estate: Estate
    endpoint: str
    clock: Callable[[], datetime]

    def of(self, judged: TestResult) -> TestResult:
        """``judged`` with what was tried in place of what was judged, as far as it can be tried.

        Raises:
            Disagreement: tried and judged differ.
            AssumeFailed, CallFailed: a call failed for another reason than permissions.
        """
        test = judged.test
        caller = self.callers.caller(test.principal_arn) if self._same_here(judged) else None
        if caller is None:
            return judged
        credentials = caller.assume(_request(test))
        outcome: Outcome = "denied" if credentials is None else "allowed"
        if judged.verdict.outcome not in (outcome, "undetermined"):
            raise Disagreement(
                f"{test.name}: the local AWS says {outcome}, we judged {judged.verdict.outcome} "
                f"({judged.verdict.message}); this is an error of ours, please report it"
            )
        then = tuple(self._then(item, judged, credentials) for item in judged.then) if credentials else judged.then
        return replace(judged, actual=outcome, mode="tried", then=then)

    def _same_here(self, judged: TestResult) -> bool:
        """Whether the test means the same in the circumstances of the local AWS."""
        test = judged.test
        if test.session.source_identity is not None:
            return False
        context = {key: value for key, value in test.context.items() if key.lower() in _PASSED_ON}
        here = judge_assume(
            self.estate,
            test.principal_arn,
            test.role_arn,
            {**context, **_CALLERS_COME_FROM},
            session=test.session,
            now=self.clock(),
        )
        return here.outcome == judged.verdict.outcome

    def _then(self, item: ThenResult, judged: TestResult, credentials: Credentials) -> ThenResult:
        test = item.test
        if test.context or not can_be_tried(test.action):
            return item
        account = parse_arn(judged.test.role_arn).account
        root = self.callers.root(account)
        session = Aws(self.endpoint, credentials, root.region)
        owner = self._owner(test.resource, root)
        outcome: Outcome = "allowed" if allowed(session, owner, test.action, test.resource) else "denied"
        return replace(item, actual=outcome, mode="tried")

    def _owner(self, resource: str, root: Aws) -> Aws:
        """The root of the account that owns ``resource``: the role's, unless the ARN names another."""
        account = parse_arn(resource).account if resource.startswith("arn:") else ""
        return self.callers.root(account) if account else root


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
