"""Whether a caller may make a call of IAM at all, asked of MiniStack without making the call.

AWS looks at permissions after the form of a request and before what it is about: a stranger never learns that a name is
taken. A check that stands before MiniStack would say so first; the layer therefore asks here before it refuses. While
it asks, MiniStack's IAM does nothing: signature, policies and boundary are judged as ever, and the call ends there.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
(authentication, then the request's context, then its evaluation, then the action)
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

from crossaccount.local.hardening.asgi import Answer, App, Scope, answer_of
from crossaccount.local.hardening.call import Call

ABOUT_FORM = ("InvalidAction", "ValidationError")
"""What AWS says of a request before it asks who makes it."""

_ONLY_ASKED: ContextVar[bool] = ContextVar("only_asked", default=False)


def make_askable() -> None:
    """Let MiniStack's IAM stand still while it is only asked; once in a process."""
    from ministack import app

    original = app.SERVICE_HANDLERS["iam"]

    async def handler(*request: Any) -> Any:
        return (200, {}, b"") if _ONLY_ASKED.get() else await original(*request)

    app.SERVICE_HANDLERS["iam"] = handler


async def denied(call: Call, app: App, scope: Scope, body: bytes) -> Answer | None:
    """What MiniStack answers to a caller who may not make the call of IAM; None where he may."""
    if call.by_root:
        return None

    async def ask() -> Answer:
        _ONLY_ASKED.set(True)
        return await answer_of(app, scope, body)

    # A task of its own: what it sets, and the caller's account that MiniStack keeps, end with it.
    answer = await asyncio.create_task(ask())
    return None if answer.ok else answer
