"""Whose access key it is, where the making of the key was seen, and denials that say so.

MiniStack names the caller in most denials, and the role in some. AWS names both: "User: <ARN> is not authorized to
perform: sts:AssumeRole on resource: <ARN>". A key that was made unseen (a Lambda function's) stays without a name.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from crossaccount.local.hardening.answers import parsed, text_of
from crossaccount.local.hardening.asgi import Answer
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.engine import Engine
from crossaccount.local.hardening.step import Go

_NAMELESS = re.compile(rb"User:\s+is not authorized")
_WITHOUT_ROLE = re.compile(rb"(is not authorized to perform: sts:\w+\b)(?! on resource)")


async def access_key(call: Call, engine: Engine, go: Go) -> Answer:
    """CreateAccessKey: the new key is the user's."""
    answer = await go()
    if answer.ok:
        key = parsed(answer).find("CreateAccessKeyResult/AccessKey")
        user = await engine.user(await engine.account_of(call), text_of(key, "UserName"))
        engine.callers[text_of(key, "AccessKeyId")] = text_of(user, "Arn")
    return answer


async def session_token(call: Call, engine: Engine, go: Go) -> Answer:
    """GetSessionToken: the new session is the caller in another form, and no role's."""
    answer = await go()
    if answer.ok:
        key = text_of(parsed(answer), "GetSessionTokenResult/Credentials/AccessKeyId")
        engine.unchained.add(key)
        engine.callers[key] = engine.callers.get(call.access_key, "")
        if call.by_root:
            engine.root_sessions.add(key)
    return answer


async def role_session(call: Call, engine: Engine, go: Go) -> Answer:
    """AssumeRole: the new session is the role's; a denial names the caller and the role."""
    answer = await go()
    if answer.ok:
        result = parsed(answer).find("AssumeRoleResult")
        engine.callers[text_of(result, "Credentials/AccessKeyId")] = text_of(result, "AssumedRoleUser/Arn")
        return answer
    place = f" on resource: {escape(call.get('RoleArn'))}".encode()
    body = _WITHOUT_ROLE.sub(lambda found: found[1] + place, answer.body)
    if caller := engine.callers.get(call.access_key):
        body = _NAMELESS.sub(f"User: {caller} is not authorized".encode(), body)
    return answer.with_body(body)


def denial(call: Call, engine: Engine) -> str:
    """AWS's message for a caller who does not get into a role, or asks for one that is not there."""
    caller = engine.callers.get(call.access_key, "")
    return f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {call.get('RoleArn')}"
