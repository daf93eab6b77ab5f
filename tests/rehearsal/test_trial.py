"""One access test: when it is tried, what is asked, and that tried and judged never disagree in silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from crossaccount.access.access_tests import parse_access_tests
from crossaccount.access.access_tests.results import TestResult, run_judged
from crossaccount.access.estate import Estate
from crossaccount.local.clients import Aws, Credentials
from crossaccount.rehearsal import trial
from crossaccount.rehearsal.callers import AssumeFailed, AssumeRequest, Caller, TokenRefused
from crossaccount.rehearsal.trial import CallFailed, Disagreement, Trial

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
NOWHERE = "http://127.0.0.1:1"
SESSION = Credentials("ASIA", "secret", "token")
ACCOUNTS = {"auth": "111111111111", "workload": "222222222222"}
EVERYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
TAGGED_BLUE = {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue"}}}

ON_RED_ROLES = {
    "Effect": "Allow",
    "Action": "*",
    "Resource": "*",
    "Condition": {"StringEquals": {"aws:ResourceTag/t": "red"}},
}


def _role(name: str, **condition: Any) -> Mapping[str, Any]:
    """A role that everybody in 111111111111 may assume, and whose sessions may do everything on a condition."""
    trust = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
    }
    may = {**EVERYTHING, "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", **condition}}
    return {
        "RoleName": name,
        "Arn": f"arn:aws:iam::222222222222:role/{name}",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": trust},
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": may}],
    }


DETAILS: Mapping[str, Any] = {
    "UserDetailList": [
        {
            "UserName": "bo",
            "Arn": "arn:aws:iam::111111111111:user/bo",
            "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": EVERYTHING}],
        },
        {"UserName": "al", "Arn": "arn:aws:iam::111111111111:user/al"},
        {
            "UserName": "cy",
            "Arn": "arn:aws:iam::111111111111:user/cy",
            "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {**EVERYTHING, "Statement": ON_RED_ROLES}}],
        },
    ],
    "RoleDetailList": [
        _role("R"),
        _role("Blue", **TAGGED_BLUE),
        {
            "RoleName": "Ci",
            "Arn": "arn:aws:iam::222222222222:role/Ci",
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Principal": {"Federated": "arn:aws:iam::222222222222:oidc-provider/gitlab.com"},
                    "Condition": {"StringEquals": {"gitlab.com:sub": "s", "gitlab.com:project_id": "7"}},
                },
            },
        },
        {
            "RoleName": "Staff",
            "Arn": "arn:aws:iam::222222222222:role/Staff",
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity"],
                    "Principal": {"Federated": "arn:aws:iam::222222222222:saml-provider/corp"},
                    "Condition": {"StringEquals": {"SAML:iss": "https://idp.example.com"}},
                },
            },
        },
        {**_role("Red"), "Tags": [{"Key": "t", "Value": "red"}]},
    ],
}


@dataclass
class _Answering:
    """A caller whom AWS answers the same whatever is asked, and everybody's root."""

    answer: Credentials | Exception | None = SESSION
    asked: list[AssumeRequest] = field(default_factory=list)
    made: list[str] = field(default_factory=list)

    def assume(self, request: AssumeRequest) -> Credentials | None:
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def caller(self, principal_arn: str) -> Caller | None:
        self.made.append(principal_arn)
        return self

    def implied(self, principal_arn: str) -> Mapping[str, str]:
        return {"saml:iss": "https://idp.example.com", "saml:sub": "rehearsal"} if "saml" in principal_arn else {}

    def root(self, account_id: str) -> Aws:
        return Aws(NOWHERE, Credentials(account_id, "local"))


def _try(callers: _Answering, buckets: Mapping[str, str] | None = None, **test: Any) -> TestResult:
    """Judge one test of bo on R, then try it."""
    written = {"principal": "auth/user/bo", "role": "workload/role/R", "expect": "allowed", **test}
    estate = Estate.from_details([DETAILS])
    judged = run_judged(parse_access_tests({"tests": [written]}, ACCOUNTS), estate, NOW)[0]
    return Trial(callers, estate, NOWHERE, lambda: NOW, buckets or {}).of(judged)


def test_what_aws_answers_is_the_result() -> None:
    result = _try(_Answering(SESSION))
    assert (result.actual, result.mode, result.ok) == ("allowed", "tried", True)


def test_a_denial_is_a_result_as_well() -> None:
    result = _try(_Answering(None), principal="auth/user/al", expect="denied", because="no-grant")
    assert (result.actual, result.mode, result.ok) == ("denied", "tried", True)


def test_the_request_is_what_the_test_says() -> None:
    callers = _Answering()
    context = {"sts:externalid": "abc", "STS:RoleSessionName": "on-call", "aws:RequestedRegion": "us-east-1"}
    _try(callers, context=context, session={"tags": {"team": "blue"}})
    assert callers.asked == [AssumeRequest("arn:aws:iam::222222222222:role/R", "on-call", "abc", {"team": "blue"})]


