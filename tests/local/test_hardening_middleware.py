"""What is not IAM or STS passes untouched; what is comes in every form that AWS takes, and in no other."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest

from crossaccount.local.clients import Aws
from crossaccount.local.hardening import Hardened
from crossaccount.local.hardening.asgi import Message, Receive, Scope, Send
from crossaccount.local.server import LocalAws


def signed(account: str, service: str) -> str:
    credential = f"{account}/20260101/us-east-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"


def send(url: str, headers: dict[str, str], data: bytes | None) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
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


def test_a_call_by_get_is_checked_too(local_aws: LocalAws, root: Aws) -> None:
    query = urlencode({"Action": "CreateUser", "Version": "2010-05-08", "UserName": "with space"})
    headers = {"Authorization": signed(root.account_id(), "iam")}
    status, text = send(f"{local_aws.endpoint}/?{query}", headers, None)
    assert (status, "<Code>ValidationError</Code>" in text) == (400, True)


def test_a_call_signed_in_the_query_is_checked_too(local_aws: LocalAws, root: Aws) -> None:
    credential = f"{root.account_id()}/20260101/us-east-1/iam/aws4_request"
    query = urlencode({"X-Amz-Credential": credential, "Action": "CreateUser", "UserName": "with space"})
    status, text = send(f"{local_aws.endpoint}/?{query}", {}, b"")
    assert (status, "<Code>ValidationError</Code>" in text) == (400, True)


def test_the_body_wins_over_the_query_as_in_ministack(local_aws: LocalAws, root: Aws) -> None:
    headers = {"Authorization": signed(root.account_id(), "iam")}
    form = urlencode({"Action": "CreateUser", "UserName": "with space"}).encode()
    status, _ = send(f"{local_aws.endpoint}/?Action=ListUsers", headers, form)
    assert status == 400


@pytest.mark.parametrize("target", ["IAMService.CreateUser", "AWSSecurityTokenServiceV20110615.AssumeRole"])
def test_no_way_around_by_a_protocol_that_aws_does_not_have(target: str, local_aws: LocalAws, root: Aws) -> None:
    headers = {
        "Authorization": signed(root.account_id(), "iam"),
        "X-Amz-Target": target,
        "Content-Type": "application/x-amz-json-1.1",
    }
    status, text = send(local_aws.endpoint, headers, json.dumps({"UserName": "with space"}).encode())
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
