"""All findings of an estate: the rules for each document, then closure, then quotas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from crossaccount.access.chains import Chains
from crossaccount.access.estate import Estate
from crossaccount.access.estate.policies import Details
from crossaccount.access.findings.chains import chain_findings
from crossaccount.access.findings.closure import Closure
from crossaccount.access.findings.finding import Facts, Found
from crossaccount.access.findings.grants import RequiredBehind
from crossaccount.access.findings.policies import (
    KnownPolicies,
    administrators,
    boundaries_alone,
    bounded,
    naming_findings,
)
from crossaccount.access.findings.providers import KnownProviders
from crossaccount.access.findings.quota_usage import Limits, account_of, usage_findings
from crossaccount.access.findings.reach import PathLike
from crossaccount.access.findings.shared import SharedFindings, has_external_id
from crossaccount.access.findings.statements import Statement, documents
from crossaccount.access.findings.trusts import shared_external_ids


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
    providers = KnownProviders(details, estate.whole)
    behind = RequiredBehind(details, estate)
    shared = SharedFindings(facts, estate.since)
    closure = Closure(details, estate, paths)
    trusts: list[Statement] = []
    for account in details:
        limited, idle = bounded(account), boundaries_alone(account)
        for document in documents(account):
            found = shared.of(document, limited, granting=document.place not in idle)
            yield from map(behind.judged, found)
            trusts += document.statements if document.side == "trust" and has_external_id(document) else ()
            closure.add(document, shared.form(document))
        yield from administrators(account)
        yield from known.findings(account)
        yield from providers.findings(account)
        yield from naming_findings(account)
        yield from usage_findings(account, (limits or {}).get(account_of(account)))
    yield from shared_external_ids(trusts, facts)
    yield from closure.findings()
    yield from chain_findings(chains or Chains(estate), facts)
