"""The ``sts:AssumeRole`` call itself, and what its answers mean."""

from __future__ import annotations

import io
import json
import zipfile
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crossaccount.local.clients import Credentials
from crossaccount.rehearsal.callers import HANDLER, AssumeFailed, AssumeRequest, FunctionCaller, KeyCaller, package

ROLE = "arn:aws:iam::222222222222:role/R"
REQUEST = AssumeRequest(ROLE, "session")
KEYS = {"AccessKeyId": "ASIA", "SecretAccessKey": "secret", "SessionToken": "token"}
SESSION = Credentials("ASIA", "secret", "token")


def _aws(answer: Any) -> Any:
    """An identity whom STS answers this; an error code is raised."""

    def assume_role(**arguments: Any) -> Any:
        assert arguments == REQUEST.arguments()
        if isinstance(answer, str):
            raise ClientError({"Error": {"Code": answer, "Message": "words of AWS"}}, "AssumeRole")
        return answer

    return SimpleNamespace(sts=SimpleNamespace(assume_role=assume_role))


def _root(answer: Any) -> Any:
    """A root whose Lambda function answers this."""
    payload = io.BytesIO(json.dumps(answer).encode())
    return SimpleNamespace(region="us-east-1", lambda_=SimpleNamespace(invoke=lambda **_: {"Payload": payload}))


def test_a_request_asks_for_what_is_given_alone() -> None:
    assert REQUEST.arguments() == {"RoleArn": ROLE, "RoleSessionName": "session"}


def test_a_request_carries_external_id_and_tags() -> None:
    assert AssumeRequest(ROLE, "session", "abc", {"team": "blue"}).arguments() == {
        "RoleArn": ROLE,
        "RoleSessionName": "session",
        "ExternalId": "abc",
        "Tags": [{"Key": "team", "Value": "blue"}],
    }


def test_an_empty_external_id_is_passed_on() -> None:
    """AWS refuses it; it must not become a call without one."""
    assert AssumeRequest(ROLE, "session", "").arguments()["ExternalId"] == ""


def test_a_session_is_handed_on() -> None:
    assert KeyCaller(_aws({"Credentials": KEYS})).assume(REQUEST) == SESSION


def test_a_denial_is_an_answer() -> None:
    assert KeyCaller(_aws("AccessDenied")).assume(REQUEST) is None


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "ExpiredToken", "ValidationError"])
def test_any_other_error_proves_nothing(code: str) -> None:
    with pytest.raises(AssumeFailed, match=f"^AssumeRole: {code}: words of AWS$"):
        KeyCaller(_aws(code)).assume(REQUEST)


def test_a_functions_session_is_handed_on() -> None:
    caller = FunctionCaller(_root({"credentials": ["ASIA", "secret", "token"]}), "f")
    assert caller.assume(REQUEST) == SESSION


def test_a_denied_function_is_denied() -> None:
    assert FunctionCaller(_root({"error": "AccessDenied", "message": "no"}), "f").assume(REQUEST) is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"error": "ValidationError", "message": "words of AWS"}, "words of AWS"),
        ({"errorMessage": "Task timed out"}, "Task timed out"),
    ],
)
def test_a_function_that_fails_otherwise_proves_nothing(answer: dict[str, str], said: str) -> None:
    with pytest.raises(AssumeFailed, match=f"^the function f failed: .*{said}"):
        FunctionCaller(_root(answer), "f").assume(REQUEST)


def test_the_function_is_one_file_with_its_handler() -> None:
    with zipfile.ZipFile(io.BytesIO(package())) as archive:
        assert archive.namelist() == ["caller.py"]
        source = archive.read("caller.py").decode()
    assert HANDLER == "caller.handler"
    assert "def handler(event, context):" in source
