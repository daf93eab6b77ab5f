"""Trusts that nobody can use, and roles that nobody reaches.

A trust of a service or an identity provider is used from outside the sources and is left alone; so is one that hangs on
a policy that nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.access.closure.reach import Reach, listed
from crossaccount.access.estate import Estate
from crossaccount.access.findings.documents import Document, Statement
from crossaccount.access.findings.finding import Found, Kind, Place

_SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html"
UNUSED_TRUST = Kind(
    "XA204",
    "warning",
    "A trust that nobody can use",
    "Whom it names exists in no source, or has no grant, or is denied: it lets nobody in today, and may tomorrow.",
    "Grant the role to those who should get in, or remove the statement.",
    _SOURCE,
)
NOBODY_REACHES = Kind(
    "XA205",
    "warning",
    "Nobody reaches the role",
    "No user, role, service or provider gets in by any statement of its trust.",
    "Grant it to those who should get in, or delete it.",
    _SOURCE,
)


def trust_findings(document: Document, estate: Estate, reach: Reach) -> Iterator[Found]:
    """Statements of one trust policy that let nobody in; the role itself where that is true of all."""
    role = estate.roles.get(document.place.owner)
    if document.side != "trust" or role is None or role.trust.unknown:
        return
    allowing = [statement for statement in document.statements if statement.allows]
    unused = [statement for statement in allowing if not _is_used(statement, reach)]
    if allowing and len(unused) == len(allowing):
        named = listed(dict.fromkeys(name for each in unused for name in each.principals("AWS")))
        message = f"nobody can assume it: its trust names {named}, of whom nobody gets in"
        yield Found(NOBODY_REACHES, Place(role.arn), message, NOBODY_REACHES.hint)
        return
    for statement in unused:
        message = f"nobody of {listed(statement.principals('AWS'))} gets in"
        yield Found(UNUSED_TRUST, statement.at("principals"), message, UNUSED_TRUST.hint)


def _is_used(statement: Statement, reach: Reach) -> bool:
    if statement.principals("Service") or statement.principals("Federated") or "NotPrincipal" in statement.raw:
        return True
    label = str(statement.raw.get("Sid") or statement.place.index)
    return (statement.owner, label) in reach.trusts or not _assumes(statement)


def _assumes(statement: Statement) -> bool:
    """Whether it is about assuming at all: one for sts:TagSession alone goes with another."""
    return statement.covers("sts:AssumeRole")
