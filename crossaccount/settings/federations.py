"""The identity provider that a keyword of a trust statement means: the one that it names, or the only one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN
from crossaccount.iam.providers import SERVICES, IdentityProvider
from crossaccount.settings.models import Federation, Saml


class NoProvider(NamedTuple):
    """The problem of a keyword without a provider in the account. ``key`` is the key that has the name, or empty."""

    key: str
    what: str
    got: object
    fix: str


def provider_of(federation: Federation, known: Mapping[str, IdentityProvider]) -> IdentityProvider | NoProvider:
    """The provider that a keyword means."""
    saml = isinstance(federation, Saml)
    fitting = {name: each for name, each in known.items() if each.is_saml == saml}
    if (name := federation.named_provider) is not None:
        key = ".cluster" if getattr(federation, "cluster", None) else ".provider"
        if name in fitting:
            return _of_service(federation, fitting[name], key)
        kind = "SAML" if saml else "OpenID Connect"
        if name in known:
            return NoProvider(key, f"is no {kind} provider", name, "name another, or use the keyword of its kind")
        fix = did_you_mean(name, fitting, f"declare it: crossaccount:providers: {{{name}: {_example(federation)}}}")
        return NoProvider(key, "no such provider under providers", name, fix)
    of_service = [each for each in fitting.values() if saml or each.service == federation.SERVICE]
    if len(of_service) == 1:
        return of_service[0]
    title = SERVICES[federation.SERVICE].title if federation.SERVICE in SERVICES else "a SAML 2.0 provider"
    if not of_service:
        name = federation.SERVICE or "saml"
        fix = (
            f"add crossaccount:providers: {{{name}: {_example(federation)}}}, with existing: true if the account has it"
        )
        return NoProvider("", f"the account declares no provider of {title}", NOT_GIVEN, fix)
    names = ", ".join(each.name for each in of_service)
    word = "cluster" if "cluster" in type(federation).model_fields else "provider"
    return NoProvider("", f"the account has several providers of {title}", names, f"add {word}: {of_service[0].name}")


def _of_service(federation: Federation, provider: IdentityProvider, key: str) -> IdentityProvider | NoProvider:
    """Whether a provider can be of this service.

    A self-managed GitLab can have any issuer except one of a known service.
    """
    service = provider.service
    if service and federation.SERVICE and service != federation.SERVICE:
        what = f"is the provider of {SERVICES[service].title}"
        return NoProvider(key, what, provider.name, f"write {service.replace('-', '_')}: …")
    return provider


def _example(federation: Federation) -> str:
    if isinstance(federation, Saml):
        return "{saml: FILE.xml}"
    service = SERVICES.get(federation.SERVICE)
    return f"{{oidc: {federation.SERVICE}}}" if service and service.issuer else "{oidc: https://…}"
