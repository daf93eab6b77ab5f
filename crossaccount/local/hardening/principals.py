"""Trusts may only name principals that exist.

AWS turns the ARN of a user or a role in a trust policy into its unique ID when the policy is saved, and refuses the
policy where there is none: ``MalformedPolicyDocument`` "Invalid principal in policy". Accounts always exist. A unique
ID that is written in a policy is shown as the ARN of its owner.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from crossaccount.iam.arn import ACCOUNT_ID, Arn, parse_arn
from crossaccount.iam.documents import as_list, statements
from crossaccount.local.hardening.answers import text_of
from crossaccount.local.hardening.asgi import Answer
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.documents import invalid_principal
from crossaccount.local.hardening.engine import Engine
from crossaccount.local.hardening.refusal import Refusal
from crossaccount.local.hardening.step import Go

UNIQUE_IDS = {"AIDA": ("ListUsers", "User"), "AROA": ("ListRoles", "Role")}


async def existing(call: Call, engine: Engine, go: Go) -> Answer:
    """CreateRole and UpdateAssumeRolePolicy: every principal exists; unique IDs become ARNs."""
    parameter = "AssumeRolePolicyDocument" if call.action == "CreateRole" else "PolicyDocument"
    document = _document(call.get(parameter))
    owners: dict[str, str] = {}
    for principal in named(document):
        if principal[:4] in UNIQUE_IDS:
            owners[principal] = await _owner(principal, engine)
        elif not await _exists(principal, engine):
            raise Refusal("MalformedPolicyDocument", invalid_principal("AWS", principal))
    answer = await go()
    if owners and answer.ok:
        account = await engine.account_of(call)
        text = json.dumps(renamed(document, owners))
        await engine.ask(account, "UpdateAssumeRolePolicy", RoleName=call.get("RoleName"), PolicyDocument=text)
    return answer


def named(document: Mapping[str, Any]) -> Iterator[str]:
    """Every AWS principal that a trust policy names."""
    for statement in statements(document):
        principal = statement.get("Principal")
        if isinstance(principal, Mapping):
            yield from (str(value) for value in as_list(principal.get("AWS")))


def renamed(document: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The document with AWS principals replaced: ``names`` maps old to new."""

    def statement(old: dict[str, Any]) -> dict[str, Any]:
        principal = {"AWS": "*"} if old.get("Principal") == "*" else old.get("Principal")
        if not isinstance(principal, Mapping) or "AWS" not in principal:
            return old
        values = [names.get(value, value) for value in as_list(principal["AWS"])]
        return {**old, "Principal": {**principal, "AWS": values if len(values) > 1 else values[0]}}

    return {**document, "Statement": [statement(old) for old in statements(document)]}


def _document(text: str) -> dict[str, Any]:
    """The document; empty where it is none, which others refuse."""
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


async def _exists(principal: str, engine: Engine) -> bool:
    if principal == "*" or ACCOUNT_ID.match(principal):
        return True
    try:
        arn = parse_arn(principal)
    except ValueError:
        return False
    if arn.partition != "aws" or arn.region or not ACCOUNT_ID.match(arn.account):
        return False
    return await _entity_exists(arn, engine)


async def _entity_exists(arn: Arn, engine: Engine) -> bool:
    if arn.service == "sts":
        role = arn.resource.split("/")[1] if arn.resource.startswith("assumed-role/") else ""
        return arn.kind == "federated-user" or (bool(role) and await engine.role(arn.account, role) is not None)
    if arn.kind == "root":
        return arn.resource == "root"
    if arn.kind not in ("user", "role"):
        return False
    found = await (engine.user if arn.kind == "user" else engine.role)(arn.account, arn.name)
    return text_of(found, "Arn") == str(arn)


async def _owner(unique_id: str, engine: Engine) -> str:
    """The ARN of the user or role with a unique ID, in whatever account."""
    action, kind = UNIQUE_IDS[unique_id[:4]]
    for account in sorted(engine.accounts):
        for entity in await engine.all(account, action, f"{action}Result/{kind}s"):
            if text_of(entity, f"{kind}Id") == unique_id:
                return text_of(entity, "Arn")
    raise Refusal("MalformedPolicyDocument", invalid_principal("AWS", unique_id))
