"""Trusts of OpenID Connect providers: whom of the provider's users they let in.

A provider such as GitHub's serves the whole world: for some the subject says who asks, for some the audience; AWS lists
which, and refuses a trust that does not ask. Any other provider is somebody's own, where the subject tells its users
apart. Besides the subject, AWS knows a few claims of GitHub and others (``repository_id``) that do so as well.

Sources, under https://docs.aws.amazon.com/IAM/latest/UserGuide/: id_roles_providers_oidc_secure-by-default.html (the
list), id_roles_create_for-idp_oidc.html ("Configuring a role for GitHub OIDC identity provider": limit the subject to
organisations, repositories and branches) and reference_policies_iam-condition-keys.html#condition-keys-wif (claims).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from crossaccount.access.findings.finding import Found, Kind
from crossaccount.access.findings.statements import Demand, Statement
from crossaccount.iam.conditions import Condition

_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
WITHOUT_SUBJECT = Kind(
    "XA111",
    "error",
    "An OpenID Connect provider is trusted without a condition on the caller",
    "Every user of the provider can assume the role; for GitHub this means any repository of anybody.",
    "Add a condition on <provider>:sub, such as repo:my-organisation/my-repository:ref:refs/heads/main; for Amazon "
    "Cognito, Pulumi Cloud and a few others the claim is aud.",
    f"{_GUIDE}/id_roles_providers_oidc_secure-by-default.html",
)
ANY_REPOSITORY = Kind(
    "XA112",
    "warning",
    "An OpenID Connect trust accepts any repository",
    "Everybody who can create a repository in that organisation, or push to an existing one, can assume the role.",
    "Name the repository, and the branch or environment too.",
    f"{_GUIDE}/id_roles_create_for-idp_oidc.html",
)

_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
_OIDC = ":oidc-provider/"
SHARED: Mapping[str, str] = {
    "agent.buildkite.com": "sub",
    "api.pulumi.com/oidc": "aud",
    "app.terraform.io": "sub",
    "cognito-identity.amazonaws.com": "aud",
    "gitlab.com": "sub",
    "oidc-configuration.audit-log.githubusercontent.com": "sub",
    "oidc.codefresh.io": "sub",
    "oidc.vercel.com": "aud",
    "proidc.upbound.io": "sub",
    "sandboxes.cloud": "aud",
    "scalr.io": "sub",
    "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d": "sts:RoleSessionName",
    "studio.datachain.ai/api": "sub",
    "token.actions.githubusercontent.com": "sub",
    "tokens.cloud.shisho.dev": "sub",
    "vstoken.actions.githubusercontent.com": "sub",
}
"""Providers of everybody, with the claim for which AWS refuses a trust that does not ask. (IBM Turbonomic's are left
out: their addresses change, and it is the subject anyway.)"""
_AUDIENCES = ("aud", "app_id", "oaud", "azp")
_BY_AUDIENCE = frozenset({"accounts.google.com", "graph.facebook.com", "www.amazon.com"})
"""Providers whose audience, the application that users sign in to, is yours. AWS has no rule for them."""
_OF_EVERYBODY = frozenset({"iss", "amr", "email_verified", "ref", "workflow", "environment", *_AUDIENCES})
"""Claims that users of a provider have in common, or choose."""
_MATCHING = ("stringequals", "stringlike", "stringequalsignorecase")
_OWNERS = ("repo:", "organization:", "project_path:", "org:", "owner:")
"""What comes before the owner in a subject of a provider of everybody."""
_CLUSTERS = "system:serviceaccount:"


def web_identity_findings(statement: Statement, demands: Sequence[Demand]) -> Iterator[Found]:
    """What is wrong with the OpenID Connect providers of a trust statement."""
    if not statement.allows or not statement.covers(_WEB_IDENTITY):
        return
    for principal in statement.principals("Federated"):
        provider = principal.partition(_OIDC)[2] if _OIDC in principal else principal
        if ":saml-provider/" not in principal:
            yield from _provider(statement, provider, demands)


def _provider(statement: Statement, provider: str, demands: Sequence[Demand]) -> Iterator[Found]:
    def names_owner(condition: Condition) -> bool:
        return _names_owner(condition, provider.lower())

    def names_one(condition: Condition) -> bool:
        return names_owner(condition) and not _any_repository(condition)

    key = _key(provider)
    closed = [each for each in demands if each.is_for(names_owner)]
    if not closed:
        message = f"allows every user of {provider}"
        yield Found(WITHOUT_SUBJECT, statement.at("conditions"), message, f"add a condition on {key}")
    elif provider.lower() in SHARED and not any(_is_on(each, key) for each in demands):
        message = f"has no condition on {key}, so AWS refuses this trust of {provider}"
        yield Found(WITHOUT_SUBJECT, statement.at("conditions"), message, f"add a condition on {key}")
    elif not any(each.is_for(names_one) for each in closed):
        subjects = sorted({value.text for each in closed for one in each.alternatives for value in one.values})
        message = f"accepts any repository of {provider} that matches {', '.join(subjects)}"
        yield Found(ANY_REPOSITORY, statement.at("conditions"), message, "name the repository and the branch")


def _key(provider: str) -> str:
    """The condition key that says whose users of a provider are meant."""
    claim = SHARED.get(provider.lower()) or ("aud" if provider.lower() in _BY_AUDIENCE else "sub")
    return claim if ":" in claim else f"{provider}:{claim}"


def _is_on(demand: Demand, key: str) -> bool:
    return any(each.key.lower() == key.lower() for each in demand.alternatives)


def _names_owner(condition: Condition, provider: str) -> bool:
    """Whether a condition says whose users get in. IfExists will do for the claims that every token has."""
    key = condition.key.lower()
    if condition.base not in _MATCHING or not (key.startswith(f"{provider}:") or key == _key(provider).lower()):
        return False
    claim = key.removeprefix(f"{provider}:")
    optional = condition.if_exists or condition.quantifier == "forallvalues:"
    if optional and claim not in ("sub", *_AUDIENCES):
        return False
    by_audience = provider in _BY_AUDIENCE or SHARED.get(provider) == "aud"
    if claim in _OF_EVERYBODY and not (claim in _AUDIENCES and by_audience):
        return False
    anyone = _anyone if provider in SHARED else _everyone
    return condition.base != "stringlike" or not any(anyone(each.text) for each in condition.values)


def _everyone(text: str) -> bool:
    """``*``, ``repo:*``, ``system:serviceaccount:*:*``: nothing is fixed but the kind of subject."""
    kind = next((each for each in (*_OWNERS, _CLUSTERS) if text.startswith(each)), "")
    return text[len(kind) :].strip("*?:/") == ""


def _anyone(text: str) -> bool:
    """Also ``repo:octo*`` and ``repo:octo*/app``: anybody can take a name that begins so."""
    rest = next((text[len(each) :] for each in _OWNERS if text.startswith(each)), "")
    owner = rest.split("/", 1)[0].split(":", 1)[0]
    return _everyone(text) or "*" in owner or "?" in owner


def _any_repository(condition: Condition) -> bool:
    """Whether the part between the owner and the next colon, the repository or project, has a wildcard."""
    if condition.base != "stringlike" or not condition.key.lower().endswith(":sub"):
        return False
    named = [each.text.split(":")[1] for each in condition.values if each.text.startswith(("repo:", "project_path:"))]
    return any("*" in part or "?" in part for part in named)
