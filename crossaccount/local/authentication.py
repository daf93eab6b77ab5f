"""Authenticates callers of the local AWS: only callers with credentials of this run, and never a browser.

MiniStack does not verify the signatures of roots, and serves many addresses without a signature. This layer is
before everything else and lets a request pass only if

- it comes from no web page: the host is a loopback name (a rebound DNS name is not), it has no ``Origin``, and
  ``Sec-Fetch-Site`` does not name another site;
- it is signed with Signature Version 4, in the ``Authorization`` header or in the query, and the signature is right:
  the secret is the real one of that access key, the clock is near, the body is the one that was signed.

The secret of a root is derived from the run's secret. Secrets of users' access keys and of sessions are MiniStack's.

Two things pass without a signature. ``GET /_ministack/health`` is answered here, and only confirms that the server
runs. ``sts:AssumeRoleWithWebIdentity`` is unsigned on AWS too: it passes with a token that its issuer has signed with
its key of this run (:meth:`crossaccount.local.clients.Gateway.web_identity_token`). The claims of the token are
verified behind this layer, by ``crossaccount.local.hardening.web_identity``. ``sts:AssumeRoleWithSAML`` is unsigned as
well: ``crossaccount.local.hardening.saml`` verifies the signature of the assertion, with the certificate of a provider
that a caller of this run has made.

Refuses what AWS has and no client of a rehearsal needs: Signature Version 2, Signature Version 4A, bodies signed in
chunks, POST forms of S3, CORS, WebSockets, and anonymous access to S3, function URLs and API Gateway. An answer never
carries a CORS header.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html (``x-amz-content-sha256``) and
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from calendar import timegm
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, unquote_to_bytes, urlsplit
from xml.sax.saxutils import escape

from crossaccount.local.asgi import (
    Answer,
    App,
    Disconnected,
    Message,
    Receive,
    Scope,
    Send,
    TooLarge,
    header,
    read_body,
    send_answer,
)
from crossaccount.local.clients import root_secret, token_signature

HEALTH = "/_ministack/health"
SKEW_SECONDS = 15 * 60
LONGEST_QUERY_SECONDS = 7 * 24 * 3600
"""How long a signed URL may be good for, as on S3."""
LARGEST_UNSIGNED_BODY = 160 * 1024
"""The most bytes of an unsigned call: a SAML assertion has up to 100,000 characters, before it is escaped."""
LARGEST_BODY = 256 * 1024 * 1024
"""The most bytes of a body, which is read before its signature can be verified: more than the code of a Lambda
function."""

SecretOf = Callable[[str, str], "str | Unknown"]
"""The secret of an access key that comes with a session token (empty: without one), or why there is none."""

_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_ALGORITHM = "AWS4-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<credential>[^,\s=]+)\s*,\s*SignedHeaders=(?P<headers>[a-z0-9;._-]+)\s*,\s*"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_QUERY_PARTS = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature")
_QUERY_NAMES = (*_QUERY_PARTS, "X-Amz-Expires", "X-Amz-Security-Token")
_OF_A_SIGNATURE = frozenset(
    {*(name.lower() for name in _QUERY_NAMES), "x-amz-region-set", "awsaccesskeyid", "signature"}
)
_ACCOUNT_ID = re.compile(r"\d{12}", re.ASCII)
_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_CREDENTIAL = re.compile(r"([!-.0-~]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request", re.ASCII)
_SIGNED_HEADERS = re.compile(r"[a-z0-9;._-]+")
_BODY_HASH = re.compile(r"[0-9a-f]{64}")
_PASSED_UNSIGNED = (b"host", b"content-type", b"content-length", b"user-agent")
"""Headers of an unsigned call that are passed on. None of them can change the call."""
_BODY_NOT_SIGNED = ("UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")

_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True)
class Unknown:
    """An access key that cannot be used: it does not exist, is inactive, or its session has expired."""

    expired: bool = False


class Refused(Exception):
    """The request is not answered. ``kind`` is a key of ``_CODES``."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


