"""AssumeRoleWithSAML as on AWS, which MiniStack does not have: the assertion is verified, then the role's trust.

In AWS's order: the form of the request, the provider in the role's account, the assertion against the provider's
metadata (``assertions``), the pair of role and provider in its attribute Role, the trust with the condition keys of the
assertion, the permissions to tag the session and to set a source identity, the length of the session.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html
"""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from crossaccount.local.asgi import Answer
from crossaccount.local.hardening import assertions, assume, ministack
from crossaccount.local.hardening.assertions import Assertion
from crossaccount.local.hardening.calls import Call, Refusal, text_of
from crossaccount.local.hardening.engine import Engine, Go
from crossaccount.local.hardening.policies import Arn

ACTION = "sts:AssumeRoleWithSAML"
SHORTEST_SECONDS = 900


async def answered(call: Call, engine: Engine, go: Go) -> Answer:  # noqa: ARG001 - MiniStack has no such call
    """The session's credentials."""
    role_arn, provider = call.get("RoleArn"), call.get("PrincipalArn")
    arn = Arn.of(role_arn)
    if arn is None or not arn.resource.startswith("role/"):
        raise Refusal("ValidationError", f"{role_arn} is invalid")
    assertion = assertions.read(call.get("SAMLAssertion"), await _metadata(provider, arn.account, engine), time.time())
    role = await assume.role_of(call, engine)
    if frozenset({role_arn, provider}) not in assertion.pairs or role is None:
        raise Refusal("AccessDenied", f"Not authorized to perform {ACTION}")
    keys = _keys(assertion, provider, arn.account)
    for action in (ACTION, *assertion.session.actions()):
        if not ministack.trusts(assume.trust_policy(role), provider, role_arn, action, keys):
            raise Refusal("AccessDenied", f"Not authorized to perform {action}")
    seconds = _seconds(call, assertion)
    if int(call.get("DurationSeconds") or 3600) > int(text_of(role, "MaxSessionDuration") or 3600):
        raise Refusal("ValidationError", assume.TOO_LONG)
    made = ministack.make_session(role_arn, assertion.session_name, seconds, assertion.session)
    return _answer(made, assertion, _qualifier(assertion.issuer, provider, arn.account))


async def _metadata(provider: str, account: str, engine: Engine) -> str:
    arn = Arn.of(provider)
    if arn is None or not arn.resource.startswith("saml-provider/"):
        raise Refusal("ValidationError", f"{provider} is invalid")
    found = await engine.find(account, "GetSAMLProvider", SAMLProviderArn=provider) if arn.account == account else None
    if found is None:
        raise Refusal("InvalidIdentityToken", "Specified provider doesn't exist")
    return text_of(found, "GetSAMLProviderResult/SAMLMetadataDocument")


def _keys(assertion: Assertion, provider: str, account: str) -> dict[str, Any]:
    """The condition keys of the request, in lower case."""
    return {
        **{f"saml:{name}": _one_or_many(values) for name, values in assertion.attributes.items() if values},
        "saml:aud": assertion.recipient,
        "saml:doc": f"{account}/{provider.rpartition('/')[2]}",
        "saml:iss": assertion.issuer,
        "saml:namequalifier": _qualifier(assertion.issuer, provider, account),
        "saml:sub": assertion.subject,
        "saml:sub_type": assertion.subject_type,
        "sts:rolesessionname": assertion.session_name,
        "aws:federatedprovider": provider,
        **assertion.session.keys(),
    }


def _one_or_many(values: Sequence[str]) -> str | list[str]:
    """One value by itself: MiniStack compares a list only with the operators for several values."""
    return values[0] if len(values) == 1 else list(values)


def _qualifier(issuer: str, provider: str, account: str) -> str:
    """ "BASE64 ( SHA1 ( "https://example.com/saml" + "123456789012" + "/MySAMLIdP" ) )" """
    text = f"{issuer}{account}/{provider.rpartition('/')[2]}"
    return base64.b64encode(hashlib.sha1(text.encode(), usedforsecurity=False).digest()).decode()


def _seconds(call: Call, assertion: Assertion) -> int:
    """The length of the session: as requested, but no longer than the identity provider's own session."""
    wanted = int(call.get("DurationSeconds") or 3600)
    left = wanted if assertion.ends is None else int(assertion.ends - time.time())
    if left < SHORTEST_SECONDS:
        raise Refusal("InvalidIdentityToken", f"SessionNotOnOrAfter is less than {SHORTEST_SECONDS} seconds away")
    return min(wanted, left)


def _answer(made: ministack.Made, assertion: Assertion, qualifier: str) -> Answer:
    given = {
        "Audience": assertion.recipient,
        "Issuer": assertion.issuer,
        "NameQualifier": qualifier,
        "Subject": assertion.subject,
        "SubjectType": assertion.subject_type,
        "SourceIdentity": assertion.session.source_identity,
    }
    said = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in given.items() if value)
    request_id = str(uuid.uuid4())
    body = (
        '<AssumeRoleWithSAMLResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithSAMLResult>'
        f"<Credentials><AccessKeyId>{made.access_key}</AccessKeyId><SecretAccessKey>{made.secret}</SecretAccessKey>"
        f"<SessionToken>{made.token}</SessionToken><Expiration>{made.expiration}</Expiration></Credentials>"
        f"<AssumedRoleUser><AssumedRoleId>{escape(made.id)}</AssumedRoleId><Arn>{escape(made.arn)}</Arn>"
        f"</AssumedRoleUser><PackedPolicySize>0</PackedPolicySize>{said}</AssumeRoleWithSAMLResult>"
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></AssumeRoleWithSAMLResponse>"
    ).encode()
    headers = (
        (b"content-type", b"text/xml"),
        (b"content-length", str(len(body)).encode()),
        (b"x-amzn-requestid", request_id.encode()),
    )
    return Answer(200, headers, body)
