"""A SAML identity provider on this machine, with a key of its own: its metadata, and responses that it signs.

The key is made for one run and never written. A rehearsal gives the providers of its local AWS the certificate of this
identity provider, because nobody here has the key of the real one; everything else is as on AWS.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html
"""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

SIGN_IN = "https://signin.aws.amazon.com/saml"
AUDIENCE = "urn:amazon:webservices"
ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
PERSISTENT = f"{_FORMAT}persistent"
_NAMESPACES = 'xmlns="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"'
_PLACE = '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="placeholder"/>'
"""What signxml replaces by the signature."""
_SECONDS = 300


@dataclass(frozen=True)
class Response:
    """What a response says. ``attributes`` are by their names in SAML; ``issued`` and ``ends`` are seconds from now."""

    issuer: str
    subject: str
    attributes: Mapping[str, Sequence[str]]
    recipient: str = SIGN_IN
    audience: str = AUDIENCE
    format: str = PERSISTENT
    issued: int = 0
    ends: int = _SECONDS
    session_ends: int | None = None

    def xml(self, *, whole: bool = False) -> str:
        """The response, with the place of the signature: of the ``whole``, or of its assertion."""
        times = {name: _time(seconds) for name, seconds in (("issued", self.issued), ("ends", self.ends))}
        until = "" if self.session_ends is None else f' SessionNotOnOrAfter="{_time(self.session_ends)}"'
        statements = "".join(_attribute(name, values) for name, values in self.attributes.items())
        return (
            f'<samlp:Response {_NAMESPACES} ID="_{uuid.uuid4()}" Version="2.0" IssueInstant="{times["issued"]}">'
            f"{_PLACE if whole else ''}<samlp:Status><samlp:StatusCode Value="
            '"urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
            f'<Assertion ID="_{uuid.uuid4()}" Version="2.0" IssueInstant="{times["issued"]}">'
            f"<Issuer>{escape(self.issuer)}</Issuer>{'' if whole else _PLACE}"
            f"<Subject><NameID Format={quoteattr(self.format)}>{escape(self.subject)}</NameID>"
            '<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f'<SubjectConfirmationData NotOnOrAfter="{times["ends"]}" Recipient={quoteattr(self.recipient)}/>'
            f'</SubjectConfirmation></Subject><Conditions NotBefore="{times["issued"]}" NotOnOrAfter="{times["ends"]}">'
            f"<AudienceRestriction><Audience>{escape(self.audience)}</Audience></AudienceRestriction></Conditions>"
            f'<AuthnStatement AuthnInstant="{times["issued"]}"{until}><AuthnContext><AuthnContextClassRef>'
            "urn:oasis:names:tc:SAML:2.0:ac:classes:Password</AuthnContextClassRef></AuthnContext></AuthnStatement>"
            f"<AttributeStatement>{statements}</AttributeStatement></Assertion></samlp:Response>"
        )


def entity_id(metadata: str) -> str:
    """The ID of the entity that metadata describe: the issuer of its assertions."""
    return str(ElementTree.fromstring(metadata).get("entityID") or "")


def name_format(subject_type: str) -> str:
    """The format of a name, from what AWS passes as ``saml:sub_type``: without the prefix of SAML 2.0."""
    return subject_type if ":" in subject_type else f"{_FORMAT}{subject_type}"


def name_qualifier(issuer: str, account: str, provider: str) -> str:
    """The value of ``saml:namequalifier``, by the formula of API_AssumeRoleWithSAML."""
    digest = hashlib.sha1(f"{issuer}{account}/{provider}".encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def _time(seconds: int) -> str:
    return (datetime.fromtimestamp(time.time(), UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _attribute(name: str, values: Iterable[str]) -> str:
    inner = "".join(f"<AttributeValue>{escape(value)}</AttributeValue>" for value in values)
    return f"<Attribute Name={quoteattr(name)}>{inner}</Attribute>"


@dataclass
class SamlIdentityProvider:
    """Signs with one RSA key, which is made at first use."""

    name: str = "rehearsal"
    _made: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def _key(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric import rsa

        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def _certificate(self) -> Any:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.x509.oid import NameOID

        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
            .sign(self._key, hashes.SHA256())
        )

    def metadata(self, entity_id: str) -> str:
        """The metadata of an entity that signs with this key, as IAM takes it."""
        from cryptography.hazmat.primitives.serialization import Encoding

        certificate = base64.b64encode(self._certificate.public_bytes(Encoding.DER)).decode()
        return (
            '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" '
            f"entityID={quoteattr(entity_id)}><IDPSSODescriptor "
            'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing">'
            '<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>'
            f"<X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
            '<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" '
            'Location="https://idp.invalid/sso"/></IDPSSODescriptor></EntityDescriptor>'
        )

    def signed(self, response: Response, *, whole: bool = False) -> str:
        """The signed response, base64-encoded, as AssumeRoleWithSAML takes it.

        ``whole``: the response is signed; else its assertion.
        """
        from lxml import etree
        from signxml import XMLSigner

        root = etree.fromstring(response.xml(whole=whole).encode())
        part = root if whole else root.find("{urn:oasis:names:tc:SAML:2.0:assertion}Assertion")
        signer = XMLSigner(c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#")
        signed = signer.sign(
            part, key=self._key, cert=[self._certificate], reference_uri=part.get("ID"), id_attribute="ID"
        )
        if whole:
            root = signed
        else:
            root.replace(part, signed)
        return base64.b64encode(etree.tostring(root)).decode()
