"""UpdateUser and UpdateGroup, which MiniStack does not have: a new name or path, and still the same user or group.

A trust that names a user follows it, because on AWS a trust holds the unique ID.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html and API_UpdateGroup.html
"""

from __future__ import annotations

from crossaccount.local.hardening import store
from crossaccount.local.hardening.answers import parsed, text_of
from crossaccount.local.hardening.asgi import Answer
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.engine import Engine
from crossaccount.local.hardening.names import check_new_name, check_path
from crossaccount.local.hardening.refusal import Refusal
from crossaccount.local.hardening.step import Go
from crossaccount.local.hardening.unique_ids import rename_everywhere


async def moved(call: Call, engine: Engine, go: Go) -> Answer:
    """UpdateUser and UpdateGroup."""
    answer = await go()
    if text_of(parsed(answer), "Error/Code") != "InvalidAction":
        return answer  # whoever may not make the call
    kind = call.action.removeprefix("Update")
    account, old = await engine.account_of(call), call.get(f"{kind}Name")
    found = await engine.find(account, f"Get{kind}", **{f"{kind}Name": old}) if old else None
    if found is None:
        raise Refusal("NoSuchEntity", f"The {kind.lower()} with name {old} cannot be found.")
    entity = found.find(f"Get{kind}Result/{kind}")
    new = call.get(f"New{kind}Name") or old
    path = call.get("NewPath") or text_of(entity, "Path")
    check_path(path)
    if new != old:
        await check_new_name(kind, new, account, engine, except_for=old)
    (store.move_user if kind == "User" else store.move_group)(account, old, new, path)
    if kind == "User":
        await rename_everywhere(text_of(entity, "Arn"), f"arn:aws:iam::{account}:user{path}{new}", engine)
    return done(call)


def done(call: Call) -> Answer:
    """The answer of a call that has nothing to say."""
    root = f"{call.action}Response"
    body = (
        f'<{root} xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>local</RequestId>'
        f"</ResponseMetadata></{root}>"
    ).encode()
    headers = ((b"content-type", b"text/xml"), (b"content-length", str(len(body)).encode()))
    return Answer(200, headers, body)
