"""One access test, tried where the local AWS can try it and judged elsewhere; the result says which.

The local AWS knows an organisation only if the project has one, and a source identity only of a provider's users.
Callers come from 127.0.0.1 now; a user who signs in with MFA has just done so. Date conditions are evaluated at the
time that a test names. So a test is tried only if its verdict is the same in the local AWS's circumstances. Then the
real answer must agree with the judged one; if it does not, the evaluator is wrong, and :class:`Disagreement` says so. A
principal or role that does not exist is not tried: AWS would answer a misspelt role with AccessDenied, and a test that
it stays closed would pass.

What a session may do is tried by one real call for each action. ``SERVICE_CALLS`` lists the actions that can be tried
and what must exist before, which the account's root makes. Other actions are judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
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
from crossaccount.iam.problem import OperationFailed
from crossaccount.local.clients import Aws, Credentials
from crossaccount.local.handlers.errors import aws_words
from crossaccount.local.hardening.tokens import passed_claims
from crossaccount.rehearsal.callers import NAMES, AssumeFailed, AssumeRequest, Caller, TokenRefused

DENIED = re.compile(r"AccessDenied|UnauthorizedOperation|AllAccessDisabled")
EXISTS = re.compile(r"BucketAlready")
"""S3 looks for a bucket of the name only once the call is allowed."""
ANYTHING = Arn("aws", "*", "", "", "*")


class CallFailed(OperationFailed):
    """A call failed for another reason than permissions, so it proves nothing."""


@dataclass(frozen=True)
class ServiceCall:
    """How one action is tried. ``prepare`` makes what the call needs, ``call`` is the call itself.

    ``on_resource``: the call is about the resource that the ARN names, not about the account.
    """

    call: Callable[[Aws, Arn], Any]
    prepare: Callable[[Aws, Arn], Any] | None = None
    on_resource: bool = True


def _bucket(arn: Arn) -> str:
    return arn.resource.split("/", 1)[0]


def _object(arn: Arn) -> dict[str, Any]:
    bucket, _, key = arn.resource.partition("/")
    return {"Bucket": bucket, "Key": key or "object"}


def _make_object(root: Aws, arn: Arn) -> None:
    root.s3.put_object(**_object(arn), Body=b"rehearsal")


def _queue_url(root: Aws, arn: Arn) -> str:
    return root.sqs.create_queue(QueueName=arn.resource)["QueueUrl"]


def _on_queue(method: str, **arguments: Any) -> Callable[[Aws, Arn], Any]:
    def call(aws: Aws, arn: Arn) -> Any:
        return getattr(aws.sqs, method)(QueueUrl=f"{aws.endpoint}/{arn.account}/{arn.resource}", **arguments)

    return call


def _location(aws: Aws) -> dict[str, Any]:
    return {} if aws.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}


def _of_account(service: str, method: str) -> ServiceCall:
    return ServiceCall(lambda aws, _: getattr(aws.client(service), method)(), on_resource=False)


SERVICE_CALLS: dict[str, ServiceCall] = {
    "s3:ListAllMyBuckets": _of_account("s3", "list_buckets"),
    "s3:ListBucket": ServiceCall(lambda aws, arn: aws.s3.list_objects_v2(Bucket=_bucket(arn))),
    "s3:GetBucketLocation": ServiceCall(lambda aws, arn: aws.s3.get_bucket_location(Bucket=_bucket(arn))),
    "s3:CreateBucket": ServiceCall(lambda aws, arn: aws.s3.create_bucket(Bucket=_bucket(arn), **_location(aws))),
    "s3:GetObject": ServiceCall(lambda aws, arn: aws.s3.get_object(**_object(arn)), _make_object),
    "s3:PutObject": ServiceCall(lambda aws, arn: aws.s3.put_object(**_object(arn), Body=b"rehearsal")),
    "s3:DeleteObject": ServiceCall(lambda aws, arn: aws.s3.delete_object(**_object(arn)), _make_object),
    "sqs:CreateQueue": ServiceCall(lambda aws, arn: aws.sqs.create_queue(QueueName=arn.resource)),
    "sqs:ListQueues": _of_account("sqs", "list_queues"),
    "sqs:SendMessage": ServiceCall(_on_queue("send_message", MessageBody="rehearsal"), _queue_url),
    "sqs:ReceiveMessage": ServiceCall(_on_queue("receive_message"), _queue_url),
    "sqs:GetQueueAttributes": ServiceCall(_on_queue("get_queue_attributes", AttributeNames=["All"]), _queue_url),
    "ec2:DescribeInstances": _of_account("ec2", "describe_instances"),
    "ec2:DescribeRegions": _of_account("ec2", "describe_regions"),
    "ec2:DescribeVpcs": _of_account("ec2", "describe_vpcs"),
    "iam:CreateUser": ServiceCall(lambda aws, arn: aws.iam.create_user(UserName=arn.name, Path=arn.path)),
    "iam:ListRoles": _of_account("iam", "list_roles"),
    "iam:ListUsers": _of_account("iam", "list_users"),
    "cloudformation:ListStacks": _of_account("cloudformation", "list_stacks"),
    "cloudwatch:ListMetrics": _of_account("cloudwatch", "list_metrics"),
    "events:ListRules": _of_account("events", "list_rules"),
    "lambda:ListFunctions": _of_account("lambda", "list_functions"),
    "secretsmanager:ListSecrets": _of_account("secretsmanager", "list_secrets"),
}


def can_be_tried(action: str, resource: str) -> bool:
    """Whether there is a call for ``action``, and ``resource`` is something that it can be about."""
    service_call = SERVICE_CALLS.get(action)
    if service_call is None:
        return False
    return not service_call.on_resource or resource.startswith(f"arn:aws:{action.partition(':')[0]}:")


def allowed(session: Aws, root: Aws, action: str, resource: str) -> bool:
    """Whether ``session`` may do ``action`` on ``resource``, an ARN (ignored by actions without a resource).

    ``root`` is the root of the resource's account and makes what the call needs.

    Raises:
        CallFailed: neither allowed nor denied, such as a bucket that is not there.
    """
    from botocore.exceptions import ClientError

    service_call = SERVICE_CALLS[action]
    arn = parse_arn(resource) if service_call.on_resource else ANYTHING
    try:
        if service_call.prepare is not None:
            service_call.prepare(root, arn)
    except ClientError as error:
        raise CallFailed(f"cannot prepare {action} on {resource}: {aws_words(error)}") from error
    try:
        service_call.call(session, arn)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if DENIED.search(code) or error.response["ResponseMetadata"]["HTTPStatusCode"] == 403:
            return False
        if not EXISTS.search(code):
            raise CallFailed(f"{action} on {resource}: {aws_words(error)}") from error
    return True


EXTERNAL_ID_KEY = "sts:ExternalId"
_PASSED_ON = (EXTERNAL_ID_KEY.lower(), SESSION_NAME_KEY.lower())


class Disagreement(OperationFailed):
    """The local AWS and the evaluator disagree: one of them evaluates IAM wrongly."""


class Callers(Protocol):
    """Who can call, and the roots that make what a call needs."""

    def caller(self, principal_arn: str, *, mfa: bool = False) -> Caller | None: ...
    def root(self, account_id: str) -> Aws: ...
    def implied(self, principal_arn: str) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class Trial:
    """Tries judged results on the local AWS at ``endpoint``. ``buckets`` are the owners of buckets, as account IDs."""

    callers: Callers
    estate: Estate
    endpoint: str
    clock: Callable[[], datetime]
    buckets: Mapping[str, str] = field(default_factory=dict)
    at: Callable[[datetime | None], AbstractContextManager[object]] = lambda _: nullcontext()
    """Sets the time at which the local AWS evaluates date conditions; None for the present."""
    stand_ins: bool = False
    """Whether the local AWS has stand-ins for unknown policies. Undetermined results then stay undetermined."""

    def of(self, judged: TestResult) -> TestResult:
        """``judged`` with what was tried in place of what was judged, as far as it can be tried.

        Raises:
            Disagreement: tried and judged differ.
            AssumeFailed, CallFailed: a call failed for another reason than permissions.
        """
        test = judged.test
        if test.reach:
            return judged  # a call proves one way, not that there is no other
        if self.stand_ins and judged.verdict.outcome == "undetermined":
            return judged
        exists = self._may_call(test) and test.role_arn in self.estate.roles
        try:
            here = exists and self._same_here(judged)
            caller = self._caller(test) if here else None
            if caller is None:
                return judged
            with self.at(test.at):
                credentials = _assumed(caller, judged)
                outcome: Outcome = "denied" if credentials is None else "allowed"
                _agree(judged.verdict, outcome, test.name)
                items = judged.then
                then = tuple(self._then(item, judged, credentials) for item in items) if credentials else items
        except (AssumeFailed, CallFailed) as error:
            raise type(error)(f"{test.name}: {error}") from error
        return replace(judged, actual=outcome, mode="tried", then=then)

    def _caller(self, test: AccessTest) -> Caller | None:
        if _with_mfa(test):
            return self.callers.caller(test.principal_arn, mfa=True)
        return self.callers.caller(test.principal_arn)

    def _may_call(self, test: AccessTest) -> bool:
        """Whether the principal exists, or is a provider whose token or assertion the test describes."""
        if (prefix := _prefix(test)) is None:
            return self.estate.principal(test.principal_arn) is not None
        needed = {"saml:aud"} if prefix == "saml" else {f"{prefix}:aud", f"{prefix}:sub"}
        return needed <= {key.lower() for key in test.context}

    def _same_here(self, judged: TestResult) -> bool:
        """Whether the test has the same verdict in the circumstances of the local AWS."""
        test = judged.test
        identity = test.session.source_identity is not None and _prefix(test) is None
        if identity or test.session.provided_context:
            return False
        passed = {*_PASSED_ON, *_claim_keys(test)}
        context = {key: value for key, value in test.context.items() if key.lower() in passed}
        here = judge_assume(
            self.estate,
            test.principal_arn,
            test.role_arn,
            {
                **dict.fromkeys(self._unknown_of(test.role_arn), ()),
                **self.callers.implied(test.principal_arn),
                **{key.lower(): value for key, value in context.items()},
                **_circumstances(parse_arn(test.principal_arn), parse_arn(test.role_arn)),
                **(_MFA if _with_mfa(test) else {}),
            },
            session=test.session,
            now=test.at or self.clock(),
        )
        return here.outcome == judged.verdict.outcome

    def _unknown_of(self, role_arn: str) -> Iterator[str]:
        """The keys of requests for a role that the local AWS does not know: its tags, and perhaps its place."""
        for key in self.estate.roles[role_arn].resource_keys:
            if self.estate.members is None or not key.startswith("aws:resourceorg"):
                yield key

    def _then(self, item: ThenResult, judged: TestResult, credentials: Credentials) -> ThenResult:
        test = item.test
        if self.stand_ins and item.verdict.outcome == "undetermined":
            return item
        if test.context or not can_be_tried(test.action, test.resource) or not self._then_same_here(item, judged):
            return item
        account = parse_arn(judged.test.role_arn).account
        owner = self._owner(test.resource) or account
        session = Aws(self.endpoint, credentials, self.callers.root(account).region)
        may = allowed(session, self.callers.root(owner), test.action, test.resource)
        outcome: Outcome = "allowed" if may else "denied"
        if owner == account:
            # No estate has the resource policies of other accounts.
            _agree(item.verdict, outcome, f"{judged.test.name}, then {test.action} on {test.resource}")
        return replace(item, actual=outcome, mode="tried")

    def _then_same_here(self, item: ThenResult, judged: TestResult) -> bool:
        """Whether the verdict on the session's action is the same in the local AWS, for any owner of the resource."""
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
                now=judged.test.at or self.clock(),
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
    """What the local AWS adds to a request, besides what the caller implies: a session has no MFA.

    It says nothing of a role's tags.
    """
    session = {"aws:MultiFactorAuthPresent": "false"} if caller.kind == "role" else {}
    return {"aws:SourceIp": "127.0.0.1", "aws:ResourceAccount": role.account, **session}


