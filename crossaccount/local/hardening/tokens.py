"""Web identity tokens: their claims, and the condition keys that AWS derives from them.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from crossaccount.local.hardening.calls import Refusal

KNOWN_TO_AWS = ("accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com")
"""Issuers that need no provider in the account."""
_EVERYWHERE = frozenset({"amr", "aud", "azp", "email", "oaud", "sub"})
_GITHUB = frozenset(
    {
        "actor",
        "actor_id",
        "enterprise_id",
        "environment",
        "job_workflow_ref",
        "ref",
        "repository",
        "repository_id",
        "repository_owner_id",
        "workflow",
    }
)
_OF_ISSUER = {
    r"token\.actions\.(githubusercontent\.com(/.+)?|[\w-]+\.ghe\.com)": _GITHUB,
    r"gitlab\.com": frozenset(
        {
            "namespace_id",
            "pipeline_source",
            "project_id",
            "ref_protected",
            "runner_environment",
            "user_access_level",
            "user_email",
            "user_id",
            "user_login",
        }
    ),
    r"agent\.buildkite\.com": frozenset(
        {
            "build_branch",
            "cluster_id",
            "cluster_name",
            "organization_id",
            "organization_slug",
            "pipeline_id",
            "pipeline_slug",
        }
    ),
    r"oidc\.circleci\.com/org/.+": frozenset({"oidc.circleci.com/project-id"}),
}
NOT_A_TOKEN = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"


def host_of(issuer: str) -> str:
    """An issuer in the form of its provider's ARN."""
    return issuer.removeprefix("https://").rstrip("/")


def passed_claims(issuer: str) -> frozenset[str]:
    """The claims of an issuer (without its scheme) that become condition keys."""
    own = next((claims for pattern, claims in _OF_ISSUER.items() if re.fullmatch(pattern, issuer)), frozenset[str]())
    return _EVERYWHERE | own


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token.

    Raises:
        Refusal: it is no token.
    """
    try:
        payload = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    except (ValueError, IndexError):
        raise Refusal("InvalidIdentityToken", NOT_A_TOKEN) from None
    if not isinstance(payload, dict):
        raise Refusal("InvalidIdentityToken", NOT_A_TOKEN)
    return payload


def keys_of(token: str) -> dict[str, Any]:
    """The condition keys of a token, in lower case.

    With an authorized party (``azp``) AWS passes that as ``aud``, and the audience as ``oaud``.
    """
    claims = claims_of(token)
    host = host_of(str(claims.get("iss", "")))
    if claims.get("azp"):
        claims = {**claims, "aud": claims["azp"], "oaud": claims.get("aud")}
    return {
        f"{host}:{name}".lower(): _text(claims[name]) for name in passed_claims(host) if claims.get(name) is not None
    }


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return [_text(each) for each in value] if isinstance(value, list) else str(value)
