"""The ASGI layer itself: IAM and STS calls take their steps, everything else passes with its body unread."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext

from crossaccount.local.hardening.answers import well_formed
from crossaccount.local.hardening.asgi import (
    Answer,
    App,
    Disconnected,
    Receive,
    Scope,
    Send,
    answer_of,
    read_body,
    send_answer,
)
from crossaccount.local.hardening.call import Call, is_inspected, read_call, speaks_json
from crossaccount.local.hardening.engine import Engine
from crossaccount.local.hardening.evaluation import CURRENT_CALL
from crossaccount.local.hardening.permission import ABOUT_FORM, denied
from crossaccount.local.hardening.refusal import Refusal
from crossaccount.local.hardening.step import walk
from crossaccount.local.hardening.steps import STEPS


class Hardened:
    """MiniStack's application with AWS's strictness around it."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._engine = Engine(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if not is_inspected(scope):
            await self._app(scope, receive, send)
            return
        try:
            body = await read_body(receive)
        except Disconnected:
            return
        call = read_call(scope, body)
        self._engine.note(call)
        try:
            answer = await self._answer(call, scope, body)
        except Refusal as refusal:
            answer = refusal.answer(call.service)
        await send_answer(send, answer)

    async def _answer(self, call: Call, scope: Scope, body: bytes) -> Answer:
        if speaks_json(scope):
            raise Refusal("InvalidAction", "IAM and STS speak AWS's query protocol only")

        async def go() -> Answer:
            return well_formed(await answer_of(self._app, scope, body))

        token = CURRENT_CALL.set(call)
        try:
            async with self._turn(call):
                return await walk(STEPS.get(call.action, ()), call, self._engine, go)
        except Refusal as refusal:
            if call.service != "iam" or refusal.code in ABOUT_FORM:
                raise
            if (answer := await denied(call, self._app, scope, body)) is None:
                raise
            return well_formed(answer)
        finally:
            CURRENT_CALL.reset(token)

    def _turn(self, call: Call) -> AbstractAsyncContextManager[object]:
        """IAM calls one after another, so that what a check has seen still holds when the call is made."""
        return self._engine.turn if call.service == "iam" else nullcontext()
