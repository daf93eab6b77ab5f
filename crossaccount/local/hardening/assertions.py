"""SAML responses as AWS takes them: signed by the provider, for AWS, in time; and what they say of the user.

Only what the signature covers is read: a response whose signed part is not the response or the assertion itself is
refused, so nothing can be wrapped around it. The certificates are those of the provider's metadata. A document type
declaration is refused before anything else. signxml verifies; it takes no SHA-1.

Messages are AWS's where its users quote them.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html,
reference_policies_iam-condition-keys.html#condition-keys-saml and
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crossaccount.local.hardening.calls import Refusal
from crossaccount.local.hardening.session_parameters import SessionParameters, checked

NS = {
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
SIGN_IN = re.compile(r"https://([a-z0-9-]+\.)?signin\.(aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)/saml")
AUDIENCES = ("urn:amazon:webservices", "urn:amazon:webservices:cn-north-1", "urn:amazon:webservices:govcloud")
MINUTES = 5
"""How long after it was issued a response can be used, and how much clocks may differ."""
_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EDUPERSON = {f"urn:oid:1.3.6.1.4.1.5923.1.1.1.{number}": f"eduperson{name}" for number, name in enumerate((
    "affiliation", "nickname", "orgdn", "orgunitdn", "primaryaffiliation", "principalname", "entitlement",
    "primaryorgunitdn", "scopedaffiliation", "targetedid", "assurance"), 1)}  # fmt: skip
_EDUORG = {f"urn:oid:1.3.6.1.4.1.5923.1.2.1.{number}": f"eduorg{name}" for number, name in enumerate((
    "homepageuri", "identityauthnpolicyuri", "legalname", "superioruri", "whitepagesuri"), 2)}  # fmt: skip
_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
PASSED: Mapping[str, str] = {
    **_EDUPERSON,
    **_EDUORG,
    f"{_CLAIMS}/name": "name",
    "http://schemas.xmlsoap.org/claims/CommonName": "commonname",
    f"{_CLAIMS}/givenname": "givenname",
    f"{_CLAIMS}/surname": "surname",
    f"{_CLAIMS}/emailaddress": "mail",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid": "primarygroupsid",
    "urn:oid:2.5.4.3": "cn",
    "urn:oid:2.5.4.45": "x500uniqueidentifier",
    "urn:oid:0.9.2342.19200300.100.1.1": "uid",
    "urn:oid:0.9.2342.19200300.100.1.45": "organizationstatus",
}
"""The names of attributes that AWS passes as condition keys ``saml:…``, with their keys in lower case."""


@dataclass(frozen=True)
class Assertion:
    """What a verified response says. ``ends`` is when the identity provider's own session ends, in seconds."""

    issuer: str
    recipient: str
    subject: str
    format: str
    session_name: str
    pairs: tuple[frozenset[str], ...]
    """The role and the provider of each value of the attribute Role."""
    attributes: Mapping[str, Sequence[str]]
    """The attributes that are condition keys, by key without ``saml:``."""
    session: SessionParameters
    ends: float | None = None

    @property
    def subject_type(self) -> str:
        """The format of the subject's name, without the prefix of SAML 2.0."""
        return self.format.removeprefix(_FORMAT)


def read(encoded: str, metadata: str, now: float) -> Assertion:
    """What a base64-encoded response says, verified against a provider's metadata. ``now`` is in seconds.

    Raises:
        Refusal: AWS would not take it.
    """
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise _invalid("Invalid base64 SAMLResponse") from None
    response = _parsed(raw, "SAML Assertion is not valid XML")
    issuer, certificates = _metadata(metadata)
    assertion = _signed(response, raw, certificates)
    if _text(assertion, "saml:Issuer") != issuer:
        raise _invalid("Issuer not present in specified provider")
    if (status := response.find("samlp:Status/samlp:StatusCode", NS)) is not None and status.get("Value") != _SUCCESS:
        raise Refusal("IDPRejectedClaim", "The identity provider reported that authentication failed")
    recipient = _in_time(assertion, now)
    attributes = dict(_attributes(assertion))
    own = {name.removeprefix(ATTRIBUTES): values for name, values in attributes.items() if name.startswith(ATTRIBUTES)}
    named = assertion.find("saml:Subject/saml:NameID", NS)
    if named is None or not (named.text or "").strip():
        raise _invalid("SAML Assertion must contain a NameID")
    return Assertion(
        issuer,
        recipient,
        str(named.text).strip(),
        named.get("Format") or f"{_FORMAT}unspecified",
        _session_name(own),
        tuple(frozenset(part.strip() for part in value.split(",")) for value in own.get("Role", ())),
        {PASSED[name]: values for name, values in attributes.items() if name in PASSED},
        _session(own),
        _ends(assertion),
    )


def _parsed(raw: bytes, what: str) -> Any:
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise _invalid(what) from None
    if root.getroottree().docinfo.doctype:
        raise _invalid(what)
    return root


