"""Identity providers in the config of an account: issuers of OpenID Connect tokens, and SAML 2.0 providers."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from pydantic import Field

from crossaccount.iam.entity_names import Refusal
from crossaccount.iam.providers import (
    IdentityProvider,
    check_oidc,
    default_audiences,
    issuer_url,
    oidc_arn,
    saml_arn,
    without_scheme,
)
from crossaccount.settings.models.base import Flag, FormerName, ImportId, Model, Tags, Text, rule, text_schema

_THUMBPRINT = re.compile(r"\A[0-9A-Fa-f]{40}\Z")


def _check_thumbprint(text: str) -> Refusal | None:
    if _THUMBPRINT.match(text):
        return None
    return Refusal("a thumbprint is the SHA-1 hash of a certificate: 40 hexadecimal digits", "write it without colons")


def _check_audience(text: str) -> Refusal | None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html (clientIDType)."""
    if 1 <= len(text) <= 255:
        return None
    return Refusal(f"an audience has 1 to 255 characters, this has {len(text)}", "write the tokens' claim aud")


Thumbprint = Annotated[Text, rule(_check_thumbprint), text_schema("^[0-9A-Fa-f]{40}$", 40)]
Audience = Annotated[Text, rule(_check_audience), text_schema(None, 255)]


class Provider(Model):
    """An identity provider for users outside AWS: exactly one of ``oidc`` and ``saml``."""

    KIND: ClassVar = "provider"

    oidc: Annotated[Text, rule(check_oidc)] | None = Field(default=None, examples=["github"])
    """The issuer of OpenID Connect tokens: github, gitlab, terraform-cloud, pulumi-cloud, buildkite, or its URL."""
    saml: Text | None = Field(default=None, examples=["saml/okta.xml"])
    """The metadata file of a SAML 2.0 provider, relative to the folder of Pulumi.yaml."""
    audiences: tuple[Audience, ...] = Field(default=(), examples=[["sts.amazonaws.com"]])
    """The audiences of the tokens, at most 100. Default: the audience that the service uses for AWS, if it is known."""
    thumbprints: tuple[Thumbprint, ...] = ()
    """Thumbprints of the issuer's certificate, at most 5. Needed only if no public authority signed the certificate."""
    existing: Flag = False
    """The provider exists and is managed elsewhere: roles may trust it, and nothing is created."""
    bootstrap: Flag = False
    """The pipeline's own provider: `crossaccount bootstrap` makes it, and the stack never changes it."""
    tags: Tags = Field(default_factory=dict)
    """Tags of the provider, at most 50."""
    protect: Flag = False
    """If true, Pulumi refuses to delete or replace the provider."""
    aliases: tuple[FormerName, ...] = ()
    """Former names, so that Pulumi recognises the provider after a rename."""
    import_id: ImportId = Field(default=None, alias="import")
    """Adopt the existing provider with this ARN; true means the ARN that follows from the issuer or the name."""

    @property
    def is_made_by_the_stack(self) -> bool:
        """Whether the stack creates the provider."""
        return not (self.existing or self.bootstrap)

    @property
    def effective_audiences(self) -> tuple[str, ...]:
        """The audiences that the provider has in IAM."""
        return self.audiences or (default_audiences(self.oidc) if self.oidc else ())

    @property
    def url(self) -> str:
        """The issuer's URL; empty for a SAML provider."""
        return issuer_url(self.oidc) if self.oidc else ""

    def in_account(self, name: str, account: str, partition: str) -> IdentityProvider:
        """The provider in an account, with its ARN."""
        if not self.oidc:
            return IdentityProvider(name, saml_arn(account, name, partition))
        arn = oidc_arn(account, self.oidc, partition)
        return IdentityProvider(name, arn, without_scheme(self.url), self.effective_audiences)
