"""All findings of an estate: the rules for each document, then closure, then quotas."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
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
from crossaccount.access.findings.providers import KnownProviders
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
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.documents import content_of


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
    by_content = _ByContent(facts, estate.since)
    trusts: list[Statement] = []
    for account in details:
        limited, idle = bounded(account), boundaries_alone(account)
        for document in documents(account):
            own = by_content.findings(document, limited, granting=document.place not in idle)
            yield from map(behind.judged, own)
            trusts += document.statements if document.side == "trust" and by_content.has_external_id(document) else ()
        yield from administrators(account)
        yield from known.findings(account)
        yield from providers.findings(account)
        yield from naming_findings(account)
        for usage in usages(account, (limits or {}).get(account_of(account))):
            if (found := usage.finding()) is not None:
                yield found
    yield from shared_external_ids(trusts, facts)
    yield from closure_findings(details, estate, paths)
    yield from chain_findings(chains or Chains(estate), facts)


class _ByContent:
    """The findings on documents, computed once for equal documents: large estates repeat a few thousand of them.

    Rules ask of a document's owner only its kind and account, whether it has a boundary, and, beside an external ID, a
    role's name.
    """

    def __init__(self, facts: Facts, since: datetime | None) -> None:
        self._facts = facts
        self._since = since
        self._known: dict[Hashable, tuple[Found, ...]] = {}

    def findings(self, document: Document, limited: Collection[str], *, granting: bool) -> Iterator[Found]:
        """The findings on one document; see :func:`document_findings`."""
        owner, content = document.place.owner, content_of(document.content)
        if content is None:
            yield from document_findings(document, self._facts, limited, self._since, granting=granting)
            return
        arn = parse_arn(owner)
        named = arn.name if _EXTERNAL_ID in content.lower() else ""
        key = (content, document.side, arn.kind, arn.account, named, owner in limited, granting)
        found = self._known.get(key)
        if found is None:
            found = tuple(document_findings(document, self._facts, limited, self._since, granting=granting))
            self._known[key] = found
        for each in found:
            place = replace(each.place, owner=owner, policy=document.place.policy)
            yield replace(each, place=place)

    @staticmethod
    def has_external_id(document: Document) -> bool:
        """Whether a document may require an external ID."""
        content = content_of(document.content)
        return content is None or _EXTERNAL_ID in content.lower()


_EXTERNAL_ID = b"externalid"


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
