"""MiniStack from the inside: asked what there is, as the root of any account, past the hardening.

Owns what the checks may know (the accounts, users, roles and policies that exist) and the few things that AWS does by
itself afterwards. Nothing here is visible to clients. In MiniStack the 12 digits of an account are its root's access
key, and a root's signature is not verified, so no secret is needed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from urllib.parse import urlencode

from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.local.hardening.answers import Element, members, parsed, text_of, well_formed
from crossaccount.local.hardening.asgi import App, answer_of
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.refusal import Refusal

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
        """A user as GetUser shows it; an empty name is nobody, not the root."""
        found = await self.find(account, "GetUser", UserName=name) if name else None
        return found.find("GetUserResult/User") if found is not None else None
