"""Identity providers that trusts name: whether the account has them, and takes the audience that a trust accepts.

A provider is known only if its account is described completely and with its list of providers, which is no part of
GetAccountAuthorizationDetails: the keys ``OpenIDConnectProviderList`` and ``SAMLProviderList`` of the details. Without
the list nothing is said. AWS looks for the provider in the role's account, and refuses a token whose audience (``azp``
if it has one) is not among the provider's, before it looks at the role.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html and
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html (InvalidIdentityToken)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from crossaccount.access.estate.policies import Details
from crossaccount.access.findings.finding import Found, Kind
from crossaccount.access.findings.quota_usage import account_of
from crossaccount.access.findings.statements import Statement, documents
from crossaccount.iam.arn import is_arn, parse_arn
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.nearest import nearest

_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
NO_SUCH_PROVIDER = Kind(
    "XA120",
    "warning",
    "A trust names an identity provider that the account does not have",
    "Nobody can assume the role through it today. It takes effect when somebody creates a provider of that name, and "
    "then its users get in.",
    "Correct the name, create the provider (crossaccount:providers), or remove the statement.",
    f"{_GUIDE}/id_roles_providers.html",
)
NO_SUCH_AUDIENCE = Kind(
    "XA121",
    "warning",
    "A trust accepts only audiences that its identity provider does not have",
    "AWS refuses a token with such an audience before it looks at the role, so nobody can assume the role by this "
    "statement.",
    "Correct the audience, or add it to the audiences of the provider.",
    f"{_GUIDE}/id_roles_providers_create_oidc.html",
)

OIDC, SAML = "OpenIDConnectProviderList", "SAMLProviderList"
_LISTS = {"oidc-provider": OIDC, "saml-provider": SAML}


class KnownProviders:
    """The identity providers of the accounts that are described completely; ``whole`` are the IDs of those accounts."""

    def __init__(self, details: Sequence[Details], whole: Collection[str]) -> None:
        self._audiences: dict[tuple[str, str], Mapping[str, Sequence[str] | None]] = {}
        for each in details:
            account = account_of(each)
            for kind, key in _LISTS.items():
                if account in whole and isinstance(each.get(key), (list, tuple)):
                    self._audiences[account, kind] = {str(one["Arn"]): _audiences(one) for one in each[key]}

    def findings(self, details: Details) -> Iterator[Found]:
        """The findings on the trusts of one account."""
        if self._audiences:
            for document in documents(details):
                if document.side == "trust":
                    for statement in document.statements:
                        yield from self._of(statement)

    def _of(self, statement: Statement) -> Iterator[Found]:
        if not statement.allows:
            return
        for name in statement.principals("Federated"):
            if not is_arn(name):
                continue
            arn = parse_arn(name)
            known = self._audiences.get((arn.account, arn.kind))
            if known is None:
                continue
            if name in known:
                yield from _audience(statement, arn.resource.partition("/")[2], known[name])
                continue
            message = f"names {name}, an identity provider that account {arn.account} does not have"
            near = nearest(name, known, cutoff=0.8)
            fix = f"did you mean {near}?" if near else NO_SUCH_PROVIDER.hint
            yield Found(NO_SUCH_PROVIDER, statement.at("principals"), message, fix)


def _audiences(provider: Mapping[str, Any]) -> Sequence[str] | None:
    listed = provider.get("ClientIDList")
    return None if listed is None else [str(each) for each in listed]


def _audience(statement: Statement, issuer: str, audiences: Sequence[str] | None) -> Iterator[Found]:
    """The finding if no audience of the provider meets the conditions on ``aud``."""
    key = f"{issuer}:aud".lower()
    on_audience = [each for each in statement.on(key) if each.keys == {key}]
    if audiences is None or not on_audience:
        return
    requests = (RequestContext.of({key: audience}) for audience in audiences)
    if not any(all(each.holds(request) for each in on_audience) for request in requests):
        accepted = ", ".join(dict.fromkeys(value.text for each in on_audience for value in each.values))
        has = f"has {', '.join(audiences)}" if audiences else "has none"
        message = f"its condition on {issuer}:aud ({accepted}) is met by no audience of the provider, which {has}"
        yield Found(NO_SUCH_AUDIENCE, statement.at("conditions"), message, NO_SUCH_AUDIENCE.hint)
