"""Trusts of OpenID Connect providers: whom of the provider's users they let in.

A provider such as GitHub's serves the whole world: the audience says which AWS it is for, only the subject says who
asks.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html ("Configuring a role for
GitHub OIDC identity provider": limit the subject to organisations, repositories and branches).
"""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.access.findings.documents import Statement
from crossaccount.access.findings.finding import Found, Kind

_SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html"
WITHOUT_SUBJECT = Kind(
    "XA111",
    "error",
    "An OpenID Connect provider is trusted without a condition on the subject",
    "Every user of the provider gets in: for GitHub that is any repository of anybody.",
    "Add a condition on <provider>:sub, such as repo:my-organisation/my-repository:ref:refs/heads/main.",
    _SOURCE,
)
ANY_REPOSITORY = Kind(
    "XA112",
    "warning",
    "An OpenID Connect trust takes any repository",
    "Whoever can create a repository in that organisation, or fork into it, gets in.",
    "Name the repository, and the branch or environment too.",
    _SOURCE,
)

_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
_OIDC = ":oidc-provider/"
_MATCHING = ("stringequals", "stringlike", "stringequalsignorecase")


def web_identity_findings(statement: Statement) -> Iterator[Found]:
    """What is wrong with the OpenID Connect providers of a trust statement."""
    if not statement.allows or not statement.covers(_WEB_IDENTITY):
        return
    for principal in statement.principals("Federated"):
        if _OIDC in principal:
            yield from _provider(statement, principal.partition(_OIDC)[2])


def _provider(statement: Statement, provider: str) -> Iterator[Found]:
    asked = [
        each
        for each in statement.on(f"{provider.lower()}:sub")
        if each.base in _MATCHING and not each.if_exists and each.quantifier != "forallvalues:"
    ]
    subjects = sorted({value.text for condition in asked for value in condition.values})
    wild = any(condition.base == "stringlike" for condition in asked)
    if not asked or (wild and any(_anyone(subject) for subject in subjects)):
        message = f"lets in every user of {provider}, whatever the subject"
        yield Found(WITHOUT_SUBJECT, statement.at("conditions"), message, f"add a condition on {provider}:sub")
    elif wild and (open_ones := [subject for subject in subjects if _any_repository(subject)]):
        message = f"takes any repository of {provider} that fits {', '.join(open_ones)}"
        yield Found(ANY_REPOSITORY, statement.at("conditions"), message, "name the repository and the branch")


def _anyone(subject: str) -> bool:
    """``*``, ``repo:*``: nothing is fixed but the kind of subject."""
    owner = subject.split(":", 1)[-1].split("/", 1)[0].split(":", 1)[0]
    return owner.strip("*?") == "" if ":" in subject else subject.strip("*?") == ""


def _any_repository(subject: str) -> bool:
    """Whether the part between the owner and the next colon, the repository or project, has a wildcard."""
    if ":" not in subject:
        return False
    return "*" in subject.split(":")[1] or "?" in subject.split(":")[1]
