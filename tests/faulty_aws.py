"""A proxy before a local AWS that fails as a test tells it: AWS's own refusals, at the calls that the test names.

It stands in the tests alone, so that no user meets it. Requests and answers pass unchanged, signatures included.
"""

from __future__ import annotations

import fnmatch
import http.client
import json
import re
import threading
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from crossaccount.local.clients import Gateway

WAIT_SECONDS = 30.0
_KEY = re.compile(r"Credential=([^/,\s]*)/")


@dataclass(frozen=True)
class Refusal:
    """What AWS answers instead of doing what it was asked for."""

    status: int
    code: str
    message: str


THROTTLED = Refusal(400, "Throttling", "Rate exceeded")
UNAVAILABLE = Refusal(503, "ServiceUnavailable", "The service is unavailable. Please try again shortly.")
BROKEN = Refusal(500, "InternalFailure", "The request processing has failed because of an unknown error.")
EXPIRED = Refusal(403, "ExpiredToken", "The security token included in the request is expired")


def unknown_principal(arn: str) -> Refusal:
    """IAM's answer to a trust policy whose principal has not reached it yet."""
    return Refusal(400, "MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{arn}"')


@dataclass
class Fault:
    """One rule. It holds for the first ``times`` calls of ``action`` (a pattern) that are signed with ``key``."""

    action: str
    key: str
    answer: Refusal | None
    times: int
    met: int = 0
    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Wait until a call is held: AWS has done what it was asked for, and nobody knows yet."""
        assert self.arrived.wait(WAIT_SECONDS), f"nobody called {self.action}"

    def release(self) -> None:
        """Let the answers go."""
        self.released.set()


@dataclass(frozen=True)
class SeenCall:
    """A call that came by."""

    action: str
    key: str
    refused: str


class FaultyAws:
    """Proxies to the local AWS behind ``gateway`` inside a ``with`` block: what is sent by POST, as to IAM and STS."""

    def __init__(self, gateway: Gateway) -> None:
        self._target = urlsplit(gateway.endpoint).netloc
        self._secret = gateway.secret
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self.calls: list[SeenCall] = []

    @property
    def endpoint(self) -> str:
        """Where clients go."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def gateway(self) -> Gateway:
        """The local AWS through this proxy."""
        return Gateway(self.endpoint, self._secret)

    def refuse(self, answer: Refusal, action: str = "*", *, key: str = "*", times: int = 1_000_000) -> Fault:
        """Answer so in place of AWS, ``times`` times."""
        return self._add(Fault(action, key, answer, times))

    def hold(self, action: str, *, key: str = "*", times: int = 1) -> Fault:
        """Do what is asked for, and keep the answer back until the test releases it."""
        return self._add(Fault(action, key, None, times))

    def heal(self) -> None:
        """Forget all faults and calls; what is held goes on."""
        with self._lock:
            for fault in self._faults:
                fault.release()
            self._faults.clear()
            self.calls.clear()

    def count(self, action: str, key: str = "*") -> int:
        """How many calls came by."""
        return sum(fnmatch.fnmatchcase(c.action, action) and fnmatch.fnmatchcase(c.key, key) for c in list(self.calls))

    def __enter__(self) -> Self:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                proxy.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.heal()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Pass one request on, or fail it."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        action, key = _action(request, body), _signer(request)
        fault = self._fault(action, key)
        refusal = fault.answer if fault else None
        self.calls.append(SeenCall(action, key, refusal.code if refusal else ""))
        if refusal:
            _send(request, refusal.status, *_refusal(refusal, request))
            return
        status, headers, content = self._forward(request, body)
        if fault:
            fault.arrived.set()
            fault.released.wait(WAIT_SECONDS)
        _send(request, status, headers, content)

    def _add(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault

    def _fault(self, action: str, key: str) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fnmatch.fnmatchcase(action, fault.action) and fnmatch.fnmatchcase(key, fault.key):
                    fault.met += 1
                    if fault.met <= fault.times:
                        return fault
        return None

    def _forward(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self._target, timeout=WAIT_SECONDS)
        try:
            connection.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


def _send(request: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
    try:
        request.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)
    except OSError:
        request.close_connection = True  # the client is gone


def _action(request: BaseHTTPRequestHandler, body: bytes) -> str:
    if target := request.headers.get("X-Amz-Target"):
        return target.rpartition(".")[2]
    given = parse_qs(body.decode("utf-8", "replace")) | parse_qs(urlsplit(request.path).query)
    return given.get("Action", [""])[0]


def _signer(request: BaseHTTPRequestHandler) -> str:
    found = _KEY.search(request.headers.get("Authorization") or "")
    return found[1] if found else ""


def _refusal(refusal: Refusal, request: BaseHTTPRequestHandler) -> tuple[list[tuple[str, str]], bytes]:
    if request.headers.get("X-Amz-Target"):
        answer = json.dumps({"__type": refusal.code, "message": refusal.message}).encode()
        return [("Content-Type", "application/x-amz-json-1.1")], answer
    text = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{refusal.code}</Code>"
        f"<Message>{escape(refusal.message)}</Message></Error><RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    )
    return [("Content-Type", "text/xml")], text.encode()