def _metadata(text: str) -> tuple[str, list[str]]:
    """The entity's ID and its certificates for signatures."""
    root = _parsed(text.encode(), "Could not parse metadata")
    keys = root.findall("md:IDPSSODescriptor/md:KeyDescriptor", NS)
    found = [each.findall(".//ds:X509Certificate", NS) for each in keys if each.get("use") in (None, "signing")]
    certificates = ["".join((each.text or "").split()) for one in found for each in one]
    if not certificates:
        raise _invalid("The provider's metadata has no certificate for signatures")
    return str(root.get("entityID") or ""), certificates


def _signed(response: Any, raw: bytes, certificates: Sequence[str]) -> Any:
    """The assertion that the signature covers.

    Raises:
        Refusal: no certificate verifies a signature of the response or of its one assertion.
    """
    from signxml import XMLVerifier
    from signxml.exceptions import InvalidInput, SignXMLException
    from signxml.verifier import SignatureConfiguration

    if response.tag != f"{{{NS['samlp']}}}Response" or len(response.findall("saml:Assertion", NS)) != 1:
        raise _invalid("The response must have exactly one assertion that is not encrypted")
    of_response = response.find("ds:Signature", NS) is not None
    config = SignatureConfiguration(location="./" if of_response else f"./{{{NS['saml']}}}Assertion/")
    for certificate in certificates:
        try:
            found = XMLVerifier().verify(raw, x509_cert=certificate, expect_config=config).signed_xml
        except (SignXMLException, InvalidInput, ValueError):
            continue
        assertion = found.find("saml:Assertion", NS) if of_response and found is not None else found
        expected = f"{{{NS['samlp']}}}Response" if of_response else f"{{{NS['saml']}}}Assertion"
        if found is not None and found.tag == expected and assertion is not None:
            return assertion
    raise _invalid("Response signature invalid")


def _in_time(assertion: Any, now: float) -> str:
    """The recipient of an assertion that is for AWS and can be used now."""
    if now - _moment(assertion.get("IssueInstant")) > MINUTES * 60:
        raise Refusal("ExpiredTokenException", f"Token must be redeemed within {MINUTES} minutes of issuance")
    conditions = assertion.find("saml:Conditions", NS)
    data = assertion.findall("saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData", NS)
    if len(data) != 1 or not data[0].get("NotOnOrAfter") or not data[0].get("Recipient"):
        raise _invalid("Response must have one SubjectConfirmationData with NotOnOrAfter and Recipient")
    for element in (each for each in (conditions, data[0]) if each is not None):
        if (end := element.get("NotOnOrAfter")) and now >= _moment(end):
            raise Refusal("ExpiredTokenException", "Response has expired")
        if (begin := element.get("NotBefore")) and now + MINUTES * 60 < _moment(begin):
            raise _invalid("Response is not valid yet")
    recipient = str(data[0].get("Recipient"))
    if not SIGN_IN.fullmatch(recipient):
        raise _invalid("Response is not for the sign-in address of AWS")
    restrictions = assertion.findall("saml:Conditions/saml:AudienceRestriction", NS)
    for each in restrictions or [None]:
        listed = [(one.text or "").strip() for one in each.findall("saml:Audience", NS)] if each is not None else []
        if not any(one in AUDIENCES or SIGN_IN.fullmatch(one) for one in listed):
            raise _invalid("Response does not contain the required audience")
    return recipient


def _moment(text: str | None) -> float:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        raise _invalid("SAML Assertion has a date that cannot be read") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _ends(assertion: Any) -> float | None:
    statement = assertion.find("saml:AuthnStatement", NS)
    end = statement.get("SessionNotOnOrAfter") if statement is not None else None
    return _moment(end) if end else None


def _attributes(assertion: Any) -> Iterator[tuple[str, list[str]]]:
    for each in assertion.findall("saml:AttributeStatement/saml:Attribute", NS):
        values = [(value.text or "").strip() for value in each.findall("saml:AttributeValue", NS)]
        yield str(each.get("Name") or ""), values


def _session_name(own: Mapping[str, Sequence[str]]) -> str:
    names = own.get("RoleSessionName", ())
    if len(names) != 1:
        raise _invalid("RoleSessionName is required in AuthnResponse")
    if not _SESSION_NAME.fullmatch(names[0]):
        raise _invalid("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}")
    duration = own.get("SessionDuration", ("3600",))
    if len(duration) != 1 or not duration[0].isdecimal() or not 900 <= int(duration[0]) <= 43200:
        raise _invalid("SessionDuration in AuthnResponse must be between 900 and 43200")
    return names[0]


def _session(own: Mapping[str, Sequence[str]]) -> SessionParameters:
    prefix = "PrincipalTag:"
    tags = {name.removeprefix(prefix): values for name, values in own.items() if name.startswith(prefix)}
    identities = own.get("SourceIdentity", ())
    if len(identities) > 1:
        raise _invalid("SourceIdentity must have one value")
    return checked(tags, own.get("TransitiveTagKeys", ()), identities[0] if identities else "")


def _text(element: Any, path: str) -> str:
    return (element.findtext(path, "", NS) or "").strip()


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidIdentityToken", message)
