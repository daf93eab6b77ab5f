"""Policy documents in a call: well-formed, not too large, and naming only principals that exist.

MiniStack accepts nearly any document of any length, and trusts that name nobody. AWS turns the ARN of a user or a role
in a trust policy into its unique ID when the policy is saved, refuses the policy where there is none, and shows the
owner's ARN. When the user or role goes, nothing can be shown but the ID, and a new one of the same name is somebody
else. MiniStack keeps the ARN, so its trusts are rewritten here. As in AWS, an unknown user, group or role is reported
before what is wrong with the document.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html ("the principal ID
appears in resource-based policies because AWS can no longer map it back to a valid ARN"), reference_iam-quotas.html
(characters without white space; inline policies share one quota per user, group or role), and the pattern of
``policyDocumentType`` (U+0009, U+000A, U+000D, U+0020 to U+00FF)
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from crossaccount.local.asgi import Answer
from crossaccount.local.hardening import policies
from crossaccount.local.hardening.calls import Call, Refusal, exceeded, text_of
from crossaccount.local.hardening.engine import Engine, Go
from crossaccount.local.hardening.policies import ACCOUNT_ID, Arn

TRUST_POLICY = ("ACLSizePerRole", 2048)
MANAGED_POLICY = ("PolicySize", 6144)
_INLINE = {"User": ("UserPolicySize", 2048), "Group": ("GroupPolicySize", 5120), "Role": ("RolePolicySize", 10240)}
UNIQUE_IDS = {"AIDA": ("ListUsers", "User"), "AROA": ("ListRoles", "Role")}

_FOREIGN = re.compile(r"[^\t\n\r\u0020-\u00ff]")


async def trust(call: Call, engine: Engine) -> None:
    """CreateRole and UpdateAssumeRolePolicy."""
    parameter = "AssumeRolePolicyDocument" if call.action == "CreateRole" else "PolicyDocument"
    if call.action != "CreateRole" and await engine.role(await engine.account_of(call), call.get("RoleName")) is None:
        return
    for document in _read(call, parameter):
        _refuse(document, "trust")


async def managed(call: Call, engine: Engine) -> None:  # noqa: ARG001 - the form of a check
    """CreatePolicy and CreatePolicyVersion: a managed policy must be of the newer version."""
    for document in _read(call, "PolicyDocument"):
        _refuse(document, "identity")
        if isinstance(document, dict) and document.get("Version") != policies.VERSION:
            raise Refusal("MalformedPolicyDocument", policies.WRONG_VERSION)


async def inline(call: Call, engine: Engine) -> None:
    """PutUserPolicy, PutGroupPolicy and PutRolePolicy."""
    kind = call.action.removeprefix("Put").removesuffix("Policy")
    account = await engine.account_of(call)
    if await engine.find(account, f"Get{kind}", **{f"{kind}Name": call.get(f"{kind}Name")}) is None:
        return
    for document in _read(call, "PolicyDocument"):
        _refuse(document, "identity")


def _read(call: Call, parameter: str) -> list[Any]:
    """The document in a parameter; none where it is absent, which no SDK lets pass.

    Raises:
        Refusal: it is not JSON, or has characters that IAM does not take.
    """
    text = call.get(parameter)
    if parameter not in call.params:
        return []
    if _FOREIGN.search(text):
        name = f"{parameter[:1].lower()}{parameter[1:]}"
        what = f"The specified value for {name} is invalid. It must contain only printable ASCII characters."
        raise Refusal("ValidationError", what)
    try:
        return [json.loads(text)]
    except ValueError:
        raise Refusal("MalformedPolicyDocument", "This policy contains invalid Json") from None


def _refuse(document: Any, kind: policies.Kind) -> None:
    message = policies.malformed(document, kind)
    if message:
        raise Refusal("MalformedPolicyDocument", message)


async def trust_fits(call: Call, engine: Engine) -> None:  # noqa: ARG001 - the form of a check
    """CreateRole and UpdateAssumeRolePolicy."""
    text = call.get("AssumeRolePolicyDocument" if call.action == "CreateRole" else "PolicyDocument")
    if policies.size(text) > TRUST_POLICY[1]:
        raise exceeded(*TRUST_POLICY)


async def managed_fits(call: Call, engine: Engine) -> None:  # noqa: ARG001 - the form of a check
    """CreatePolicy and CreatePolicyVersion."""
    if policies.size(call.get("PolicyDocument")) > MANAGED_POLICY[1]:
        raise exceeded(*MANAGED_POLICY)


async def inline_fits(call: Call, engine: Engine) -> None:
    """PutUserPolicy, PutGroupPolicy and PutRolePolicy: all inline policies of the owner together."""
    kind = call.action.removeprefix("Put").removesuffix("Policy")
    name = call.get(f"{kind}Name")
    account = await engine.account_of(call)
    used = policies.size(call.get("PolicyDocument"))
    listed = await engine.all(
        account, f"List{kind}Policies", f"List{kind}PoliciesResult/PolicyNames", **{f"{kind}Name": name}
    )
    for policy in (element.text or "" for element in listed):
        if policy != call.get("PolicyName"):
            found = await engine.find(account, f"Get{kind}Policy", **{f"{kind}Name": name, "PolicyName": policy})
            used += policies.size(unquote(text_of(found, f"Get{kind}PolicyResult/PolicyDocument")))
    limit = _INLINE[kind][1]
    if used > limit:
        what = f"Maximum policy size of {limit} bytes exceeded for {kind.lower()} {name}"
        raise Refusal("LimitExceeded", what)


async def existing(call: Call, engine: Engine, go: Go) -> Answer:
    """CreateRole and UpdateAssumeRolePolicy: every principal exists; unique IDs become ARNs."""
    parameter = "AssumeRolePolicyDocument" if call.action == "CreateRole" else "PolicyDocument"
    document = _document(call.get(parameter))
    owners: dict[str, str] = {}
    for principal in policies.named(document):
        if principal[:4] in UNIQUE_IDS:
            owners[principal] = await _owner(principal, engine)
        elif not await _exists(principal, engine):
            raise Refusal("MalformedPolicyDocument", policies.invalid_principal("AWS", principal))
    answer = await go()
    if owners and answer.ok:
        account = await engine.account_of(call)
        text = json.dumps(policies.renamed(document, owners))
        await engine.ask(account, "UpdateAssumeRolePolicy", RoleName=call.get("RoleName"), PolicyDocument=text)
    return answer


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
    arn = Arn.of(principal)
    if arn is None or arn.partition != "aws" or arn.region or not ACCOUNT_ID.match(arn.account):
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
    return text_of(found, "Arn") == arn.text


async def _owner(unique_id: str, engine: Engine) -> str:
    """The ARN of the user or role with a unique ID, in whatever account."""
    action, kind = UNIQUE_IDS[unique_id[:4]]
    for account in sorted(engine.accounts):
        for entity in await engine.all(account, action, f"{action}Result/{kind}s"):
            if text_of(entity, f"{kind}Id") == unique_id:
                return text_of(entity, "Arn")
    raise Refusal("MalformedPolicyDocument", policies.invalid_principal("AWS", unique_id))


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
            if old in policies.named(document):
                await engine.ask(
                    account,
                    "UpdateAssumeRolePolicy",
                    RoleName=text_of(role, "RoleName"),
                    PolicyDocument=json.dumps(policies.renamed(document, {old: new})),
                )