_MFA = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "1"}
"""The context of a session that was made with an MFA code a moment ago."""


def _with_mfa(test: AccessTest) -> bool:
    """Whether a user signs in with MFA for the test."""
    given = {key.lower(): as_list(value) for key, value in test.context.items()}
    present = given.get("aws:multifactorauthpresent")
    return ":user/" in test.principal_arn and present == ["true"]


def _assumed(caller: Caller, judged: TestResult) -> Credentials | None:
    """The session's credentials. If a denial is expected, a refused token counts as one."""
    try:
        return caller.assume(_request(judged.test))
    except TokenRefused:
        if judged.verdict.outcome == "denied":
            return None
        raise


def _prefix(test: AccessTest) -> str | None:
    """How the condition keys of a test's identity provider begin, in lower case; None for other principals."""
    if ":saml-provider/" in test.principal_arn:
        return "saml"
    _, found, host = test.principal_arn.partition(":oidc-provider/")
    return host.lower() if found else None


_OF_ASSERTIONS = frozenset({"aud", "sub", "sub_type", *NAMES})


def _claim_keys(test: AccessTest) -> Mapping[str, str]:
    """What a token or an assertion may carry to the local AWS, by its condition key in lower case."""
    prefix = _prefix(test)
    if prefix is None:
        return {}
    claims = _OF_ASSERTIONS if prefix == "saml" else passed_claims(prefix)
    return {f"{prefix}:{claim}".lower(): claim for claim in claims}


def _agree(judged: Verdict, tried: Outcome, what: str) -> None:
    if judged.outcome not in (tried, "undetermined"):
        raise Disagreement(
            f"{what}: the local AWS says {tried}, we judged {judged.outcome} "
            f"({judged.message}); this is a fault of crossaccount, please report it"
        )


def _request(test: AccessTest) -> AssumeRequest:
    context = {key.lower(): value for key, value in test.context.items()}
    claims = {claim: context[key] for key, claim in _claim_keys(test).items() if key in context}
    return AssumeRequest(
        test.role_arn,
        _single(context, SESSION_NAME_KEY) or DEFAULT_SESSION_NAME,
        _single(context, EXTERNAL_ID_KEY),
        test.session.tags,
        claims or None,
        test.session.transitive,
        test.session.source_identity,
    )


def _single(context: Mapping[str, Any], key: str) -> str | None:
    values = as_list(context.get(key.lower()))
    return str(values[0]) if values else None