_CODES: Mapping[str, tuple[int, str, str, str]] = {
    # kind: status, code of the query protocol, of JSON, of S3
    "stranger": (403, "AccessDenied", "AccessDeniedException", "AccessDenied"),
    "unsigned": (403, "MissingAuthenticationToken", "MissingAuthenticationTokenException", "AccessDenied"),
    "incomplete": (400, "IncompleteSignature", "IncompleteSignatureException", "AuthorizationHeaderMalformed"),
    "unknown": (403, "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"),
    "expired": (403, "ExpiredToken", "ExpiredTokenException", "ExpiredToken"),
    "mismatch": (403, "SignatureDoesNotMatch", "InvalidSignatureException", "SignatureDoesNotMatch"),
    "skewed": (403, "RequestExpired", "InvalidSignatureException", "RequestTimeTooSkewed"),
    "body": (400, "SignatureDoesNotMatch", "InvalidSignatureException", "XAmzContentSHA256Mismatch"),
    "large": (413, "RequestEntityTooLarge", "RequestEntityTooLargeException", "EntityTooLarge"),
    "token": (400, "InvalidIdentityToken", "InvalidIdentityToken", "AccessDenied"),
}


@dataclass(frozen=True)
class _Signature:
    """The signature of a request, as its headers or query give it."""

    access_key: str
    day: str
    region: str
    service: str
    headers: tuple[str, ...]
    value: str
    date: str
    token: str
    expires: int | None
    """Seconds that a signature in the query is good for; None for one in the header."""


class Authenticated:
    """An application that only callers with credentials of this run reach."""

    def __init__(self, app: App, run_secret: bytes, secret_of: SecretOf) -> None:
        self._app = app
        self._run_secret = run_secret
        self._secret_of = secret_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            try:
                await self._http(scope, receive, _without_cors(send))
            except Disconnected:
                return
            except TooLarge:
                await send_answer(send, _answer(scope, Refused("large", "The body of the request is too large.")))
            except Refused as refused:
                await send_answer(send, _answer(scope, refused))
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope["path"])
        try:
            _refuse_browsers(scope)
            scope, body = await self._checked(scope, receive, path)
        except (ValueError, RecursionError):
            # Whatever an unauthenticated client sends causes neither an error of ours nor lines in the log.
            raise Refused("incomplete", "The request cannot be read.") from None
        if body is None:
            await send_answer(send, Answer(200, ((b"content-length", b"0"),), b""))
            return
        await self._app(scope, _replayed(body, receive), send)

    async def _checked(self, scope: Scope, receive: Receive, path: str) -> tuple[Scope, bytes | None]:
        """A request that may pass, with its body; None where it only asks for the server's health.

        Raises:
            Refused: it may not.
        """
        if path == HEALTH and scope["method"] in ("GET", "HEAD"):
            return scope, None
        if scope["method"] == "OPTIONS" or path.startswith(("/_ministack", "/_localstack")):
            raise Refused("stranger", "The local AWS does not have this.")
        signature = _signature(scope)
        if signature is None:
            body = await self._unsigned_body(scope, receive)
            kept = [(name, value) for name, value in scope["headers"] if name.lower() in _PASSED_UNSIGNED]
            return {**scope, "headers": kept}, body
        secret = self._secret(signature)
        _refuse_old(signature, time.time())
        body = await read_body(receive, LARGEST_BODY)
        _verify(scope, signature, secret, body)
        return scope, body

    def _secret(self, signature: _Signature) -> str:
        if _ACCOUNT_ID.fullmatch(signature.access_key):
            if signature.token:
                raise Refused("unknown", "The security token included in the request is invalid.")
            return root_secret(self._run_secret, signature.access_key)
        found = self._secret_of(signature.access_key, signature.token)
        if isinstance(found, str):
            return found
        if found.expired:
            raise Refused("expired", "The security token included in the request is expired")
        raise Refused("unknown", "The security token included in the request is invalid.")

    async def _unsigned_body(self, scope: Scope, receive: Receive) -> bytes:
        """The body of one of the calls that AWS takes unsigned.

        Raises:
            Refused: any other call, or a web identity token that is not of this run.
        """
        length = header(scope, "content-length")
        form = header(scope, "content-type").startswith("application/x-www-form-urlencoded")
        short = length.isdecimal() and int(length) <= LARGEST_UNSIGNED_BODY
        if scope["method"] != "POST" or scope["path"] != "/" or scope.get("query_string") or not (form and short):
            raise Refused("unsigned", "Request is missing Authentication Token")
        body = await read_body(receive, LARGEST_UNSIGNED_BODY)
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        action = fields.get("Action", [])
        if action == ["AssumeRoleWithSAML"]:
            return body
        if action != ["AssumeRoleWithWebIdentity"]:
            raise Refused("unsigned", "Request is missing Authentication Token")
        tokens = fields.get("WebIdentityToken", [])
        if len(tokens) != 1 or not _is_of_this_run(tokens[0], self._run_secret):
            raise Refused("token", "The ID Token provided is not a valid JWT of this run of the local AWS.")
        return body


