"""MiniStack from the inside: what there is, who calls, and the steps that a call takes on its way.

A *step* is one concern: it gets the call, MiniStack (:class:`Engine`) and ``go``, which makes the rest happen. It
refuses by raising :class:`Refusal`, before or after ``go``.

Owns what the steps may know (the accounts, users, roles and policies that exist, the caller of a call) and the few
things that AWS does by itself afterwards. Nothing here is visible to clients. In MiniStack the 12 digits of an account
are its root's access key; inside the process no signature is needed, outside see ``crossaccount.local.authentication``.

AWS looks at permissions after the form of a request and before what it is about: a stranger never learns that a name is
taken. A check that stands before MiniStack would say so first; the layer therefore asks here (:func:`denied`) before it
refuses.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
(authentication, then the request's context, then its evaluation, then the action)
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from crossaccount.local.asgi import Answer, App, Scope, answer_of
from crossaccount.local.hardening import ministack
from crossaccount.local.hardening.calls import Call, Element, Refusal, members, parsed, text_of, well_formed
from crossaccount.local.hardening.policies import ACCOUNT_ID

ABOUT_FORM = ("InvalidAction", "ValidationError")
"""What AWS says of a request before it asks who makes it."""

DEFAULT_ACCOUNT = "000000000000"
"""The account of a key that MiniStack does not know."""


@dataclass
class Engine:
    """MiniStack's application, and what the hardening remembers of its calls.

    ``accounts`` are those in use: who owns anything once came as its root. ``turn`` is held while IAM changes.
    """

    app: App
    accounts: set[str] = field(default_factory=lambda: {DEFAULT_ACCOUNT})
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def note(self, call: Call) -> None:
        """Remember the account of a root's call."""
        if ACCOUNT_ID.match(call.access_key):
            self.accounts.add(call.access_key)

    async def ask(self, account: str, action: str, service: str = "iam", **params: str) -> Element:
        """Make a call as an account's root.

        Raises:
            Refusal: with MiniStack's error.
        """
        body = urlencode({"Action": action, **params}).encode()
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "client": ("127.0.0.1", 0),
            "headers": [
                (b"host", b"127.0.0.1"),
                (b"content-type", b"application/x-www-form-urlencoded"),
                (b"content-length", str(len(body)).encode()),
                (
                    b"authorization",
                    f"AWS4-HMAC-SHA256 Credential={account}/20200101/us-east-1/{service}/aws4_request, "
                    "SignedHeaders=host, Signature=0".encode(),
                ),
            ],
        }
        # A task of its own: MiniStack keeps the caller's account in context variables, which must not leak.
        answer = well_formed(await asyncio.create_task(answer_of(self.app, scope, body)))
        root = parsed(answer)
        if not answer.ok:
            raise Refusal(text_of(root, "Error/Code"), text_of(root, "Error/Message"))
        return root

    async def find(self, account: str, action: str, **params: str) -> Element | None:
        """As :meth:`ask`; None for what does not exist."""
        try:
            return await self.ask(account, action, **params)
        except Refusal as refusal:
            if refusal.code == "NoSuchEntity":
                return None
            raise

    async def all(self, account: str, action: str, path: str, **params: str) -> list[Element]:
        """The members of a list, such as ``ListRolesResult/Roles``; empty where its owner does not exist."""
        return members(await self.find(account, action, **params), path)

    async def account_of(self, call: Call) -> str:
        """The account that a call acts in."""
        if ACCOUNT_ID.match(call.access_key):
            return call.access_key
        if call.by_root:
            return DEFAULT_ACCOUNT
        try:
            found = await self.ask(DEFAULT_ACCOUNT, "GetAccessKeyInfo", "sts", AccessKeyId=call.access_key)
        except Refusal:
            return DEFAULT_ACCOUNT
        return text_of(found, "GetAccessKeyInfoResult/Account")

    async def role(self, account: str, name: str) -> Element | None:
        """A role as GetRole shows it."""
        found = await self.find(account, "GetRole", RoleName=name)
        return found.find("GetRoleResult/Role") if found is not None else None

    async def user(self, account: str, name: str) -> Element | None:
        """A user as GetUser shows it; an empty name is no user, also not the root."""
        found = await self.find(account, "GetUser", UserName=name) if name else None
        return found.find("GetUserResult/User") if found is not None else None


_NAMELESS = re.compile(rb"User:\s+is not authorized")
_WITHOUT_ROLE = re.compile(rb"(is not authorized to perform: sts:\w+\b)(?! on resource)")


Go = Callable[[], Awaitable[Answer]]
Step = Callable[[Call, Engine, Go], Awaitable[Answer]]
Check = Callable[[Call, Engine], Awaitable[None]]


@dataclass(frozen=True)
class Caller:
    """The owner of an access key. ``source`` is the principal that made the session of a temporary key, else ''."""

    arn: str
    source: str = ""

    @property
    def is_root(self) -> bool:
        """Whether it is an account's root, also in the form of a session token."""
        return self.arn.endswith(":root")

    @property
    def is_role_session(self) -> bool:
        """Whether it is the session of a role."""
        return ":assumed-role/" in self.arn


async def caller_of(call: Call, engine: Engine) -> Caller:
    """The caller; one with an empty ARN for a key that does not exist."""
    identity = ministack.identity(await engine.account_of(call), call.access_key)
    if identity is None:
        return Caller("")
    return Caller(str(identity["userArn"]), str((identity["session"] or {}).get("SourcePrincipalArn", "")))


async def denial_names_both(call: Call, engine: Engine, go: Go) -> Answer:
    """AssumeRole: a denial names the caller and the role."""
    answer = await go()
    if answer.ok:
        return answer
    place = f" on resource: {escape(call.get('RoleArn'))}".encode()
    body = _WITHOUT_ROLE.sub(lambda found: found[1] + place, answer.body)
    caller = (await caller_of(call, engine)).arn
    return answer.with_body(_NAMELESS.sub(f"User: {caller} is not authorized".encode(), body))


def denial(caller: Caller, role: str) -> str:
    """AWS's message for a caller who does not get into a role, or asks for one that is not there."""
    return f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"


async def denied(call: Call, app: App, scope: Scope, body: bytes) -> Answer | None:
    """What MiniStack answers to a caller who may not make the call of IAM; None where he may."""
    if call.by_root:
        return None

    async def ask() -> Answer:
        ministack.ONLY_ASKED.set(True)
        return await answer_of(app, scope, body)

    # A task of its own: what it sets, and the caller's account that MiniStack keeps, end with it.
    answer = await asyncio.create_task(ask())
    return None if answer.ok else answer


def before(check: Check) -> Step:
    """A step that only looks before the call is made."""

    async def step(call: Call, engine: Engine, go: Go) -> Answer:
        await check(call, engine)
        return await go()

    return step


async def walk(steps: Sequence[Step], call: Call, engine: Engine, go: Go) -> Answer:
    """Take the steps, the first outermost, with ``go`` at the end."""
    for step in reversed(steps):
        go = partial(step, call, engine, go)
    return await go()
