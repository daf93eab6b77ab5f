"""All findings of an estate: the rules for each document, then closure, then quotas."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from crossaccount.access.chains import Chains
from crossaccount.access.estate import Estate
from crossaccount.access.estate.policies import Details
from crossaccount.access.findings.chains import chain_findings
from crossaccount.access.findings.closure import closure_findings
from crossaccount.access.findings.conditions import condition_findings
from crossaccount.access.findings.finding import Facts, Found
from crossaccount.access.findings.grants import RequiredBehind
from crossaccount.access.findings.mfa import mfa_findings
from crossaccount.access.findings.policies import (
    KnownPolicies,
    administrators,
    boundaries_alone,
    bounded,
    naming_findings,
    permission_findings,
    validity_findings,
)
from crossaccount.access.findings.quota_usage import Limits, account_of, usages
from crossaccount.access.findings.reach import PathLike
from crossaccount.access.findings.statements import Document, Statement, demands_of, documents
from crossaccount.access.findings.trusts import (
    form_findings,
    principal_findings,
    service_findings,
    shared_external_ids,
    weak_external_ids,
)
from crossaccount.access.findings.web_identities import web_identity_findings


def judge(
    details: Sequence[Details],
    estate: Estate,
    paths: Iterable[PathLike],
    facts: Facts,
    limits: Mapping[str, Limits] | None = None,
    chains: Chains | None = None,
) -> Iterator[Found]:
    """Every finding, in the order of the sources. ``limits`` are adjusted quotas by account ID.

    ``chains`` are the ways of the estate, if the caller has them. Members of a described organisation count as ours, in
    addition to the accounts in ``facts``.
    """
    facts = replace(facts, own=facts.own | frozenset(estate.members or ()))
    known = KnownPolicies(details, facts.assumed)
    behind = RequiredBehind(details, estate)
    trusts: list[Statement] = []
    for account in details:
        limited, idle = bounded(account), boundaries_alone(account)
        for document in documents(account):
            granting = document.place not in idle
            own = document_findings(document, facts, limited, estate.since, granting=granting)
            yield from map(behind.judged, own)
            trusts += document.statements if document.side == "trust" else ()
        yield from administrators(account)
        yield from known.findings(account)
        yield from naming_findings(account)
        for usage in usages(account, (limits or {}).get(account_of(account))):
            if (found := usage.finding()) is not None:
                yield found
    yield from shared_external_ids(trusts, facts)
    yield from closure_findings(details, estate, paths)
    yield from chain_findings(chains or Chains(estate), facts)


def document_findings(
    document: Document,
    facts: Facts,
    limited: Collection[str] = (),
    since: datetime | None = None,
    *,
    granting: bool = True,
) -> Iterator[Found]:
    """The findings on one document by itself.

    ``limited`` are the entities with a permissions boundary; ``since`` is the present time, for dates. A policy that is
    only a boundary is not ``granting``.
    """
    yield from validity_findings(document)
    demands = demands_of(document)
    yield from mfa_findings(document, demands)
    yield from service_findings(document)
    for statement, demanded in zip(document.statements, demands, strict=True):
        yield from condition_findings(statement, since)
        if document.side == "trust":
            yield from form_findings(statement)
            yield from principal_findings(statement, demanded, facts)
            yield from weak_external_ids(statement)
            yield from web_identity_findings(statement, demanded)
        elif granting:
            yield from permission_findings(statement, limited)
