"""IdentityProviders: the OpenID Connect and SAML providers of an account."""

from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from crossaccount.iam.problem import Problem
from crossaccount.iam.providers import SERVICES, check_oidc

from .arguments import checked
from .options import EntityOptions, entity_options, entity_problems, refused, twice


class OidcProviderArgs(EntityOptions):
    """An issuer of OpenID Connect tokens."""

    url: pulumi.Input[str]
    """The issuer, as in the token's claim ``iss``. A change replaces the provider."""
    audiences: pulumi.Input[list[pulumi.Input[str]]]
    """The accepted values of the token's claim ``aud``."""
    thumbprints: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Thumbprints of the issuer's certificate. AWS finds them itself if they are left out."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of the provider."""


class SamlProviderArgs(EntityOptions):
    """A SAML 2.0 provider."""

    metadata: pulumi.Input[str]
    """The provider's metadata, an XML document."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of the provider."""


class IdentityProvidersArgs(TypedDict):
    """The identity providers of an account."""

    oidc: dict[str, OidcProviderArgs]
    """Issuers of OpenID Connect tokens by name; the name is in no ARN."""
    saml: dict[str, SamlProviderArgs]
    """SAML 2.0 providers by name."""


def oidc_problems(where: str, name: str, args: OidcProviderArgs) -> Iterator[Problem]:
    """Problems for which IAM refuses an issuer, as far as it is known."""
    yield from entity_problems("provider", where, name, args)
    url = args["url"]
    if isinstance(url, str):
        yield from refused(f"{where}.url", url, check_oidc("" if url in SERVICES else url))


def saml_problems(where: str, name: str, args: SamlProviderArgs) -> Iterator[Problem]:
    """Problems for which IAM refuses the name or the tags of a SAML provider."""
    return entity_problems("provider", where, name, args)


def providers_problems(where: str, name: str, args: IdentityProvidersArgs) -> Iterator[Problem]:
    """Problems of providers whose names conflict."""
    del where, name
    return twice("oidc", [*args["oidc"], *args["saml"]])


class IdentityProviders(pulumi.ComponentResource):
    """The identity providers of one account; ``made`` holds them by name, for roles that wait for them."""

    provider_arns: pulumi.Output[dict[str, str]]
    """ARNs of the providers by name."""

    def __init__(self, name: str, args: IdentityProvidersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("crossaccount:index:IdentityProviders", name, {}, opts)
        checks = {
            OidcProviderArgs: oidc_problems,
            SamlProviderArgs: saml_problems,
            IdentityProvidersArgs: providers_problems,
        }
        args = checked(self, name, args, IdentityProvidersArgs, checks)
        self.made: dict[str, aws.iam.OpenIdConnectProvider | aws.iam.SamlProvider] = {}
        for provider_name, oidc in args["oidc"].items():
            logical_name = f"{name}-provider-{provider_name}"
            self.made[provider_name] = aws.iam.OpenIdConnectProvider(
                logical_name,
                url=oidc["url"],
                client_id_lists=oidc["audiences"],
                thumbprint_lists=oidc.get("thumbprints"),
                tags=oidc.get("tags"),
                opts=entity_options(self, oidc, logical_name, provider_name),
            )
        for provider_name, saml in args["saml"].items():
            logical_name = f"{name}-provider-{provider_name}"
            self.made[provider_name] = aws.iam.SamlProvider(
                logical_name,
                name=provider_name,
                saml_metadata_document=saml["metadata"],
                tags=saml.get("tags"),
                opts=entity_options(self, saml, logical_name, provider_name),
            )
        self.provider_arns = pulumi.Output.all(**{name: each.arn for name, each in self.made.items()})
        self.register_outputs({"providerArns": self.provider_arns})
