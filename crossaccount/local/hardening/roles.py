"""What a role may be set to: its longest session.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html (``MaxSessionDuration``)
"""

from __future__ import annotations

from crossaccount.iam import quotas
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.engine import Engine
from crossaccount.local.hardening.refusal import constraint


async def session_duration(call: Call, engine: Engine) -> None:  # noqa: ARG001 - the form of a check
    """CreateRole and UpdateRole: one to twelve hours."""
    seconds = call.get("MaxSessionDuration")
    shortest, longest = quotas.MAX_SESSION_DURATION
    if seconds and not (seconds.isdecimal() and int(seconds) >= shortest):
        raise constraint("MaxSessionDuration", seconds, f"Member must have value greater than or equal to {shortest}")
    if seconds and int(seconds) > longest:
        raise constraint("MaxSessionDuration", seconds, f"Member must have value less than or equal to {longest}")