def _refuse_browsers(scope: Scope) -> None:
    """Refuse what a web page can send: a foreign host name, an origin, a request from another site."""
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"host"]
    name = re.sub(r":\d+\Z", "", hosts[0]).lower() if len(hosts) == 1 else ""
    if name not in _LOOPBACK_NAMES:
        raise Refused("stranger", "The local AWS answers to 127.0.0.1 and localhost only.")
    if any(key.lower() == b"origin" for key, _ in scope["headers"]):
        raise Refused("stranger", "The local AWS does not answer to web pages.")
    if header(scope, "sec-fetch-site") not in ("", "none"):
        raise Refused("stranger", "The local AWS does not answer to web pages.")
    target = urlsplit(bytes(scope.get("raw_path") or b"").decode("latin-1"))
    if target.scheme or target.netloc:
        raise Refused("stranger", "The local AWS is no proxy.")


def _signature(scope: Scope) -> _Signature | None:
    """The signature in the header or in the query; None for a request that tries neither.

    Raises:
        Refused: a signature that is incomplete, duplicate, or of another kind.
    """
    authorizations = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"authorization"]
    pairs = _query(scope)
    in_query = [name for name, _ in pairs if unquote(name).lower() in _OF_A_SIGNATURE]
    if not authorizations and not in_query:
        return None
    if len(authorizations) > 1 or (authorizations and in_query):
        raise Refused("incomplete", "Only one way to sign a request is allowed.")
    if authorizations:
        return _in_header(scope, authorizations[0])
    return _in_query(pairs)


def _in_header(scope: Scope, authorization: str) -> _Signature:
    found = _AUTHORIZATION.fullmatch(authorization)
    if found is None:
        raise Refused("incomplete", f"The Authorization header must be a complete {_ALGORITHM} signature.")
    return _Signature(
        *_credential(found["credential"]),
        tuple(found["headers"].split(";")),
        found["signature"],
        header(scope, "x-amz-date"),
        header(scope, "x-amz-security-token"),
        None,
    )


