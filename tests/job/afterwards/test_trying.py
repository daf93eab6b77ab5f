"""How access tests are tried: again while IAM spreads a change, and not at all where a call would say nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crossaccount.access.access_tests import AccessTest, parse_access_tests
from crossaccount.job.afterwards.trying import Callers, NoCaller, Tried, Trier
from crossaccount.job.sign_in.stack_credentials import StackCredentials
from crossaccount.settings import load_settings
from tests.settings.conftest import BASE

BO, ROLE = "arn:aws:iam::111111111111:user/bo", "arn:aws:iam::222222222222:role/R"
ACCOUNTS = {"auth": "111111111111", "workload": "222222222222"}


def denied(code: str = "AccessDenied") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{code}: no"}}, "AssumeRole")


@dataclass
class Clock:
    """Time that passes only by sleeping."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds


@dataclass
class Sts:
    """Answers one after the other, the last again and again; an error is raised."""

    answers: list[Exception | None]
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    @contextmanager
    def signed_as(self, how: StackCredentials) -> Iterator[None]:
        del how
        yield

    def client(self, service: str, how: StackCredentials) -> Sts:
        del service, how
        return self

    def assume_role(self, **arguments: Any) -> None:
        answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(arguments)
        if answer is not None:
            raise answer


@dataclass
class Known:
    """Callers for everybody but ``nobody``."""

    def credentials(self, principal: str) -> StackCredentials:
        if "nobody" in principal:
            raise NoCaller("there is no key")
        return StackCredentials()


def access_test(**given: Any) -> AccessTest:
    test = {"principal": "auth/user/bo", "role": "workload/role/R", "expect": "allowed", **given}
    return parse_access_tests({"tests": [test]}, ACCOUNTS).tests[0]


def tried(
    sts: Sts, test: AccessTest, wait: float = 60.0, exported: tuple[str, ...] = (BO, ROLE)
) -> tuple[Tried, Clock]:
    """The one result, and the clock."""
    clock = Clock()
    trier = Trier(Known(), sts, frozenset(exported), clock, wait)  # type: ignore[arg-type]
    (found,) = trier.run([test])
    return found, clock


def test_a_path_that_works_at_once_is_tried_once() -> None:
    found, clock = tried(Sts([None]), access_test())
    assert (found.outcome, found.attempts, clock.now) == ("works", 1, 0.0)


def test_a_new_path_is_tried_until_iam_knows_of_it() -> None:
    found, clock = tried(Sts([denied(), denied("InvalidClientTokenId"), None]), access_test())
    assert (found.outcome, found.attempts, clock.now) == ("works", 3, 3.0)


def test_a_path_that_is_gone_is_tried_until_it_stops() -> None:
    found, _ = tried(Sts([None, None, denied()]), access_test(expect="denied"))
    assert (found.outcome, found.attempts) == ("works", 3)


def test_after_the_time_is_up_it_does_not_work_and_aws_says_why() -> None:
    found, clock = tried(Sts([denied()]), access_test(), wait=20.0)
    assert (found.outcome, found.said, clock.now) == ("does not", "AccessDenied: no", 20.0)


def test_a_call_that_fails_otherwise_is_no_denial() -> None:
    found, _ = tried(Sts([denied("ValidationError")]), access_test(expect="denied"), wait=0.0)
    assert (found.outcome, found.said) == ("does not", "ValidationError: no")


def test_the_call_carries_what_the_test_says() -> None:
    sts = Sts([None])
    context = {"sts:ExternalId": "x", "sts:RoleSessionName": "bo"}
    tried(sts, access_test(context=context, session={"tags": {"a": "b"}, "source_identity": "bo"}))
    assert sts.asked == [
        {
            "RoleArn": ROLE,
            "RoleSessionName": "bo",
            "DurationSeconds": 900,
            "ExternalId": "x",
            "Tags": [{"Key": "a", "Value": "b"}],
            "SourceIdentity": "bo",
        }
    ]


@pytest.mark.parametrize(
    ("given", "exported", "why"),
    [
        ({"context": {"aws:MultiFactorAuthPresent": "true"}}, (BO, ROLE), "cannot carry aws:MultiFactorAuthPresent"),
        ({"expect": "denied"}, (BO,), "no updated stack exports its role"),
        ({"principal": "auth/user/mallory"}, (BO, ROLE), "no updated stack exports its principal"),
        ({"principal": "auth/role/nobody"}, (BO, ROLE), "there is no key"),
    ],
)
def test_what_a_call_from_here_would_not_show_is_not_tried(
    given: Mapping[str, Any], exported: tuple[str, ...], why: str
) -> None:
    sts = Sts([None])
    found, _ = tried(sts, access_test(**given), exported=exported)
    assert (found.outcome, found.attempts, sts.asked) == ("not tried", 0, [])
    assert why in found.said


@dataclass
class Stored:
    """Secrets Manager and STS of an account on AWS whose secrets are by name."""

    secrets: Mapping[str, str]
    local: bool = False

    class exceptions:  # noqa: N801 (boto3's name)
        class ResourceNotFoundException(Exception):
            pass

    def credentials(self, stack: str) -> StackCredentials:
        del stack
        return StackCredentials()

    @contextmanager
    def signed_in(self, stack: str) -> Iterator[Any]:
        del stack
        yield lambda _: self

    def get_caller_identity(self) -> Mapping[str, str]:
        return {"Arn": "arn:aws:iam::111111111111:root"}

    def get_secret_value(self, SecretId: str) -> Mapping[str, str]:  # noqa: N803 (boto3's name)
        return {"SecretString": json.dumps({"access_key_id": self.secrets[SecretId], "secret_access_key": "s"})}


def key_of(user: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
    """The access key with which tests are tried as bo."""
    config = {**BASE, "crossaccount:trusted": {"users": {"bo": user}}}
    callers = Callers(Stored(secrets), {"111111111111": "auth"}, {"auth": load_settings(config, root=None)})  # type: ignore[arg-type]
    keys = callers.credentials(BO).keys
    assert keys is not None
    return keys[0]


STORE = {"store": "secretsmanager"}


def test_a_user_calls_with_an_active_key_that_its_stack_stored() -> None:
    secret = "crossaccount/user/bo/access-key"
    assert key_of({"access_key": STORE}, {secret: "AKIA1"}) == "AKIA1"
    rotating = {"access_keys": {"old": {**STORE, "status": "Inactive"}, "new": STORE}}
    assert key_of(rotating, {f"{secret}/new": "AKIA2", f"{secret}/old": "AKIA1"}) == "AKIA2"
    sealed = {"access_keys": {"old": {"pgp": "keybase:bo"}, "new": STORE}}
    assert key_of(sealed, {f"{secret}/new": "AKIA2"}) == "AKIA2"


def test_a_user_whose_stored_keys_are_inactive_is_not_tried() -> None:
    with pytest.raises(NoCaller, match="every access key that its stack stored is Inactive"):
        key_of({"access_key": {**STORE, "status": "Inactive"}}, {})
