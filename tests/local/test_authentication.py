"""A stranger at the local AWS: each thing that another user or a web page can send is refused, and what is ours works.

Requests are made with a plain HTTP client, so that nothing of an SDK keeps them from being as bad as they are.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from botocore import UNSIGNED
from botocore.auth import S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as Keys
from botocore.exceptions import ClientError

from crossaccount.local.authentication import LARGEST_BODY, Authenticated, Unknown
from crossaccount.local.clients import Aws, Credentials, Gateway
from crossaccount.local.server import LocalAws

FORM = "application/x-www-form-urlencoded"
GET_CALLER = urlencode({"Action": "GetCallerIdentity", "Version": "2011-06-15"})
FUNCTION = "/2015-03-31/functions"
TRUST = {
    "Effect": "Allow",
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Principal": {"Federated": "accounts.google.com"},
}

Answer = tuple[int, dict[str, str], str]


@pytest.fixture
def send(local_aws: LocalAws) -> Callable[..., Answer]:
    """One HTTP request as it is; ``Host`` is right unless it is given."""
    place = urlsplit(local_aws.endpoint).netloc

    def send(method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes | str = b"") -> Answer:
        content = body.encode() if isinstance(body, str) else body
        connection = http.client.HTTPConnection(place, timeout=20)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            given = {"Host": place, "Content-Length": str(len(content)), **(headers or {})}
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders(content)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read().decode("utf-8", "replace")
        finally:
            connection.close()

    return send


def signed(
    who: Credentials, url: str, body: str = "", *, method: str = "POST", service: str = "sts", **headers: str
) -> dict[str, str]:
    """The headers of a request that botocore signs."""
    request = AWSRequest(method, url, {**headers}, body)
    SigV4Auth(Keys(who.access_key_id, who.secret_access_key, who.session_token), service, "us-east-1").add_auth(request)
    return {"Host": urlsplit(url).netloc, **dict(request.headers)}


def refused(answer: Answer, *codes: str) -> None:
    status, headers, text = answer
    assert status in (400, 403), answer
    assert not [name for name in headers if name.startswith("access-control-")]
    assert "AccessKeyId" not in text
    assert "GetCallerIdentityResult" not in text
    if codes:
        assert any(code in text for code in codes), text


UNSIGNED_REQUESTS: dict[str, tuple[str, str, Mapping[str, str], str]] = {
    "create a function": ("POST", FUNCTION, {}, json.dumps({"FunctionName": "f"})),
    "create a function by a form": (
        "POST",
        FUNCTION,
        {"Content-Type": "text/plain"},
        json.dumps({"FunctionName": "f"}),
    ),
    "list functions": ("GET", f"{FUNCTION}/", {}, ""),
    "invoke a function": ("POST", f"{FUNCTION}/f/invocations", {}, "{}"),
    "a function's address": ("GET", "/_aws/lambda-url/abcdefghijklmnopqrstuvwxyz123456/", {}, ""),
    "an API's address": ("GET", "/_aws/execute-api/abcdef12/stage/", {}, ""),
    "IAM": ("POST", "/", {"Content-Type": FORM}, urlencode({"Action": "CreateUser", "UserName": "mallory"})),
    "IAM by GET": ("GET", "/?" + urlencode({"Action": "CreateUser", "UserName": "mallory"}), {}, ""),
    "who am I": ("POST", "/", {"Content-Type": FORM}, GET_CALLER),
    "secrets": ("POST", "/", {"X-Amz-Target": "secretsmanager.ListSecrets"}, "{}"),
    "buckets": ("GET", "/", {}, ""),
    "a bucket": ("PUT", "/bucket", {}, ""),
    "an object": ("GET", "/bucket/key", {}, ""),
    "a form of S3": ("POST", "/bucket", {"Content-Type": "multipart/form-data; boundary=b"}, "--b--"),
    "a queue": ("POST", "/111111111111/queue", {"Content-Type": FORM}, urlencode({"Action": "ReceiveMessage"})),
    "reset": ("POST", "/_ministack/reset", {}, ""),
    "configuration": ("POST", "/_ministack/config", {}, "{}"),
    "a function's code": ("GET", "/_ministack/lambda-code/f", {}, ""),
    "mails": ("GET", "/_ministack/ses/messages", {}, ""),
    "messages": ("GET", "/_ministack/sqs/messages", {}, ""),
    "readiness": ("GET", "/_ministack/ready", {}, ""),
    "signals": ("PUT", "/_ministack/cfn-response/x", {}, "{}"),
    "broker of databases": ("POST", "/_ministack/rds/iam-auth", {}, "{}"),
    "tokens of clusters": ("POST", "/_ministack/eks-auth/x", {}, "{}"),
    "of localstack": ("GET", "/_localstack/health", {}, ""),
    "other health": ("GET", "/health", {}, ""),
    "metadata of instances": ("GET", "/latest/meta-data/iam/security-credentials/", {}, ""),
    "a token of the metadata": ("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}, ""),
    "metadata of containers": ("GET", "/v4/x/task", {}, ""),
    "a sign-in": ("POST", "/oauth2/token", {"Content-Type": FORM}, "grant_type=client_credentials"),
    "an identity pool": (
        "POST",
        "/",
        {
            "X-Amz-Target": "AWSCognitoIdentityService.GetCredentialsForIdentity",
            "Content-Type": "application/x-amz-json-1.1",
        },
        "{}",
    ),
    "a registry": ("GET", "/v2/", {}, ""),
    "a preflight": (
        "OPTIONS",
        FUNCTION,
        {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"},
        "",
    ),
    "a preflight without origin": ("OPTIONS", FUNCTION, {}, ""),
    "a root by name alone": (
        "POST",
        FUNCTION,
        {
            "Authorization": "AWS4-HMAC-SHA256 Credential=111111111111/20261201/us-east-1/lambda/aws4_request, "
            "SignedHeaders=host, Signature=0"
        },
        "{}",
    ),
    "the default key": (
        "POST",
        "/",
        {
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20261201/us-east-1/sts/aws4_request, "
            f"SignedHeaders=host, Signature={'0' * 64}",
            "X-Amz-Date": "20261201T000000Z",
            "Content-Type": FORM,
        },
        GET_CALLER,
    ),
    "the older signature": ("GET", "/", {"Authorization": "AWS 111111111111:c2lnbmF0dXJl"}, ""),
    "the older signature in the query": (
        "GET",
        "/bucket/key?AWSAccessKeyId=111111111111&Signature=x&Expires=9999999999",
        {},
        "",
    ),
    "a bearer": ("GET", FUNCTION, {"Authorization": "Bearer x"}, ""),
    "a signature in the query without its parts": (
        "GET",
        "/?X-Amz-Credential=111111111111/1/2/sts/aws4_request",
        {},
        "",
    ),
    "the same in other letters": ("GET", "/?x-amz-credential=111111111111/1/2/sts/aws4_request", {}, ""),
    "a proxy": ("GET", "http://127.0.0.1:1/", {}, ""),
}


@pytest.mark.parametrize("name", UNSIGNED_REQUESTS)
def test_without_a_signature_of_this_run_nothing_is_answered(name: str, send: Callable[..., Answer]) -> None:
    refused(send(*UNSIGNED_REQUESTS[name]))


def test_an_assertion_that_nobody_signed_is_answered_by_a_refusal_alone(send: Callable[..., Answer]) -> None:
    """AssumeRoleWithSAML is unsigned on AWS too; its assertion is verified behind the layer."""
    account = "111111111111"
    call = {
        "Action": "AssumeRoleWithSAML",
        "Version": "2011-06-15",
        "RoleArn": f"arn:aws:iam::{account}:role/r",
        "PrincipalArn": f"arn:aws:iam::{account}:saml-provider/none",
        "SAMLAssertion": "eA==",
    }
    status, _, text = send("POST", "/", {"Content-Type": FORM}, urlencode(call))
    assert (status, "<Code>InvalidIdentityToken</Code>" in text, "AccessKeyId" in text) == (400, True, False)


def test_health_says_that_somebody_answers_and_nothing_else(send: Callable[..., Answer]) -> None:
    status, headers, text = send("GET", "/_ministack/health")
    assert (status, text) == (200, "")
    assert not {"access-control-allow-origin", "content-type"} & headers.keys()


@pytest.fixture
def there(local_aws: LocalAws) -> tuple[str, Credentials]:
    """The server's address and an account's root."""
    return local_aws.endpoint + "/", local_aws.gateway.root("111111111111")


def test_what_botocore_signs_is_answered(there: tuple[str, Credentials], send: Callable[..., Answer]) -> None:
    """The control: each of the following tests changes one thing of this request."""
    url, root = there
    headers = signed(root, url, GET_CALLER, **{"Content-Type": FORM})
    status, found, text = send("POST", "/", headers, GET_CALLER)
    assert (status, "arn:aws:iam::111111111111:root" in text) == (200, True)
    assert not [name for name in found if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:4566", "127.0.0.1.evil.example", "localhost.evil.example", "bucket.localhost", ""],
)
def test_a_name_that_was_bound_again_is_refused(
    host: str, there: tuple[str, Credentials], send: Callable[..., Answer]
) -> None:
    """Even with a right signature: a page at evil.example that now resolves to 127.0.0.1."""
    url, root = there
    headers = signed(root, url.replace(urlsplit(url).netloc, host or "x"), GET_CALLER, **{"Content-Type": FORM})
    refused(send("POST", "/", {**headers, "Host": host}, GET_CALLER), "127.0.0.1")


def test_two_hosts_are_refused(there: tuple[str, Credentials], send: Callable[..., Answer]) -> None:
    url, root = there
    headers = signed(root, url, GET_CALLER, **{"Content-Type": FORM})
    refused(send("POST", "/", {**headers, "host": "evil.example"}, GET_CALLER))


@pytest.mark.parametrize(
    "more",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=lambda more: " ".join(more.values()),
)
def test_a_web_page_is_refused(
    more: dict[str, str], there: tuple[str, Credentials], send: Callable[..., Answer]
) -> None:
    url, root = there
    headers = signed(root, url, GET_CALLER, **{"Content-Type": FORM})
    refused(send("POST", "/", {**headers, **more}, GET_CALLER), "web pages")
    refused(send("GET", "/_ministack/health", more), "web pages")


@pytest.mark.parametrize("secret", ["local", "test", "", "111111111111", "s"])
def test_a_root_with_a_made_up_secret_is_refused(
    secret: str, there: tuple[str, Credentials], send: Callable[..., Answer]
) -> None:
    url, root = there
    headers = signed(replace(root, secret_access_key=secret), url, GET_CALLER, **{"Content-Type": FORM})
    refused(send("POST", "/", headers, GET_CALLER), "SignatureDoesNotMatch")


def test_the_secret_of_one_root_opens_no_other_account(
    there: tuple[str, Credentials], send: Callable[..., Answer]
) -> None:
    url, root = there
    headers = signed(replace(root, access_key_id="222222222222"), url, GET_CALLER, **{"Content-Type": FORM})
    refused(send("POST", "/", headers, GET_CALLER), "SignatureDoesNotMatch")


def test_the_secret_of_another_run_opens_nothing(local_aws: LocalAws) -> None:
    with LocalAws() as other:
        assert other.gateway.secret != local_aws.gateway.secret
        stranger = other.gateway.root("111111111111")
    with Aws(local_aws.endpoint, stranger) as aws, pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        aws.sts.get_caller_identity()


def test_a_root_with_a_session_token_is_refused(there: tuple[str, Credentials], send: Callable[..., Answer]) -> None:
    url, root = there
    headers = signed(replace(root, session_token="x"), url, GET_CALLER, **{"Content-Type": FORM})
    refused(send("POST", "/", headers, GET_CALLER), "InvalidClientTokenId")


def test_another_body_is_refused(there: tuple[str, Credentials], send: Callable[..., Answer]) -> None:
    url, root = there
    headers = signed(root, url, GET_CALLER, **{"Content-Type": FORM})
    other = GET_CALLER.replace("GetCallerIdentity", "GetSessionToken")
    refused(send("POST", "/", {**headers, "Content-Length": str(len(other))}, other), "SignatureDoesNotMatch")


@pytest.mark.parametrize("claimed", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "0" * 64, ""])
def test_a_body_whose_hash_was_only_claimed_is_refused(
    claimed: str, there: tuple[str, Credentials], send: Callable[..., Answer]
) -> None:
    url, root = there
    request = AWSRequest("POST", url, {"Content-Type": FORM, "X-Amz-Content-SHA256": claimed}, GET_CALLER)
    SigV4Auth(Keys(root.access_key_id, root.secret_access_key), "sts", "us-east-1").add_auth(request)
    headers = {"Host": urlsplit(url).netloc, **dict(request.headers)}
    refused(send("POST", "/", headers, GET_CALLER), "SignatureDoesNotMatch", "x-amz-content-sha256")


@pytest.mark.parametrize("change", ["path", "query", "method", "header", "date", "region"])
def test_a_signature_covers_the_whole_request(
    change: str, there: tuple[str, Credentials], send: Callable[..., Answer]
) -> None:
    url, root = there
    headers = signed(root, url, GET_CALLER, **{"Content-Type": FORM})
    method, target = "POST", "/"
    if change == "path":
        target = "/other"
    elif change == "query":
        target = "/?Action=ListUsers"
    elif change == "method":
        method = "PUT"
    elif change == "header":
        headers["Content-Type"] = "text/plain"
    elif change == "date":
        later = datetime.now(UTC) + timedelta(minutes=1)
        headers["X-Amz-Date"] = later.strftime("%Y%m%dT%H%M%SZ")
    else:
        headers["Authorization"] = headers["Authorization"].replace("us-east-1", "eu-west-1")
    refused(send(method, target, headers, GET_CALLER))


def test_a_header_of_aws_that_was_not_signed_is_refused(
    there: tuple[str, Credentials], send: Callable[..., Answer]
) -> None:
    url, root = there
    headers = signed(root, url, GET_CALLER, **{"Content-Type": FORM})
    refused(send("POST", "/", {**headers, "X-Amz-Target": "secretsmanager.ListSecrets"}, GET_CALLER))


@pytest.mark.parametrize("minutes", [-16, 16, -60 * 24 * 30])
def test_a_signature_of_another_time_is_refused(
    minutes: int, there: tuple[str, Credentials], send: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, root = there
    then = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=minutes)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: then)
    headers = signed(root, url, GET_CALLER, **{"Content-Type": FORM})
    refused(send("POST", "/", headers, GET_CALLER), "Signature expired", "Signature not yet current")


def test_two_ways_to_sign_are_refused(there: tuple[str, Credentials], send: Callable[..., Answer]) -> None:
    """Signed by a user, and naming the root in the query."""
    url, root = there
    target = "/?X-Amz-Credential=222222222222%2F20261201%2Fus-east-1%2Fsts%2Faws4_request"
    headers = signed(root, url.rstrip("/") + target, GET_CALLER, **{"Content-Type": FORM})
    refused(send("POST", target, headers, GET_CALLER), "Only one way")


class Presigned:
    """Requests that are signed in the query."""

    def __init__(self, root: Credentials, url: str) -> None:
        self._keys, self._url = Keys(root.access_key_id, root.secret_access_key), url

    def target(self, expires: int = 60, **query: str) -> str:
        request = AWSRequest("GET", f"{self._url}?{urlencode(query, quote_via=quote)}")
        SigV4QueryAuth(self._keys, "sts", "us-east-1", expires=expires).add_auth(request)
        parts = urlsplit(request.url)
        return f"{parts.path}?{parts.query}"


def test_a_signed_address_is_answered_and_a_changed_one_is_not(
    there: tuple[str, Credentials], send: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, root = there
    presigned = Presigned(root, url)
    good = presigned.target(Action="GetCallerIdentity", Version="2011-06-15")
    status, _, text = send("GET", good)
    assert (status, "arn:aws:iam::111111111111:root" in text) == (200, True)
    refused(send("GET", good.replace("GetCallerIdentity", "GetSessionToken")), "SignatureDoesNotMatch")
    refused(send("GET", good.replace("X-Amz-Expires=60", "X-Amz-Expires=600")), "SignatureDoesNotMatch")
    refused(send("GET", good.replace("111111111111", "222222222222")), "SignatureDoesNotMatch")
    refused(send("GET", good.replace("X-Amz-Signature", "x-amz-signature")), "IncompleteSignature")
    refused(send("GET", f"{good}&X-Amz-Credential=222222222222/1/2/sts/aws4_request"), "IncompleteSignature")
    refused(send("GET", presigned.target(700_000, Action="GetCallerIdentity")), "IncompleteSignature")
    before = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=90)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: before)
    refused(send("GET", presigned.target(Action="GetCallerIdentity")), "Signature expired")


def test_an_address_of_an_object_works_until_it_is_changed(root: Aws, send: Callable[..., Answer]) -> None:
    bucket = f"presigned-{root.account_id()}"
    root.s3.create_bucket(Bucket=bucket)
    root.s3.put_object(Bucket=bucket, Key="a key/ü", Body=b"content")
    request = AWSRequest("GET", f"{root.endpoint}/{bucket}/{quote('a key/ü')}")
    keys = Keys(root.credentials.access_key_id, root.credentials.secret_access_key)
    S3SigV4QueryAuth(keys, "s3", "us-east-1", expires=60).add_auth(request)
    target = request.url.removeprefix(root.endpoint)
    assert send("GET", target)[::2] == (200, "content")
    refused(send("DELETE", target), "SignatureDoesNotMatch")
    refused(send("GET", target.replace("a%20key", "another")), "SignatureDoesNotMatch")


def test_even_public_objects_are_not_for_strangers(root: Aws, send: Callable[..., Answer]) -> None:
    bucket = f"public-{root.account_id()}"
    root.s3.create_bucket(Bucket=bucket)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    root.s3.delete_public_access_block(Bucket=bucket)
    root.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    root.s3.put_object(Bucket=bucket, Key="k", Body=b"content")
    refused(send("GET", f"/{bucket}/k"), "MissingAuthenticationToken", "AccessDenied")


def test_keys_of_users_and_sessions_count_with_their_own_secrets(
    root: Aws, user: Callable[..., Aws], role: Callable[..., str], assume: Callable[..., Aws], local_aws: LocalAws
) -> None:
    ana = user(root, "Ana", "sts:AssumeRole")
    assert ana.sts.get_caller_identity()["Arn"].endswith(":user/Ana")
    session = assume(ana, role(root, "r", root.account_id()))
    assert ":assumed-role/r/" in session.sts.get_caller_identity()["Arn"]
    known = session.credentials
    forged = {
        "no token": replace(known, session_token=None),
        "another token": replace(known, session_token="x" * 40),
        "another secret": replace(known, secret_access_key="x"),
        "a token with a user's key": replace(ana.credentials, session_token=known.session_token),
        "a key that is nobody's": replace(ana.credentials, access_key_id="AKIA" + "Z" * 16),
    }
    for name, credentials in forged.items():
        with Aws(local_aws.endpoint, credentials) as aws:
            with pytest.raises(ClientError) as caught:
                aws.sts.get_caller_identity()
            code = caught.value.response["Error"]["Code"]
            assert code in ("InvalidClientTokenId", "SignatureDoesNotMatch"), name
            with pytest.raises(ClientError) as caught:
                aws.lambda_.list_functions()
            code = caught.value.response["Error"]["Code"]
            assert code in ("UnrecognizedClientException", "InvalidSignatureException"), name
            with pytest.raises(ClientError) as caught:
                aws.s3.list_buckets()
            assert caught.value.response["Error"]["Code"] in ("InvalidAccessKeyId", "SignatureDoesNotMatch"), name
            with pytest.raises(ClientError) as caught:
                aws.ec2.describe_instances()
            assert caught.value.response["Error"]["Code"] == "AuthFailure", name


def test_an_unsigned_client_gets_nothing(root: Aws) -> None:
    import boto3

    make: Any = boto3.session.Session(region_name="us-east-1").client
    unsigned = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    for service, operation in (("sts", "get_caller_identity"), ("s3", "list_buckets"), ("lambda", "list_functions")):
        client = make(service, endpoint_url=root.endpoint, config=unsigned)
        with pytest.raises(ClientError) as caught:
            getattr(client, operation)()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        client.close()


@pytest.fixture
def federated(root: Aws) -> str:
    """The ARN of a role that Google's users may assume, each of them."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    return root.iam.create_role(RoleName="Federated", AssumeRolePolicyDocument=document)["Role"]["Arn"]


