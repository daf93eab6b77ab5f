"""ARNs and policy documents as the hardening reads them, and IAM's message for a malformed document.

This is a second reading of IAM's grammar, on purpose: it owes nothing to ``crossaccount.iam``, whose verdicts are tried
against the local AWS. IAM reports the first error; "Syntax errors in policy." is its word for all that has no sentence
of its own.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html,
reference_policies_elements_condition_operators.html, and IAM's messages as its users quote them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from typing import Any, Literal

Kind = Literal["identity", "trust"]

ACCOUNT_ID = re.compile(r"[0-9]{12}\Z")
VERSION = "2012-10-17"
WRONG_VERSION = "Policy document must be version 2012-10-17 or greater."

_SYNTAX = "Syntax errors in policy."
_ACTION_VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
_ACTION_COLONS = "Actions/Condition can contain only one colon."
_NO_ACTIONS = "Policy statement must contain actions."
_NO_RESOURCES = "Policy statement must contain resources."
_SID = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
_SIDS = "Statement IDs (SID) in a single policy must be unique."
_TRUST_ACTIONS = "AssumeRole policy may only specify STS AssumeRole actions."

_ELEMENTS = {
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"),
}
_ASSUMING = (
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:setcontext",
    "sts:setsourceidentity",
    "sts:tagsession",
)
_COMPARISONS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_STRINGS = ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
_OPERATORS = {
    *(f"String{each}" for each in _STRINGS),
    *(f"{kind}{each}" for kind, each in product(("Numeric", "Date"), _COMPARISONS)),
    *("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "IpAddress", "NotIpAddress"),
    *("Bool", "BinaryEquals", "Null"),
}
_OPERATOR = re.compile(r"(?:ForAllValues:|ForAnyValue:)?(\w+?)(IfExists)?")
_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")
_UNIQUE_ID = re.compile(r"(AROA|AIDA)[A-Z0-9]{12,124}")
_WHO = ("user", "role", "root", "assumed-role", "federated-user")


@dataclass(frozen=True)
class Arn:
    """``arn:<partition>:<service>:<region>:<account>:<resource>``."""

    text: str
    partition: str
    service: str
    region: str
    account: str
    resource: str

    @staticmethod
    def of(text: str) -> Arn | None:
        """The parts of an ARN; None for any other text."""
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn" or not parts[5]:
            return None
        return Arn(text, *parts[1:])

    @property
    def kind(self) -> str:
        """The first part of the resource: ``user``, ``role``, ``root`` …"""
        return self.resource.split("/", 1)[0]

    @property
    def name(self) -> str:
        """The last part of the resource: a role's name without its path."""
        return self.resource.rsplit("/", 1)[-1]


def as_list(value: Any) -> list[Any]:
    """IAM takes one value for a list of one."""
    return [] if value is None else value if isinstance(value, list) else [value]


def statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statements of a document."""
    return [each for each in as_list(document.get("Statement")) if isinstance(each, dict)]


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


def size(text: str) -> int:
    """The length that IAM's quotas count: characters that are not white space."""
    return len("".join(text.split()))


def invalid_principal(kind: str, principal: str) -> str:
    """IAM's sentence for a principal that is malformed or does not exist."""
    return f'Invalid principal in policy: "{kind if kind == "AWS" else kind.upper()}":"{principal}"'


def malformed(document: object, kind: Kind) -> str:
    """IAM's message for a malformed document; empty for one that it accepts."""
    if not isinstance(document, Mapping) or not set(document) <= {"Version", "Id", "Statement"}:
        return _SYNTAX
    if document.get("Version", VERSION) not in (VERSION, "2008-10-17"):
        return WRONG_VERSION
    found = as_list(document.get("Statement"))
    if not found:
        return _SYNTAX
    for statement in found:
        if message := _malformed_statement(statement, kind):
            return message
    sids = [statement["Sid"] for statement in found if statement.get("Sid")]
    return _SIDS if len(set(sids)) < len(sids) else ""


def _malformed_statement(statement: object, kind: Kind) -> str:
    if not isinstance(statement, Mapping) or not set(statement) <= _ELEMENTS:
        return _SYNTAX
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or not re.fullmatch(r"[0-9A-Za-z]*", sid):
        return _SID
    if statement.get("Effect") not in ("Allow", "Deny"):
        return _SYNTAX
    about = (_malformed_principals, _prohibited_resources) if kind == "trust" else (_principals, _malformed_resources)
    checks = (*((_malformed_actions, _trust_actions) if kind == "trust" else (_malformed_actions,)), *about)
    for check in (*checks, _malformed_condition):
        message: str = check(statement)
        if message:
            return message
    return ""


