"""Trusts of OpenID Connect providers: which users of the provider they allow.

A shared provider such as GitHub's serves everybody. The subject (for some providers the audience) identifies the
caller; AWS lists which, and refuses a trust without a condition on it. Any other provider belongs to one owner, and the
subject identifies its users. AWS also has condition keys for a few other claims of GitHub and others
(``repository_id``) that identify the caller.

GitHub's subject has two forms: names alone (``repo:OWNER/NAME:…``), and names with IDs
(``repo:OWNER@OWNER_ID/NAME@REPOSITORY_ID:…``) from repositories that were created, renamed or transferred since 15 July
2026, or that opted in. IDs are never given to another owner or repository; names may be.

Sources, under https://docs.aws.amazon.com/IAM/latest/UserGuide/: id_roles_providers_oidc_secure-by-default.html (the
list), id_roles_create_for-idp_oidc.html ("Configuring a role for GitHub OIDC identity provider": limit the subject to
organisations, repositories and branches) and reference_policies_iam-condition-keys.html#condition-keys-wif (claims);
https://docs.github.com/en/actions/reference/security/oidc ("Immutable subject claims").
"""

from __future__ import annotations

import re
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
    "Add a condition on <provider>:sub, such as repo:my-organisation@123456/my-repository@456789:ref:refs/heads/main. "
    "(GitHub repositories from before 15 July 2026 send the names without IDs, until they are renamed.) For Amazon "
    "Cognito, Pulumi Cloud and a few others the claim is aud.",
    f"{_GUIDE}/id_roles_providers_oidc_secure-by-default.html",
)
ANY_REPOSITORY = Kind(
    "XA112",
    "warning",
    "An OpenID Connect trust accepts any repository",
    "Everybody who can create a repository in that organisation, or push to an existing one, can assume the role.",
    "Name the repository, with its IDs if it sends them, and the branch or environment too: "
    "repo:my-organisation@123456/my-repository@456789:environment:production.",
    f"{_GUIDE}/id_roles_create_for-idp_oidc.html",
)

OLD_SUBJECT = Kind(
    "XA119",
    "warning",
    "A trust knows a GitHub repository by its names alone",
    "Since 15 July 2026 GitHub sends a subject with the IDs of owner and repository from every repository that is "
    "created, renamed or transferred, or that opts in. The trust does not match it, so the workflow can no longer "
    "assume the role.",
    "In the config add the keys owner_id and repository_id to github. "
    "`gh api repos/OWNER/NAME --jq '.owner.id, .id'` shows both. In a policy document, add the subject "
    "repo:OWNER@OWNER_ID/NAME@REPOSITORY_ID:… to the condition on <provider>:sub.",
    "https://docs.github.com/en/actions/reference/security/oidc",
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
"""Shared providers, with the claim that AWS requires a condition on. (IBM Turbonomic's are left out: their addresses
change, and the claim is the subject anyway.)"""
_AUDIENCES = ("aud", "app_id", "oaud", "azp")
_BY_AUDIENCE = frozenset({"accounts.google.com", "graph.facebook.com", "www.amazon.com"})
"""Providers whose audience is your own application. AWS has no rule for them."""
_OF_EVERYBODY = frozenset({"iss", "amr", "email_verified", "ref", "workflow", "environment", *_AUDIENCES})
"""Claims that are common to all users of a provider, or that a user chooses."""
_MATCHING = ("stringequals", "stringlike", "stringequalsignorecase")
_OWNERS = ("repo:", "organization:", "project_path:", "org:", "owner:")
"""The prefixes before the owner in the subject of a shared provider."""
_CLUSTERS = "system:serviceaccount:"


def web_identity_findings(statement: Statement, demands: Sequence[Demand]) -> Iterator[Found]:
    """The findings on the OpenID Connect providers of a trust statement."""
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
    if closed and (names := _without_ids(closed, provider.lower())):
        first = names[0]
        message = f"accepts {', '.join(names)} without IDs, which GitHub no longer sends once the repository is renamed"
        fix = (
            "in the config add the keys owner_id and repository_id to github, in a policy document accept "
            f"{_with_ids(first)} too; `gh api repos/OWNER/NAME --jq '.owner.id, .id'` shows both IDs"
        )
        yield Found(OLD_SUBJECT, statement.at("conditions"), message, fix)


_GITHUB = re.compile(r"token\.actions\.(githubusercontent\.com(/.+)?|[\w-]+\.ghe\.com)")
"""GitHub's issuers whose subjects may have IDs. GitHub Enterprise Server is not among them: it sends names alone."""


def _without_ids(closed: Sequence[Demand], provider: str) -> list[str]:
    """The subjects of a GitHub trust, if none of them can match one with IDs."""
    if not _GITHUB.fullmatch(provider):
        return []
    conditions = [one for each in closed for one in each.alternatives if one.key.lower() == f"{provider}:sub"]
    subjects = [
        value.text
        for each in conditions
        if each.base in _MATCHING
        for value in each.values
        if each.base == "stringlike" or "*" not in value.text  # else the star is a star, which no subject has
    ]
    owners = [text.removeprefix("repo:").partition("/")[0] for text in subjects]
    if any("@" in owner or "*" in owner for owner in owners):
        return []
    return sorted({text for text in subjects if text.startswith("repo:")})


def _with_ids(subject: str) -> str:
    owner, _, rest = subject.removeprefix("repo:").partition("/")
    name, _, part = rest.partition(":")
    pinned = name if "*" in name else f"{name}@REPOSITORY_ID"
    return f"repo:{owner}@OWNER_ID/{pinned}:{part or '*'}"


def _key(provider: str) -> str:
    """The condition key that identifies the users of a provider."""
    claim = SHARED.get(provider.lower()) or ("aud" if provider.lower() in _BY_AUDIENCE else "sub")
    return claim if ":" in claim else f"{provider}:{claim}"


def _is_on(demand: Demand, key: str) -> bool:
    return any(each.key.lower() == key.lower() for each in demand.alternatives)


def _names_owner(condition: Condition, provider: str) -> bool:
    """Whether a condition identifies the allowed users. IfExists is enough for claims that every token has."""
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
    """Whether only the kind of subject is fixed: ``*``, ``repo:*``, ``system:serviceaccount:*:*``."""
    kind = next((each for each in (*_OWNERS, _CLUSTERS) if text.startswith(each)), "")
    return text[len(kind) :].strip("*?:/") == ""


def _anyone(text: str) -> bool:
    """Also true for ``repo:octo*`` and ``repo:octo*/app``, because anybody can register a name with that prefix."""
    rest = next((text[len(each) :] for each in _OWNERS if text.startswith(each)), "")
    owner = rest.split("/", 1)[0].split(":", 1)[0]
    return _everyone(text) or _is_open(owner)


def _is_open(named: str) -> bool:
    """Whether an owner or a repository is not one: ``octo*``, but neither ``octo@*`` nor ``*@123``."""
    name, _, number = named.partition("@")
    return any(each in name for each in "*?") and not number.isdigit()


def _any_repository(condition: Condition) -> bool:
    """Whether the part between the owner and the next colon, the repository or project, has a wildcard."""
    if condition.base != "stringlike" or not condition.key.lower().endswith(":sub"):
        return False
    named = [each.text.split(":")[1] for each in condition.values if each.text.startswith(("repo:", "project_path:"))]
    return any(_is_open(part) for path in named for part in path.split("/"))
