"""The layer itself: IAM and STS calls take their steps, everything else passes with its body unread."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext

from crossaccount.local.asgi import (
    Answer,
    App,
    Disconnected,
    Receive,
    Scope,
    Send,
    answer_of,
    header,
    read_body,
    send_answer,
)
from crossaccount.local.clients import TIME_HEADER
from crossaccount.local.hardening import assume, details, documents, entities, mfa, ministack, saml, web_identity
from crossaccount.local.hardening.calls import (
    Call,
    Refusal,
    is_inspected,
    read_call,
    speaks_json,
    well_formed,
)
from crossaccount.local.hardening.clock import CLOCK
from crossaccount.local.hardening.engine import ABOUT_FORM, Engine, Step, before, denial_names_both, denied, walk
from crossaccount.local.hardening.policies import ACCOUNT_ID

_POLICIES = before(details.present)
_NAMES = before(entities.usable)
_TRUST = (before(documents.trust), before(documents.trust_fits), documents.existing)
_MANAGED = (before(documents.managed), before(documents.managed_fits))
_INLINE = (before(documents.inline), before(documents.inline_fits))
_ATTACH = (_POLICIES, before(entities.attachable))
_DELETE = before(entities.nothing_left)

STEPS: Mapping[str, tuple[Step, ...]] = {
    "AddRoleToInstanceProfile": (before(entities.passable),),
    "AddUserToGroup": (before(entities.room_for_group),),
    "AssumeRole": (
        before(assume.well_formed),
        before(assume.no_root),
        mfa.authenticated,
        _POLICIES,
        assume.admitted,
        denial_names_both,
    ),
    "AssumeRoleWithSAML": (before(assume.well_formed), saml.answered),
    "AssumeRoleWithWebIdentity": (
        before(assume.well_formed),
        before(web_identity.verified),
        web_identity.admitted,
    ),
    "AttachGroupPolicy": _ATTACH,
    "AttachRolePolicy": _ATTACH,
    "AttachUserPolicy": _ATTACH,
    "CreateAccessKey": (before(entities.room_for_access_key),),
    "CreateGroup": (_NAMES,),
    "CreateInstanceProfile": (_NAMES,),
    "CreatePolicy": (_NAMES, *_MANAGED),
    "CreatePolicyVersion": _MANAGED,
    "CreateRole": (_NAMES, before(entities.session_duration), *_TRUST, _POLICIES),
    "CreateUser": (_NAMES, _POLICIES),
    "CreateVirtualMFADevice": (mfa.seeded,),
    "DeleteGroup": (_DELETE,),
    "DeletePolicy": (before(entities.one_version),),
    "DeleteRole": (_DELETE, documents.forgotten),
    "DeleteUser": (_DELETE, documents.forgotten),
    "EnableMFADevice": (before(mfa.enabled),),
    "GetAccountAuthorizationDetails": (details.complete,),
    "GetPolicy": (_POLICIES,),
    "GetPolicyVersion": (_POLICIES,),
    "GetSessionToken": (mfa.authenticated,),
    "ListEntitiesForPolicy": (_POLICIES,),
    "ListPolicyVersions": (_POLICIES,),
    "PutGroupPolicy": _INLINE,
    "PutRolePermissionsBoundary": (_POLICIES,),
    "PutRolePolicy": _INLINE,
    "PutUserPermissionsBoundary": (_POLICIES,),
    "PutUserPolicy": _INLINE,
    "UpdateAssumeRolePolicy": _TRUST,
    "UpdateGroup": (entities.moved,),
    "UpdateRole": (before(entities.session_duration), entities.description_taken_away),
    "UpdateUser": (entities.moved,),
}
"""Which steps each action takes, the outermost first: what AWS reports first stands first."""


def _set_clock(call: Call, scope: Scope) -> None:
    """Set the time of date conditions, if a root says so.

    Raises:
        Refusal: the time cannot be read.
    """
    if (text := header(scope, TIME_HEADER)) and ACCOUNT_ID.match(call.access_key):
        try:
            CLOCK.obey(text)
        except ValueError as error:
            raise Refusal("ValidationError", str(error)) from None


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
            _set_clock(call, scope)
            answer = await self._answer(call, scope, body)
        except Refusal as refusal:
            answer = refusal.answer(call.service)
        await send_answer(send, answer)

    async def _answer(self, call: Call, scope: Scope, body: bytes) -> Answer:
        if speaks_json(scope):
            raise Refusal("InvalidAction", "IAM and STS speak AWS's query protocol only")

        async def go() -> Answer:
            return well_formed(await answer_of(self._app, scope, body))

        token = ministack.CURRENT_CALL.set(call)
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
            ministack.CURRENT_CALL.reset(token)

    def _turn(self, call: Call) -> AbstractAsyncContextManager[object]:
        """IAM calls one after another, so that what a check has seen still holds when the call is made."""
        return self._engine.turn if call.service == "iam" else nullcontext()
