"""Inside one account a trust that names its principal is enough.

AWS lets a user or role assume a role of its own account when the trust policy names it, without an identity policy.
MiniStack wants both. So the call is made once more, with the missing permission in an inline policy of the caller that
is gone again before anything else is answered: explicit denies, boundaries and the trust's conditions keep their say.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html ("To allow a user to assume a role in
the same account, you can … add the user as a principal directly in the role's trust policy")
"""

from __future__ import annotations

import json
import re

from crossaccount.iam.arn import Arn, iam_arn, parse_arn
from crossaccount.local.hardening.answers import parsed, text_of
from crossaccount.local.hardening.asgi import Answer
from crossaccount.local.hardening.assume import trust_policy
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.engine import Engine
from crossaccount.local.hardening.principals import named
from crossaccount.local.hardening.step import Go

_MISSING = re.compile(r"User: (\S+) is not authorized to perform: sts:\w+ because no identity-based policy")
_POLICY = "crossaccount-local-same-account"


async def enough(call: Call, engine: Engine, go: Go) -> Answer:
    """AssumeRole."""
    answer = await go()
    found = _MISSING.search(text_of(parsed(answer), "Error/Message")) if answer.status == 403 else None
    if found is None:
        return answer
    caller, role = parse_arn(found[1]), parse_arn(call.get("RoleArn"))
    if caller.account != role.account or not await _is_named(caller, role, engine):
        return answer
    kind, name = ("User", caller.name) if caller.kind == "user" else ("Role", caller.resource.split("/")[1])
    policy = {f"{kind}Name": name, "PolicyName": _POLICY}
    async with engine.turn:
        await engine.ask(role.account, f"Put{kind}Policy", PolicyDocument=_grant(str(role)), **policy)
        try:
            again = await go()
        finally:
            await engine.ask(role.account, f"Delete{kind}Policy", **policy)
    return again if again.ok else answer


async def _is_named(caller: Arn, role: Arn, engine: Engine) -> bool:
    """Whether the role's trust names the caller: the user, the role behind a session, or the session itself."""
    principals = set(named(trust_policy(await engine.role(role.account, role.name))))
    names = {str(caller)}
    if caller.kind == "assumed-role":
        behind = await engine.role(caller.account, caller.resource.split("/")[1])
        names.add(text_of(behind, "Arn") or iam_arn(caller.account, "role/"))
    return bool(names & principals)


def _grant(role: str) -> str:
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": role}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
