"""Who makes a call, and denials that say so.

MiniStack names the caller in most denials, and the role in some. AWS names both: "User: <ARN> is not authorized to
perform: sts:AssumeRole on resource: <ARN>". Who a key belongs to is MiniStack's to say; that the key is used rightly it
has checked by itself, or will.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.sax.saxutils import escape

from crossaccount.local.hardening import store
from crossaccount.local.hardening.asgi import Answer
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.engine import Engine
from crossaccount.local.hardening.step import Go

_NAMELESS = re.compile(rb"User:\s+is not authorized")
_WITHOUT_ROLE = re.compile(rb"(is not authorized to perform: sts:\w+\b)(?! on resource)")


@dataclass(frozen=True)
class Caller:
    """Whose access key it is. ``source`` is who made the session of a temporary key, empty where nobody did."""

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
    """The caller; nobody, with an empty ARN, for a key that does not exist."""
    identity = store.identity(await engine.account_of(call), call.access_key)
    if identity is None:
        return Caller("")
    return Caller(str(identity["userArn"]), str((identity["session"] or {}).get("SourcePrincipalArn", "")))


async def named(call: Call, engine: Engine, go: Go) -> Answer:
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