def web_identity(role: str, token: str, **more: str) -> str:
    given = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": role}
    return urlencode({**given, "RoleSessionName": "session", "WebIdentityToken": token, **more})


def test_a_web_identity_needs_a_token_of_this_run(
    federated: str, local_aws: LocalAws, send: Callable[..., Answer]
) -> None:
    claims = {"iss": "https://accounts.google.com", "aud": "a", "sub": "b"}
    token = local_aws.gateway.web_identity_token(claims)
    status, _, text = send("POST", "/", {"Content-Type": FORM}, web_identity(federated, token))
    assert (status, "<AccessKeyId>" in text) == (200, True)

    header, payload, signature = token.split(".")
    none = quote("eyJhbGciOiJub25lIn0")
    for forged in (
        f"{header}.{payload}.",
        f"{header}.{payload}.{signature[:-1]}x",
        f"{none}.{payload}.{signature}",
        f"{header}.{payload[:-2]}.{signature}",
        Gateway(local_aws.endpoint, b"another run").web_identity_token(claims),
        "token",
        "",
        "ü.ü.ü",
    ):
        refused(send("POST", "/", {"Content-Type": FORM}, web_identity(federated, forged)), "InvalidIdentityToken")


def test_a_token_of_this_run_is_good_for_nothing_else(
    federated: str, local_aws: LocalAws, send: Callable[..., Answer]
) -> None:
    token = local_aws.gateway.web_identity_token({"iss": "https://accounts.google.com", "aud": "a", "sub": "b"})
    form = {"Content-Type": FORM}
    good = web_identity(federated, token)
    refused(send("POST", "/", form, good.replace("AssumeRoleWithWebIdentity", "CreateUser")), "MissingAuth")
    refused(send("POST", "/", form, f"{good}&Action=CreateUser"), "MissingAuth")
    refused(send("POST", "/", form, f"{good}&WebIdentityToken=x"), "InvalidIdentityToken")
    refused(send("POST", FUNCTION, form, good), "MissingAuth")
    refused(send("POST", "/?Action=CreateUser", form, good), "MissingAuth")
    # A header cannot make another call of it.
    status, _, text = send("POST", "/", {**form, "X-Amz-Target": "secretsmanager.ListSecrets"}, good)
    assert (status, "AssumeRoleWithWebIdentityResponse" in text) == (200, True)


