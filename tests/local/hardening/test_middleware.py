"""What is not IAM or STS passes untouched; what is comes in every form that AWS takes, and in no other."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from crossaccount.local.asgi import Message, Receive, Scope, Send
from crossaccount.local.clients import Aws
from crossaccount.local.hardening import Hardened


def signed(account: str, service: str) -> str:
    credential = f"{account}/20260101/us-east-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"


def signed_request(
    root: Aws,
    method: str,
    target: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    in_query: bool = False,
) -> tuple[str, str, dict[str, str], bytes]:
    """A request to IAM, signed by botocore."""
    keys = Credentials(root.credentials.access_key_id, root.credentials.secret_access_key)
    signer = (SigV4QueryAuth if in_query else SigV4Auth)(keys, "iam", "us-east-1")
    request = AWSRequest(method, f"{root.endpoint}{target}", {**(headers or {})}, body)
    signer.add_auth(request)
    return method, request.url, dict(request.headers), body


def send(method: str, url: str, headers: dict[str, str], data: bytes) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data or None, headers, method=method)) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_bodies_of_other_services_are_not_read() -> None:
    seen: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend((scope, receive, send))

    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        raise AssertionError(message)

    scope = {
        "type": "http",
        "method": "PUT",
        "query_string": b"Action=CreateRole",
        "headers": [(b"authorization", signed("111111111111", "s3").encode())],
    }
    asyncio.run(Hardened(app)(scope, receive, send))
    assert seen == [scope, receive, send]


def test_a_large_object_comes_back_whole(root: Aws) -> None:
    body = bytes(range(256)) * 40_000
    bucket = f"large-{root.account_id()}"
    root.s3.create_bucket(Bucket=bucket)
    root.s3.put_object(Bucket=bucket, Key="k", Body=body)
    with root.s3.get_object(Bucket=bucket, Key="k")["Body"] as stream:
        assert stream.read() == body


def test_a_call_by_get_is_checked_too(root: Aws) -> None:
    query = urlencode({"Action": "CreateUser", "Version": "2010-05-08", "UserName": "with space"}, quote_via=quote)
    status, text = send(*signed_request(root, "GET", f"/?{query}"))
    assert (status, "<Code>ValidationError</Code>" in text) == (400, True)


def test_a_call_signed_in_the_query_is_checked_too(root: Aws) -> None:
    query = urlencode({"Action": "CreateUser", "UserName": "with space"}, quote_via=quote)
    status, text = send(*signed_request(root, "POST", f"/?{query}", in_query=True))
    assert (status, "<Code>ValidationError</Code>" in text) == (400, True)


def test_the_body_wins_over_the_query_as_in_ministack(root: Aws) -> None:
    form = urlencode({"Action": "CreateUser", "UserName": "with space"}).encode()
    status, text = send(*signed_request(root, "POST", "/?Action=ListUsers", form))
    assert (status, "<Code>ValidationError</Code>" in text) == (400, True)


@pytest.mark.parametrize("target", ["IAMService.CreateUser", "AWSSecurityTokenServiceV20110615.AssumeRole"])
def test_no_way_around_by_a_protocol_that_aws_does_not_have(target: str, root: Aws) -> None:
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    body = json.dumps({"UserName": "with space"}).encode()
    status, text = send(*signed_request(root, "POST", "/", body, headers))
    assert (status, "<Code>InvalidAction</Code>" in text) == (400, True)


def test_calls_at_once_do_not_get_past_a_quota(root: Aws) -> None:
    root.iam.create_user(UserName="u")

    def create(_: int) -> Any:
        try:
            return root.iam.create_access_key(UserName="u")
        except root.iam.exceptions.LimitExceededException:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [answer for answer in pool.map(create, range(8)) if answer]
    assert len(made) == 2
