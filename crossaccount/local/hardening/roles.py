"""What a role may be set to: its longest session, and no description.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html and API_UpdateRole.html
"""

from __future__ import annotations

from crossaccount.iam import quotas
from crossaccount.local.hardening import store
from crossaccount.local.hardening.asgi import Answer
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.engine import Engine
from crossaccount.local.hardening.refusal import constraint
from crossaccount.local.hardening.step import Go


async def session_duration(call: Call, engine: Engine) -> None:  # noqa: ARG001 - the form of a check
    """CreateRole and UpdateRole: one to twelve hours."""
    seconds = call.get("MaxSessionDuration")
    shortest, longest = quotas.MAX_SESSION_DURATION
    if seconds and not (seconds.isdecimal() and int(seconds) >= shortest):
        raise constraint("MaxSessionDuration", seconds, f"Member must have value greater than or equal to {shortest}")
    if seconds and int(seconds) > longest:
        raise constraint("MaxSessionDuration", seconds, f"Member must have value less than or equal to {longest}")


async def description_taken_away(call: Call, engine: Engine, go: Go) -> Answer:
    """UpdateRole with an empty description, which MiniStack does not see."""
    answer = await go()
    if answer.ok and call.params.get("Description") == "":
        store.clear_description(await engine.account_of(call), call.get("RoleName"))
    return answer