def test_a_socket_of_the_web_is_refused(local_aws: LocalAws) -> None:
    place = urlsplit(local_aws.endpoint)
    lines = [
        "GET /_aws/execute-api/abcdef12/stage HTTP/1.1",
        f"Host: {place.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "",
        "",
    ]
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=10) as connection:
        connection.sendall("\r\n".join(lines).encode())
        assert connection.recv(4096).split()[1] == b"403"


@pytest.fixture
def listening(local_aws: LocalAws) -> list[str]:
    """The addresses on which the server listens, as the kernel has them."""
    folder = Path(f"/proc/{local_aws.pid}/fd")
    sockets = set()
    for each in folder.iterdir():
        with suppress(FileNotFoundError):  # closed in the meantime
            sockets.add(os.readlink(each))
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets]


def test_it_listens_on_loopback_alone(listening: list[str], local_aws: LocalAws) -> None:
    port = urlsplit(local_aws.endpoint).port or 0
    assert listening == [f"0100007F:{port:04X}"]


def _in_query(**parts: str) -> str:
    usual = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "111111111111/20261201/us-east-1/iam/aws4_request",
        "X-Amz-Date": datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"),
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "0" * 64,
    }
    return "/?" + urlencode({**usual, **{name.replace("_", "-"): value for name, value in parts.items()}})