def _in_query(pairs: list[tuple[str, str]]) -> _Signature:
    names = [unquote(name) for name, _ in pairs]
    values = {unquote(name): unquote(value) for name, value in pairs}
    odd = [name for name in names if name.lower() in _OF_A_SIGNATURE and name not in _QUERY_NAMES]
    twice = [name for name in names if name.lower() in _OF_A_SIGNATURE and names.count(name) > 1]
    complete = all(values.get(name) for name in _QUERY_PARTS) and values["X-Amz-Algorithm"] == _ALGORITHM
    if odd or twice or not complete or not _SIGNED_HEADERS.fullmatch(values["X-Amz-SignedHeaders"]):
        raise Refused("incomplete", f"The query must have a complete {_ALGORITHM} signature.")
    expires = values.get("X-Amz-Expires", "")
    if expires and not (re.fullmatch(r"[0-9]{1,6}", expires) and int(expires) <= LONGEST_QUERY_SECONDS):
        raise Refused("incomplete", f"X-Amz-Expires must be at most {LONGEST_QUERY_SECONDS} seconds.")
    return _Signature(
        *_credential(values["X-Amz-Credential"]),
        tuple(values["X-Amz-SignedHeaders"].split(";")),
        values["X-Amz-Signature"],
        values["X-Amz-Date"],
        values.get("X-Amz-Security-Token", ""),
        int(expires or SKEW_SECONDS),
    )


def _credential(text: str) -> tuple[str, str, str, str]:
    found = _CREDENTIAL.fullmatch(text)
    if found is None:
        raise Refused("incomplete", "Credential must be KEY/DATE/REGION/SERVICE/aws4_request.")
    return found[1], found[2], found[3], found[4]


