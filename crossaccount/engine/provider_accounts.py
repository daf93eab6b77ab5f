"""The account of a provider of Pulumi's AWS package, as far as its inputs show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossaccount.iam.arn import is_arn, parse_arn
from crossaccount.iam.json_text import parse_json

AWS_PROVIDERS = ("pulumi:providers:aws", "pulumi:providers:aws-native")
_OWN_CREDENTIALS = ("accessKey", "assumeRoleWithWebIdentity", "profile", "sharedCredentialsFiles", "token")


def account_of(inputs: Mapping[str, Any], otherwise: str = "") -> str:
    """The account. ``otherwise`` if the inputs choose no credentials; empty if only the credentials determine it."""
    if allowed := nested(inputs.get("allowedAccountIds")):
        return str(allowed[0])
    roles = nested(inputs.get("assumeRoles")) or [nested(inputs.get("assumeRole"))]
    last = roles[-1] or {}
    # Pulumi keeps a dictionary's keys in the program's spelling.
    arn = str(last.get("roleArn") or last.get("role_arn") or "") if isinstance(last, Mapping) else ""
    if arn:
        return parse_arn(arn).account if is_arn(arn) and arn.count(":") >= 5 else ""
    return "" if any(inputs.get(key) for key in _OWN_CREDENTIALS) else otherwise


def nested(value: Any) -> Any:
    """A nested value of a provider's inputs, which Pulumi passes as JSON text."""
    try:
        return parse_json(value) if isinstance(value, str) else value
    except ValueError:
        return None