def _token(header: str) -> str:
    first = base64.urlsafe_b64encode(header.encode()).decode()
    return urlencode({"Action": "AssumeRoleWithWebIdentity", "WebIdentityToken": f"{first}.b.c", "RoleArn": "x"})


MALFORMED: dict[str, tuple[str, str, Mapping[str, str], str]] = {
    "a region of other letters": ("GET", _in_query(X_Amz_Credential="111111111111/1/€/iam/aws4_request"), {}, ""),
    "a key with a line end": ("GET", _in_query(X_Amz_Credential="a\r\nb/20261201/x/iam/aws4_request"), {}, ""),
    "signed headers of other letters": ("GET", _in_query(X_Amz_SignedHeaders="host;€"), {}, ""),
    "a signature of other letters": (
        "GET",
        _in_query(X_Amz_Signature="\ud800€".encode("utf-8", "replace").decode()),
        {},
        "",
    ),
    "a date of other digits": ("GET", _in_query(X_Amz_Date="٢٠٢٦١٢٠١T000000Z"), {}, ""),
    "a long validity": ("GET", _in_query(X_Amz_Expires="٩"), {}, ""),
    "bytes that are no text": ("GET", "/%ff%fe?X-Amz-Signature=%ff", {}, ""),
    "a token of 30,000 brackets": ("POST", "/", {"Content-Type": FORM}, _token("[" * 30_000)),
    "a token of a number": ("POST", "/", {"Content-Type": FORM}, _token("1")),
    "a token of many digits": ("POST", "/", {"Content-Type": FORM}, _token("1" * 10_000)),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_cannot_be_read_is_refused_and_fills_no_log(
    name: str, send: Callable[..., Answer], local_aws: LocalAws
) -> None:
    before = local_aws.log_path.stat().st_size
    refused(send(*MALFORMED[name]))
    assert local_aws.log_path.stat().st_size == before


def test_a_body_without_end_is_not_read_to_the_end() -> None:
    """It is read before its signature can be verified."""
    sent = 0

    async def receive() -> dict[str, object]:
        nonlocal sent
        sent += 1
        return {"type": "http.request", "body": bytes(1024 * 1024), "more_body": True}

    answers: list[Any] = []

    async def send(message: Any) -> None:
        answers.append(message)

    async def never(*_: object) -> None:
        raise AssertionError("it was passed on")

    credential = f"111111111111/{datetime.now(UTC):%Y%m%d}/us-east-1/iam/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
    headers = {"host": "127.0.0.1", "x-amz-date": f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}", "authorization": authorization}
    scope: Any = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(Authenticated(never, b"secret", lambda *_: Unknown())(scope, receive, send))
    assert answers[0]["status"] == 413
    assert sent == LARGEST_BODY // 1024 // 1024 + 1
