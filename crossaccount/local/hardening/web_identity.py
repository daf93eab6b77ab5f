"""AssumeRoleWithWebIdentity as on AWS: the token is verified before the role's trust policy is evaluated.

The signature is verified in ``crossaccount.local.authentication``: a token that arrives here is signed by its issuer.
Verified here, in AWS's order: the form of the request, the claims that every token has, the provider in the role's
account, the audience, the dates, the session tags and the source identity that the token passes; and after MiniStack
has evaluated the trust, the role's path, the permissions to tag the session and to set a source identity, and the
length of the session. MiniStack accepts every token and answers with an invented subject, which is corrected.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html (errors),
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html (claims that are required) and
reference_policies_iam-condition-keys.html#condition-keys-wif (the claims that AWS passes).
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from crossaccount.local.asgi import Answer
from crossaccount.local.hardening import assume, ministack
from crossaccount.local.hardening.calls import Call, Refusal, parsed, text_of
from crossaccount.local.hardening.engine import Engine, Go
from crossaccount.local.hardening.policies import Arn
from crossaccount.local.hardening.session_parameters import of_claims
from crossaccount.local.hardening.tokens import KNOWN_TO_AWS, NOT_A_TOKEN, claims_of, host_of

_DENIED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
SKEW_SECONDS = 300
"""The largest accepted difference between clocks."""


async def verified(call: Call, engine: Engine) -> None:
    """The token is one that AWS accepts, from a provider of the role's account."""
    claims = claims_of(call.get("WebIdentityToken"))
    for name in ("iss", "sub", "aud", "exp", "iat"):
        if not claims.get(name):
            raise Refusal("InvalidIdentityToken", f"Missing a required claim: {name}")
    host = host_of(str(claims["iss"]))
    if host not in KNOWN_TO_AWS:
        await _has_audience(call, engine, claims)
    _is_in_time(claims)
    of_claims(claims)


async def _has_audience(call: Call, engine: Engine, claims: Mapping[str, Any]) -> None:
    issuer, arn = str(claims["iss"]), Arn.of(call.get("RoleArn"))
    if arn is None:
        return  # MiniStack says so
    provider = f"arn:aws:iam::{arn.account}:oidc-provider/{host_of(issuer)}"
    found = await engine.find(arn.account, "GetOpenIDConnectProvider", OpenIDConnectProviderArn=provider)
    if found is None or not issuer.startswith("https://"):
        raise Refusal("InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}")
    known = [each.text for each in found.findall("GetOpenIDConnectProviderResult/ClientIDList/member")]
    audience = claims.get("azp") or claims["aud"]
    if not set(audience if isinstance(audience, list) else [audience]) & set(known):
        raise Refusal("InvalidIdentityToken", "Incorrect token audience")


def _is_in_time(claims: Mapping[str, Any]) -> None:
    now = time.time()
    try:
        expires, begins = float(claims["exp"]), float(claims.get("nbf") or claims["iat"])
    except (TypeError, ValueError):
        raise Refusal("InvalidIdentityToken", NOT_A_TOKEN) from None
    if now >= expires:
        dates = (datetime.fromtimestamp(each, UTC).isoformat() for each in (now, expires))
        message = "Token expired: current date/time {} must be before the expiration date/time {}".format(*dates)
        raise Refusal("ExpiredTokenException", message)
    if begins > now + SKEW_SECONDS:
        raise Refusal("InvalidIdentityToken", "Token is not yet valid")


async def admitted(call: Call, engine: Engine, go: Go) -> Answer:
    """The role is the one that the ARN names, the session is not too long, and the answer names the token's subject."""
    answer = await go()
    if not answer.ok:
        return answer
    role = await assume.role_of(call, engine)
    if role is None:
        raise Refusal("AccessDenied", _DENIED)
    if int(call.get("DurationSeconds") or 3600) > int(text_of(role, "MaxSessionDuration") or 3600):
        raise Refusal("ValidationError", assume.TOO_LONG)
    token = call.get("WebIdentityToken")
    claims = claims_of(token)
    host, account = host_of(str(claims["iss"])), Arn.of(call.get("RoleArn"))
    provider = (
        host if host in KNOWN_TO_AWS else f"arn:aws:iam::{account.account if account else ''}:oidc-provider/{host}"
    )
    passed = of_claims(claims)
    for action in passed.actions():
        keys = {**ministack.keys_of_request(token, provider), "sts:rolesessionname": call.get("RoleSessionName")}
        if not ministack.trusts(assume.trust_policy(role), provider, call.get("RoleArn"), action, keys):
            raise Refusal("AccessDenied", f"Not authorized to perform {action}")
    ministack.pass_to_session(text_of(parsed(answer), f"{_RESULT}/Credentials/AccessKeyId"), passed)
    audience = claims["aud"][0] if isinstance(claims["aud"], list) else claims["aud"]
    made = {"SubjectFromWebIdentityToken": claims["sub"], "Audience": audience, "Provider": provider}

    def mended(found: re.Match[str]) -> str:
        return f"<{found[1]}>{escape(str(made[found[1]]))}</{found[1]}>"

    body = re.sub(rf"<({'|'.join(made)})>[^<]*</\1>", mended, answer.body.decode("utf-8", "replace"))
    if passed.source_identity:
        said = f"<SourceIdentity>{escape(passed.source_identity)}</SourceIdentity></{_RESULT}>"
        body = body.replace(f"</{_RESULT}>", said)
    return answer.with_body(body.encode())


_RESULT = "AssumeRoleWithWebIdentityResult"
