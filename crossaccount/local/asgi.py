"""ASGI helpers of the local AWS's layers: read a whole request, run an application on it, keep its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Disconnected(Exception):
    """The client went away before its request was complete."""


class TooLarge(Exception):
    """The body of a request has more bytes than are read."""


@dataclass(frozen=True)
class Answer:
    """A complete HTTP response."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return 200 <= self.status < 300

    def with_body(self, body: bytes) -> Answer:
        """The same answer with another body."""
        kept = tuple((name, value) for name, value in self.headers if name.lower() != b"content-length")
        return Answer(self.status, (*kept, (b"content-length", str(len(body)).encode())), body)


def header(scope: Scope, name: str) -> str:
    """The first value of a request header, empty where it is absent. ``name`` is in lower case."""
    headers: Iterable[tuple[bytes, bytes]] = scope.get("headers", ())
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name.encode()), "")


async def read_body(receive: Receive, limit: int | None = None) -> bytes:
    """The body of a request, of at most ``limit`` bytes.

    Raises:
        Disconnected: the client closed the connection first.
        TooLarge: it has more bytes; the rest is not read.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        body += message.get("body", b"")
        if limit is not None and len(body) > limit:
            raise TooLarge
        if not message.get("more_body", False):
            return bytes(body)


async def answer_of(app: App, scope: Scope, body: bytes) -> Answer:
    """The answer of an application to a request whose body has been read."""
    messages: list[Message] = []
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return pending.pop() if pending else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, send)
    start = next(message for message in messages if message["type"] == "http.response.start")
    content = b"".join(message.get("body", b"") for message in messages if message["type"] == "http.response.body")
    return Answer(start["status"], tuple((bytes(name), bytes(value)) for name, value in start["headers"]), content)


async def send_answer(send: Send, answer: Answer) -> None:
    """Send a complete response."""
    await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})
