"""Identity providers of the account, and the trust statements that let their users in.

A keyword of a trust statement means the provider that it names, or the only provider of its service. The keyword itself
reports values that would allow strangers, or nobody (``Federation.wrong``).
"""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.iam.providers import IdentityProvider
from crossaccount.settings.checks.entities import check_import, check_tags
from crossaccount.settings.draft import Draft
from crossaccount.settings.federations import provider_of
from crossaccount.settings.models import Federation, Provider

MOST_AUDIENCES, MOST_THUMBPRINTS = 100, 5
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html and API_CreateOpenIDConnectProvider."""


def check_providers(draft: Draft) -> Iterator[Problem]:
    """The identity providers of the account."""
    taken: dict[str, str] = {}
    for name, placed in draft.providers.items():
        provider, where = placed.value, placed.where
        yield from _check_kind(provider, where)
        yield from _check_lists(provider, where)
        yield from check_tags(provider.tags, f"{where}.tags")
        if provider.existing:
            yield from _check_existing(provider, where)
        known = draft.known_providers[name]
        yield from check_import(known.arn, provider.import_id, f"{where}.import")
        if (first := taken.setdefault(known.arn, where)) != where:
            what = f"an account has one provider of an issuer, and {first} is it"
            yield Problem(f"{where}.oidc", what, provider.oidc, "let roles trust that one, and remove this")


def _check_kind(provider: Provider, where: str) -> Iterator[Problem]:
    given = [name for name in ("oidc", "saml") if getattr(provider, name) is not None]
    if len(given) == 2 or not (given or provider.existing):
        fix = "keep one of them" if given else "write oidc: https://…, or saml: FILE.xml"
        yield Problem(where, "needs exactly one of oidc and saml", given or NOT_GIVEN, fix)
    elif not provider.oidc:
        for name in ("audiences", "thumbprints"):
            if getattr(provider, name):
                what = "is of an OpenID Connect provider"
                yield Problem(f"{where}.{name}", what, list(getattr(provider, name)), "remove it")
    elif not provider.effective_audiences:
        fix = "add audiences: [sts.amazonaws.com], or what the tokens have as aud"
        yield Problem(where, "needs the audiences of the tokens", NOT_GIVEN, fix)


def _check_lists(provider: Provider, where: str) -> Iterator[Problem]:
    for name, most in (("audiences", MOST_AUDIENCES), ("thumbprints", MOST_THUMBPRINTS)):
        values = getattr(provider, name)
        if len(values) > most:
            yield Problem(f"{where}.{name}", f"has at most {most}", len(values), "remove some")
        for index, value in enumerate(values):
            if value in values[:index]:
                yield Problem(f"{where}.{name}[{index}]", "is listed twice", value, "remove one of the two")


def _check_existing(provider: Provider, where: str) -> Iterator[Problem]:
    """Keys that need a provider that the stack creates."""
    for name, key in (("thumbprints", ""), ("tags", ""), ("protect", ""), ("aliases", ""), ("import_id", "import")):
        if value := getattr(provider, name):
            what = "the provider is managed elsewhere, so this has no effect"
            shown = list(value) if isinstance(value, tuple) else value
            yield Problem(f"{where}.{key or name}", what, shown, "remove it, or remove existing: true")


def check_federations(draft: Draft) -> Iterator[Problem]:
    """The keywords of identity providers in every trust statement."""
    for role in draft.roles.values():
        for index, statement in enumerate(role.value.trust):
            for keyword, federation in statement.federations().items():
                where = f"{role.where}.trust[{index}].{keyword}"
                if statement.effect == "Deny":
                    what = "with effect Deny it would keep out just those who meet it"
                    fix = "write what you mean under conditions of the statement that allows"
                    yield Problem(where, what, NOT_GIVEN, fix)
                    continue
                found = provider_of(federation, draft.known_providers)
                if isinstance(found, IdentityProvider):
                    yield from _check_federation(federation, found, where)
                elif "providers" not in draft.incomplete:
                    yield Problem(f"{where}{found.key}", found.what, found.got, found.fix)


def check_pod_identities(draft: Draft) -> Iterator[Problem]:
    """EKS Pod Identity in every trust statement: an association has one role."""
    taken: dict[tuple[str, str | None, str | None], str] = {}
    for role in draft.roles.values():
        for index, statement in enumerate(role.value.trust):
            pods, where = statement.pod_identity, f"{role.where}.trust[{index}].pod_identity"
            if pods is None:
                continue
            for wrong in pods.wrong():
                yield Problem(f"{where}.{wrong.field}", wrong.what, wrong.got, wrong.fix)
            if pods.cluster and statement.effect == "Deny":
                what = "makes an association, but this statement denies"
                yield Problem(f"{where}.cluster", what, pods.cluster, "write cluster_arn: …")
            elif pods.cluster:
                key = (pods.cluster, pods.namespace, pods.service_account)
                if (first := taken.setdefault(key, where)) != where:
                    what = f"a service account has only one association, which {first} makes"
                    fix = "remove one of the two, or name another service account"
                    yield Problem(where, what, "/".join(filter(None, key)), fix)


def _check_federation(federation: Federation, provider: IdentityProvider, where: str) -> Iterator[Problem]:
    for wrong in federation.wrong(provider):
        yield Problem(f"{where}.{wrong.field}" if wrong.field else where, wrong.what, wrong.got, wrong.fix)
