"""AssumeRole as in AWS: the callers that can never assume a role, the role's exact ARN, and session durations.

A malformed request is refused first, as in AWS. Checks that would disclose something about the role come only after
MiniStack has allowed the caller. The session that MiniStack has made by then is dropped: nobody learns its keys.

There is one exception that AWS does not have: an account's root may assume a role of its account whose trust names a
service. It represents that service, because EC2 could not be rehearsed otherwise. Roots of other accounts are always
refused.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import unquote

from crossaccount.local.asgi import Answer
from crossaccount.local.hardening.calls import Call, Element, Refusal, constraint, text_of
from crossaccount.local.hardening.engine import Caller, Engine, Go, caller_of, denial
from crossaccount.local.hardening.policies import Arn, as_list, statements

_SESSION_DURATION = (900, 43200)
_CHAINED_SESSION_DURATION = 3600
TOO_LONG = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
_CHAINED = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
_TEXTS = {
    "RoleSessionName": (r"[\w+=,.@-]*", (2, 64)),
    "ExternalId": (r"[\w+=,.@:\/-]*", (2, 1224)),
}


async def well_formed(call: Call, engine: Engine) -> None:  # noqa: ARG001 - the form of a check
    """The parameters keep to their types."""
    for name, (pattern, (shortest, longest)) in _TEXTS.items():
        value = call.get(name)
        if not re.fullmatch(pattern, value, re.ASCII):
            raise constraint(name, value, f"Member must satisfy regular expression pattern: {pattern}")
        if len(value) > longest:
            raise constraint(name, value, f"Member must have length less than or equal to {longest}")
        if value and len(value) < shortest:
            raise constraint(name, value, f"Member must have length greater than or equal to {shortest}")
    seconds = call.get("DurationSeconds")
    shortest, longest = _SESSION_DURATION
    if seconds and not (seconds.isdecimal() and int(seconds) >= shortest):
        raise constraint("DurationSeconds", seconds, f"Member must have value greater than or equal to {shortest}")
    if seconds and int(seconds) > longest:
        raise constraint("DurationSeconds", seconds, f"Member must have value less than or equal to {longest}")


async def no_root(call: Call, engine: Engine) -> None:
    """Roots are refused, except a root that represents a service in its own account."""
    if not (await caller_of(call, engine)).is_root:
        return
    for_service = call.by_root and _services(await _role_of(call, await engine.account_of(call), engine))
    if not for_service:
        raise Refusal("AccessDenied", "Roles may not be assumed by root accounts.")


async def admitted(call: Call, engine: Engine, go: Go) -> Answer:
    """The role is the one that the ARN names, path included, and the session is not too long."""
    answer = await go()
    if answer.ok:
        caller = await caller_of(call, engine)
        role = await role_of(call, engine)
        if role is None:
            raise Refusal("AccessDenied", denial(caller, call.get("RoleArn")))
        seconds = int(call.get("DurationSeconds") or 3600)
        if seconds > _CHAINED_SESSION_DURATION and await _is_chained(caller, engine):
            raise Refusal("ValidationError", _CHAINED)
        if seconds > int(text_of(role, "MaxSessionDuration") or 3600):
            raise Refusal("ValidationError", TOO_LONG)
    return answer


async def _is_chained(caller: Caller, engine: Engine) -> bool:
    """Whether the caller is a role's session; AWS does not count an EC2 instance's, for which a root calls here."""
    if not caller.is_role_session:
        return False
    arn = Arn.of(caller.arn)
    role = await engine.role(arn.account, arn.resource.split("/")[1]) if arn is not None else None
    return not (caller.source.endswith(":root") and "ec2.amazonaws.com" in _services(role))


async def role_of(call: Call, engine: Engine) -> Element | None:
    """The role that the call's ARN names exactly, in whatever account."""
    arn = Arn.of(call.get("RoleArn"))
    return await _role_of(call, arn.account, engine) if arn is not None else None


async def _role_of(call: Call, account: str, engine: Engine) -> Element | None:
    """The role that the call's ARN names exactly, if it is in an account."""
    arn = Arn.of(call.get("RoleArn"))
    role = await engine.role(account, arn.name) if arn is not None and arn.account == account else None
    return role if text_of(role, "Arn") == call.get("RoleArn") else None


def trust_policy(role: Element | None) -> dict[str, object]:
    """A role's trust policy."""
    document = json.loads(unquote(text_of(role, "AssumeRolePolicyDocument")) or "{}")
    return document if isinstance(document, dict) else {}


def _services(role: Element | None) -> list[str]:
    """The services that a role's trust policy allows."""
    allowed = [item for item in statements(trust_policy(role)) if item.get("Effect") == "Allow"]
    principals = [item["Principal"] for item in allowed if isinstance(item.get("Principal"), Mapping)]
    return [str(name) for principal in principals for name in as_list(principal.get("Service"))]