def test_the_request_is_named_after_us_and_carries_nothing_else_unless_asked() -> None:
    callers = _Answering()
    _try(callers)
    assert [request.arguments() for request in callers.asked] == [
        {"RoleArn": "arn:aws:iam::222222222222:role/R", "RoleSessionName": "crossaccount"}
    ]


def test_what_depends_on_a_role_s_tags_is_judged_because_the_local_aws_does_not_say_them() -> None:
    callers = _Answering(answer=None)
    result = _try(callers, principal="auth/user/cy", role="workload/role/Red")
    assert (result.actual, result.mode, callers.asked) == ("allowed", "judged", [])


def test_a_context_is_judged_because_the_local_aws_takes_none() -> None:
    callers = _Answering()
    result = _try(callers, session={"context": {"identitystore:UserId": "u-1"}}, expect="denied")
    assert (result.actual, result.mode, callers.asked) == ("denied", "judged", [])


def test_a_source_identity_is_judged_because_the_local_aws_has_none() -> None:
    callers = _Answering()
    result = _try(callers, session={"source_identity": "bo"}, expect="denied")
    assert (result.mode, callers.asked) == ("judged", [])


@pytest.mark.parametrize(
    "test",
    [{"principal": "auth/user/nobody"}, {"role": "workload/role/Nothing"}, {"principal": "999999999999/role/R"}],
)
def test_who_does_not_exist_is_not_tried_and_fails_the_test(test: dict[str, str]) -> None:
    """AWS denies a misspelt role as well; a test that it stays closed would pass."""
    callers = _Answering(None)
    result = _try(callers, **test, expect="denied")
    assert (result.actual, result.mode, result.ok) == ("undetermined", "judged", False)
    assert callers.made == []


@pytest.mark.parametrize(
    ("answer", "principal", "said"),
    [
        (None, "auth/user/bo", "the local AWS says denied, we judged allowed"),
        (SESSION, "auth/user/al", "the local AWS says allowed, we judged denied"),
    ],
)
def test_tried_and_judged_disagree_aloud(answer: Credentials | None, principal: str, said: str) -> None:
    with pytest.raises(Disagreement, match=f"^test of ours: {said}"):
        _try(_Answering(answer), principal=principal, name="test of ours")


def test_a_call_that_fails_for_another_reason_names_the_test() -> None:
    with pytest.raises(AssumeFailed, match=r"^test of ours: no such thing$"):
        _try(_Answering(AssumeFailed("no such thing")), name="test of ours")


class TestThen:
    """What the session may do."""

    OWN = "arn:aws:s3:::bucket/x"

    @pytest.fixture
    def roots(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """S3 allows everything; whose root is asked to make what a call needs."""
        asked: list[str] = []

        def allowed(session: Aws, root: Aws, _: str, resource: str) -> bool:
            if resource.endswith("missing"):
                raise CallFailed("no such bucket")
            assert session.credentials == SESSION
            asked.append(root.credentials.access_key_id)
            return True

        monkeypatch.setattr(trial, "allowed", allowed)
        return asked

    def _item(self, resource: str = OWN, **more: Any) -> dict[str, Any]:
        return {"action": "s3:GetObject", "resource": resource, "expect": "allowed", **more}

    @pytest.mark.usefixtures("roots")
    def test_it_is_tried_with_the_session(self) -> None:
        result = _try(_Answering(), then=[self._item()])
        assert [(item.actual, item.mode) for item in result.then] == [("allowed", "tried")]

    @pytest.mark.usefixtures("roots")
    def test_what_depends_on_the_sessions_tags_is_tried_with_them(self) -> None:
        tags = {"session": {"tags": {"team": "blue"}}}
        result = _try(_Answering(), role="workload/role/Blue", then=[self._item()], **tags)
        assert [(item.actual, item.mode) for item in result.then] == [("allowed", "tried")]

    @pytest.mark.parametrize(
        ("resource", "root"),
        [
            (OWN, "222222222222"),
            ("arn:aws:s3:::foreign/x", "333333333333"),
        ],
    )
    def test_what_it_needs_is_made_by_the_owner(self, roots: list[str], resource: str, root: str) -> None:
        _try(_Answering(), {"foreign": "333333333333"}, then=[self._item(resource)])
        assert roots == [root]

    @pytest.mark.parametrize(
        "item",
        [
            {"action": "kms:ListKeys", "resource": "*"},
            {"action": "s3:GetObject", "resource": "*"},
            {"action": "s3:GetObject", "resource": "arn:aws:sqs:us-east-1:222222222222:q"},
            {"action": "s3:GetObject", "resource": OWN, "context": {"aws:SourceIp": "203.0.113.7"}},
        ],
    )
    def test_what_cannot_be_tried_is_judged(self, roots: list[str], item: dict[str, Any]) -> None:
        result = _try(_Answering(), then=[{**item, "expect": "allowed"}])
        assert [each.mode for each in result.then] == ["judged"]
        assert roots == []

    @pytest.mark.usefixtures("roots")
    def test_without_a_session_nothing_is_tried(self) -> None:
        result = _try(_Answering(), session={"source_identity": "bo"}, then=[self._item()])
        assert [each.mode for each in result.then] == ["judged"]

    def test_tried_and_judged_disagree_aloud(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trial, "allowed", lambda *_: False)
        with pytest.raises(Disagreement, match="then s3:GetObject on arn:aws:s3:::bucket/x: the local AWS says denied"):
            _try(_Answering(), then=[self._item()])

    def test_another_account_may_keep_its_own_closed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trial, "allowed", lambda *_: False)
        result = _try(_Answering(), {"bucket": "333333333333"}, then=[self._item()])
        assert [(item.actual, item.mode) for item in result.then] == [("denied", "tried")]

    @pytest.mark.usefixtures("roots")
    def test_a_call_that_fails_names_the_test(self) -> None:
        with pytest.raises(CallFailed, match=r"^test of ours: no such bucket$"):
            _try(_Answering(), then=[self._item("arn:aws:s3:::missing")], name="test of ours")