def _refuse_old(signature: _Signature, now: float) -> None:
    """Refuse a signature that was not made now, or that has expired."""
    if not _DATE.fullmatch(signature.date) or signature.day != signature.date[:8]:
        raise Refused("incomplete", "The request needs an X-Amz-Date of the day in its credential.")
    try:
        signed_at = timegm(time.strptime(signature.date, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise Refused("incomplete", "The request needs an X-Amz-Date of the day in its credential.") from None
    if now > signed_at + (SKEW_SECONDS if signature.expires is None else signature.expires):
        raise Refused("skewed", f"Signature expired: {signature.date}")
    if signed_at > now + SKEW_SECONDS:
        raise Refused("skewed", f"Signature not yet current: {signature.date}")


def _verify(scope: Scope, signature: _Signature, secret: str, body: bytes) -> None:
    """Make the signature anew and compare.

    Raises:
        Refused: the signature differs, a required header is not signed, or the body is not the signed one.
    """
    sent = {name.lower().decode("latin-1") for name, _ in scope["headers"]}
    must = {"host"} | {name for name in sent if name.startswith("x-amz-") and name != "x-amz-content-sha256"}
    if not must <= set(signature.headers) or not set(signature.headers) <= sent:
        raise Refused("mismatch", "The host and every x-amz- header must be signed, and every signed header sent.")
    request = "\n".join(
        [
            scope["method"],
            _canonical_path(scope, signature.service),
            _canonical_query(scope),
            *(f"{name}:{_header_values(scope, name)}" for name in signature.headers),
            "",
            ";".join(signature.headers),
            _body_hash(scope, signature, body),
        ]
    )
    place = f"{signature.day}/{signature.region}/{signature.service}/aws4_request"
    text = "\n".join([_ALGORITHM, signature.date, place, hashlib.sha256(request.encode("latin-1")).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in place.split("/"):
        key = hmac.new(key, part.encode("latin-1"), hashlib.sha256).digest()
    expected = hmac.new(key, text.encode("latin-1"), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.value.encode("utf-8")):
        raise Refused("mismatch", _MISMATCH)


def _body_hash(scope: Scope, signature: _Signature, body: bytes) -> str:
    """The hash of the body that the signature covers.

    S3 takes bodies that are not signed, and never signs that of a URL. Everywhere else the hash must be the body's.
    """
    hashes = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"x-amz-content-sha256"]
    if signature.service == "s3" and signature.expires is not None:
        return "UNSIGNED-PAYLOAD"
    given = hashes[0] if hashes else hashlib.sha256(body).hexdigest()
    if signature.service == "s3" and given in _BODY_NOT_SIGNED:
        return given
    if not _BODY_HASH.fullmatch(given) or given != hashlib.sha256(body).hexdigest():
        raise Refused("body", "The provided 'x-amz-content-sha256' header does not match what was computed.")
    return given


def _canonical_path(scope: Scope, service: str) -> str:
    """The path as it is signed: S3's as it was sent, any other without dots and with its escapes escaped again."""
    path = bytes(scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1").partition("?")[0]
    if service == "s3":
        return path
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            kept = kept[:-1]
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if path.endswith("/") and kept else ""
    return quote("/" + "/".join(kept) + end, safe="/-_.~")


def _query(scope: Scope) -> list[tuple[str, str]]:
    """The parameters of the query as they were sent, still escaped."""
    text = bytes(scope.get("query_string") or b"").decode("latin-1")
    return [(name, value) for name, _, value in (pair.partition("=") for pair in text.split("&") if pair)]


def _canonical_query(scope: Scope) -> str:
    pairs = [
        (quote(unquote_to_bytes(name), safe="-_.~"), quote(unquote_to_bytes(value), safe="-_.~"))
        for name, value in _query(scope)
        if unquote(name) != "X-Amz-Signature"
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _header_values(scope: Scope, name: str) -> str:
    values = [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name.encode()]
    return ",".join(" ".join(value.split()) for value in values)


def _is_of_this_run(token: str, run_secret: bytes) -> bool:
    """Whether a web identity token is signed with the key that its issuer has in this run."""
    signed, _, signature = token.rpartition(".")
    try:
        header, payload = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in signed.split("."))
        algorithm, issuer = header["alg"], payload["iss"]
    except (ValueError, KeyError, TypeError):
        return False
    expected = token_signature(run_secret, str(issuer), signed.encode("utf-8", "replace"))
    return algorithm == "HS256" and hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A request whose body has been read, to be read again."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return pending.pop() if pending else await receive()

    return receive_again


def _without_cors(send: Send) -> Send:
    """Take every CORS header from an answer."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = message.get("headers", [])
            kept = [(name, value) for name, value in headers if not name.lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return sending


def _answer(scope: Scope, refused: Refused) -> Answer:
    """A refusal in the words of the protocol that the request speaks."""
    status, query_code, json_code, s3_code = _CODES[refused.kind]
    request_id = str(uuid.uuid4())
    service = _scope_service(scope)
    if service == "s3":
        body = (
            f"<Error><Code>{s3_code}</Code><Message>{escape(refused.message)}</Message>"
            f"<RequestId>{request_id}</RequestId></Error>"
        )
    elif service == "ec2":
        body = (
            f"<Response><Errors><Error><Code>AuthFailure</Code><Message>{escape(refused.message)}</Message></Error>"
            f"</Errors><RequestID>{request_id}</RequestID></Response>"
        )
    elif _speaks_query(scope):
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{query_code}</Code>"
            f"<Message>{escape(refused.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    else:
        body = json.dumps({"__type": json_code, "message": refused.message})
    kind = b"application/json" if body.startswith("{") else b"text/xml"
    content = b"" if scope["method"] == "HEAD" else body.encode()
    headers = (
        (b"content-type", kind),
        (b"content-length", str(len(content)).encode()),
        (b"x-amzn-requestid", request_id.encode()),
        *(((b"x-amzn-errortype", json_code.encode()),) if kind == b"application/json" else ()),
        # What is left of the body is not read.
        (b"connection", b"close"),
    )
    return Answer(status, headers, content)


def _scope_service(scope: Scope) -> str:
    """The service that a request is for, if it can be read. Only the form of a refusal depends on it."""
    found = re.search(r"Credential=[^/,\s]*/[^/]*/[^/]*/([^/]*)/", header(scope, "authorization"))
    if found:
        return found[1]
    parts = dict(_query(scope)).get("X-Amz-Credential", "").replace("%2F", "/").split("/")
    return parts[3] if len(parts) == 5 else ""


def _speaks_query(scope: Scope) -> bool:
    kind = header(scope, "content-type")
    return not header(scope, "x-amz-target") and (
        kind.startswith("application/x-www-form-urlencoded") or (not kind and scope["path"] == "/")
    )
