"""Trusts forget a principal that is deleted: its ARN becomes its unique ID, everywhere.

On AWS a trust holds unique IDs and shows ARNs. When the user or role goes, nothing can be shown but the ID, and a new
one of the same name is somebody else. MiniStack keeps the ARN, and the newcomer would be let in.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html ("the principal ID
appears in resource-based policies because AWS can no longer map it back to a valid ARN")
"""

from __future__ import annotations

import json
from urllib.parse import unquote

from crossaccount.local.hardening.answers import text_of
from crossaccount.local.hardening.asgi import Answer
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.engine import Engine
from crossaccount.local.hardening.principals import named, renamed
from crossaccount.local.hardening.step import Go


async def forgotten(call: Call, engine: Engine, go: Go) -> Answer:
    """DeleteUser and DeleteRole."""
    kind = call.action.removeprefix("Delete")
    account = await engine.account_of(call)
    entity = await (engine.user if kind == "User" else engine.role)(account, call.get(f"{kind}Name"))
    answer = await go()
    if answer.ok and entity is not None:
        await rename_everywhere(text_of(entity, "Arn"), text_of(entity, f"{kind}Id"), engine)
    return answer


async def rename_everywhere(old: str, new: str, engine: Engine) -> None:
    """Put another principal in the place of one, in the trusts of all accounts."""
    for account in sorted(engine.accounts):
        for role in await engine.all(account, "ListRoles", "ListRolesResult/Roles"):
            document = json.loads(unquote(text_of(role, "AssumeRolePolicyDocument")))
            if old in named(document):
                await engine.ask(
                    account,
                    "UpdateAssumeRolePolicy",
                    RoleName=text_of(role, "RoleName"),
                    PolicyDocument=json.dumps(renamed(document, {old: new})),
                )