def test_a_test_without_a_caller_is_judged() -> None:
    class Nobody(_Answering):
        def caller(self, principal_arn: str) -> Caller | None:
            del principal_arn

    assert _try(Nobody()).mode == "judged"


PIPELINE = {"principal": "workload/oidc-provider/gitlab.com", "role": "workload/role/Ci"}
CLAIMS = {"gitlab.com:aud": "a", "gitlab.com:sub": "s", "gitlab.com:project_id": "7"}


def test_a_provider_calls_with_the_claims_of_the_test() -> None:
    callers = _Answering()
    result = _try(callers, **PIPELINE, context={**CLAIMS, "gitlab.com:unknown": "x", "aws:SourceIp": "198.51.100.1"})
    assert (result.actual, result.mode) == ("allowed", "tried")
    assert callers.asked[0].claims == {"aud": "a", "sub": "s", "project_id": "7"}


@pytest.mark.parametrize("missing", ["gitlab.com:aud", "gitlab.com:sub"])
def test_without_audience_or_subject_there_is_no_token(missing: str) -> None:
    context = {key: value for key, value in CLAIMS.items() if key != missing}
    result = _try(_Answering(None), **PIPELINE, context=context, expect="denied")
    assert result.mode == "judged"


def test_a_token_that_aws_does_not_take_is_a_denial_where_one_is_judged() -> None:
    context = {**CLAIMS, "gitlab.com:sub": "other"}
    result = _try(_Answering(TokenRefused("audience")), **PIPELINE, context=context, expect="denied")
    assert (result.actual, result.mode, result.ok) == ("denied", "tried", True)


def test_a_token_that_aws_does_not_take_is_an_error_where_it_should_get_in() -> None:
    with pytest.raises(TokenRefused, match="Incorrect token audience"):
        _try(_Answering(TokenRefused("Incorrect token audience")), **PIPELINE, context=CLAIMS)


PERSON = {"principal": "workload/saml-provider/corp", "role": "workload/role/Staff"}
SIGN_IN = {"SAML:aud": "https://signin.aws.amazon.com/saml"}


def test_a_person_calls_with_what_the_test_says_of_the_assertion() -> None:
    """The issuer is the provider's own, so the condition on it is met without the test."""
    callers = _Answering()
    context = {**SIGN_IN, "SAML:iss": "https://idp.example.com", "SAML:eduPersonAffiliation": ["staff"]}
    session = {"tags": {"team": "red"}, "transitive_tag_keys": ["team"], "source_identity": "ann"}
    result = _try(callers, **PERSON, context=context, session=session)
    assert (result.actual, result.mode) == ("allowed", "tried")
    asked = callers.asked[0]
    assert asked.claims == {"aud": SIGN_IN["SAML:aud"], "edupersonaffiliation": ["staff"]}
    assert (asked.tags, asked.transitive, asked.source_identity) == ({"team": "red"}, ("team",), "ann")


@pytest.mark.parametrize(
    ("context", "expect"),
    [
        ({}, "denied"),  # no audience, so no assertion
        ({**SIGN_IN, "SAML:iss": "https://other.example.com"}, "denied"),  # which the provider does not have
        ({**SIGN_IN}, "denied"),  # judged without an issuer, which every assertion has
    ],
)
def test_an_assertion_that_the_provider_would_not_make_is_judged(context: dict[str, Any], expect: str) -> None:
    assert _try(_Answering(None), **PERSON, context=context, expect=expect).mode == "judged"


def test_a_source_identity_of_a_user_is_judged() -> None:
    assert _try(_Answering(None), session={"source_identity": "bo"}, expect="denied").mode == "judged"
