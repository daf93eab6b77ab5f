"""Malformed policy documents, refused with AWS's messages.

MiniStack accepts nearly any document. What is malformed is decided by ``crossaccount.iam.validation``; here its first
error becomes the one sentence that IAM answers. As in AWS, an unknown user, group or role is reported first.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html, the pattern of
``policyDocumentType`` (U+0009, U+000A, U+000D, U+0020 to U+00FF) and IAM's messages as its users quote them.
"""

from __future__ import annotations

import json
import re
from typing import Any

from crossaccount.iam.documents import VERSION
from crossaccount.iam.problem import Problem, errors
from crossaccount.iam.validation import check_identity_policy, check_trust_policy
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.engine import Engine
from crossaccount.local.hardening.refusal import Refusal

_FOREIGN = re.compile(r"[^\t\n\r\u0020-\u00ff]")
_SYNTAX = "Syntax errors in policy."
_VERSION = "Policy document must be version 2012-10-17 or greater."
_ACTION_VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
_ACTION_COLONS = "Actions/Condition can contain only one colon."
_SID = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
_SIDS = "Statement IDs (SID) in a single policy must be unique."
_TRUST_ACTIONS = "AssumeRole policy may only specify STS AssumeRole actions."


async def trust(call: Call, engine: Engine) -> None:
    """CreateRole and UpdateAssumeRolePolicy."""
    parameter = "AssumeRolePolicyDocument" if call.action == "CreateRole" else "PolicyDocument"
    if call.action != "CreateRole" and await engine.role(await engine.account_of(call), call.get("RoleName")) is None:
        return
    for document in _read(call, parameter):
        _refuse(errors(check_trust_policy(document, "")), "trust")


async def managed(call: Call, engine: Engine) -> None:  # noqa: ARG001 - the form of a check
    """CreatePolicy and CreatePolicyVersion: a managed policy must be of the newer version."""
    for document in _read(call, "PolicyDocument"):
        _refuse(errors(check_identity_policy(document, "")), "identity")
        if isinstance(document, dict) and document.get("Version") != VERSION:
            raise Refusal("MalformedPolicyDocument", _VERSION)


async def inline(call: Call, engine: Engine) -> None:
    """PutUserPolicy, PutGroupPolicy and PutRolePolicy."""
    kind = call.action.removeprefix("Put").removesuffix("Policy")
    account = await engine.account_of(call)
    if await engine.find(account, f"Get{kind}", **{f"{kind}Name": call.get(f"{kind}Name")}) is None:
        return
    for document in _read(call, "PolicyDocument"):
        _refuse(errors(check_identity_policy(document, "")), "identity")


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


def _refuse(problems: list[Problem], kind: str) -> None:
    if problems:
        raise Refusal("MalformedPolicyDocument", _message(problems[0], kind))


def _message(problem: Problem, kind: str) -> str:
    """What IAM says for the first problem; "Syntax errors in policy." is its word for all the rest."""
    place = re.sub(r"\[\d+\]", "", problem.where)
    element = place.removeprefix("Statement").removeprefix(".").split(".")[0]
    if place == "Version":
        return _VERSION
    if place == "Statement":
        return _of_statement(problem)
    if element == "Sid":
        return _SIDS if "unique" in problem.what else _SID
    if element in ("Action", "NotAction"):
        return _of_action(problem, kind)
    if element in ("Resource", "NotResource"):
        return f"Has prohibited field {element}" if kind == "trust" else _of_resource(problem)
    if element in ("Principal", "NotPrincipal"):
        return _of_principal(problem, place) if kind == "trust" else "Policy document should not specify a principal."
    return _SYNTAX


def _of_statement(problem: Problem) -> str:
    both = isinstance(problem.got, list) and len(problem.got) == 2
    if both or not problem.what.startswith("needs exactly one of "):
        return _SYNTAX
    return {
        "Action": "Policy statement must contain actions.",
        "Resource": "Policy statement must contain resources.",
        "Principal": "Missing required field Principal",
    }[problem.what.removeprefix("needs exactly one of ").split()[0]]


def _of_action(problem: Problem, kind: str) -> str:
    if problem.what == "must not be empty":
        return "Policy statement must contain actions."
    if problem.what != "not an action":
        return _TRUST_ACTIONS if kind == "trust" else _SYNTAX
    action = str(problem.got)
    return _ACTION_VENDOR if ":" not in action else _ACTION_COLONS if action.count(":") > 1 else _SYNTAX


def _of_resource(problem: Problem) -> str:
    if problem.what == "must not be empty":
        return "Policy statement must contain resources."
    return f'Resource {problem.got} must be in ARN format or "*".' if isinstance(problem.got, str) else _SYNTAX


def _of_principal(problem: Problem, place: str) -> str:
    kind = place.rsplit(".", 1)[-1]
    if isinstance(problem.got, str) and kind in ("AWS", "Service", "Federated"):
        return invalid_principal(kind, problem.got)
    return _SYNTAX


def invalid_principal(kind: str, principal: str) -> str:
    """IAM's sentence for a principal that is malformed or does not exist."""
    return f'Invalid principal in policy: "{kind if kind == "AWS" else kind.upper()}":"{principal}"'