def _one_of(statement: Mapping[str, Any], element: str, missing: str) -> str:
    """Exactly one of ``X`` and ``NotX``, and not empty."""
    given = [statement[name] for name in (element, f"Not{element}") if name in statement]
    return _SYNTAX if len(given) > 1 else "" if given and as_list(given[0]) else missing


def _both(statement: Mapping[str, Any], element: str) -> list[Any]:
    return [*as_list(statement.get(element)), *as_list(statement.get(f"Not{element}"))]


def _malformed_actions(statement: Mapping[str, Any]) -> str:
    if message := _one_of(statement, "Action", _NO_ACTIONS):
        return message
    for action in _both(statement, "Action"):
        if not isinstance(action, str):
            return _SYNTAX
        if action not in ("*", "*:*") and not _ACTION.fullmatch(action):
            colons = action.count(":")
            return _SYNTAX if colons == 1 else _ACTION_COLONS if colons else _ACTION_VENDOR
    return ""


def _trust_actions(statement: Mapping[str, Any]) -> str:
    patterns = [str(action).lower() for action in as_list(statement.get("Action"))]
    # AWS's wildcards are * and ? alone; an action has no bracket that fnmatch would read.
    known = all(
        pattern.startswith("sts:") and any(fnmatchcase(each, pattern) for each in _ASSUMING) for pattern in patterns
    )
    return "" if known and "NotAction" not in statement else _TRUST_ACTIONS


def _principals(statement: Mapping[str, Any]) -> str:
    named = "Principal" in statement or "NotPrincipal" in statement
    return "Policy document should not specify a principal." if named else ""


def _malformed_principals(statement: Mapping[str, Any]) -> str:
    if message := _one_of(statement, "Principal", "Missing required field Principal"):
        return message
    if "NotPrincipal" in statement and statement["Effect"] == "Allow":
        return _SYNTAX
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if principal == "*":
        return ""
    if not isinstance(principal, Mapping) or not principal:
        return _SYNTAX
    for kind, values in principal.items():
        if kind not in ("AWS", "Service", "Federated", "CanonicalUser") or not as_list(values):
            return _SYNTAX
        for value in as_list(values):
            if not isinstance(value, str):
                return _SYNTAX
            if not value or (kind == "AWS" and not _is_aws(value)) or (kind == "Service" and not _is_service(value)):
                return invalid_principal(kind, value)
    return ""


def _is_service(principal: str) -> bool:
    return _SERVICE.fullmatch(principal) is not None


def _is_aws(principal: str) -> bool:
    if principal == "*" or ACCOUNT_ID.match(principal) or _UNIQUE_ID.fullmatch(principal):
        return True
    arn = Arn.of(principal)
    if arn is None or "*" in principal or "?" in principal:
        return False
    return arn.service in ("iam", "sts") and arn.kind in _WHO and ACCOUNT_ID.match(arn.account) is not None


def _prohibited_resources(statement: Mapping[str, Any]) -> str:
    element = next((name for name in ("Resource", "NotResource") if name in statement), None)
    return f"Has prohibited field {element}" if element else ""


def _malformed_resources(statement: Mapping[str, Any]) -> str:
    if message := _one_of(statement, "Resource", _NO_RESOURCES):
        return message
    for resource in _both(statement, "Resource"):
        if not isinstance(resource, str):
            return _SYNTAX
        if not _is_resource(resource):
            return f'Resource {resource} must be in ARN format or "*".'
    return ""


def _is_resource(text: str) -> bool:
    parts = text.split(":", 5)
    whole = len(parts) == 6 or (len(parts) > 2 and "*" in text)
    in_form = parts[0] == "arn" and whole and all(parts[1:3]) and not any(" " in part for part in parts[:5])
    return text == "*" or in_form


def _malformed_condition(statement: Mapping[str, Any]) -> str:
    condition = statement.get("Condition")
    if condition is None:
        return ""
    if not isinstance(condition, Mapping):
        return _SYNTAX
    for operator, keys in condition.items():
        found = _OPERATOR.fullmatch(operator)
        if found is None or found[1] not in _OPERATORS or (found[1] == "Null" and found[2]):
            return _SYNTAX
        if not isinstance(keys, Mapping) or not all(":" in key for key in keys):
            return _SYNTAX
        for values in keys.values():
            if not as_list(values) or not all(isinstance(each, (str, int, float, bool)) for each in as_list(values)):
                return _SYNTAX
    return ""
