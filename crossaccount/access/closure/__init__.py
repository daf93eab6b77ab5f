"""Closure: every grant should meet a trust, every trust a grant. What does not is dangling, and said here.

Also what only an estate as a whole shows: roles that nobody reaches, denies without effect, chains and circles of
roles, and who could edit what guards them. Near linear in the number of entities and paths: one pass each, with
indexes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from crossaccount.access.closure.chains import Link, chain_findings, links
from crossaccount.access.closure.denials import Denials
from crossaccount.access.closure.escalation import Escalation
from crossaccount.access.closure.grants import Grants
from crossaccount.access.closure.reach import Holders, PathLike, Reach
from crossaccount.access.closure.session_sides import SessionSides
from crossaccount.access.closure.trusts import Nearest, trust_findings
from crossaccount.access.estate import Estate
from crossaccount.access.estate.policies import Details
from crossaccount.access.findings.documents import documents
from crossaccount.access.findings.finding import Found

__all__ = ["Link", "PathLike", "Reach", "closure_findings", "links"]


def closure_findings(details: Sequence[Details], estate: Estate, paths: Iterable[PathLike]) -> Iterator[Found]:
    """What closure says of an estate, of which ``details`` are the sources and ``paths`` all the paths."""
    reach = Reach.of(paths)
    holders = Holders(details)
    grants, denials = Grants(estate, reach, holders), Denials(estate, holders)
    sides = SessionSides(estate, reach, holders)
    nearest = Nearest(estate)
    served: set[str] = set()
    for document in (document for account in details for document in documents(account)):
        yield from trust_findings(document, estate, reach, nearest)
        for statement in document.statements:
            if statement.principals("Service") or statement.principals("Federated"):
                served.add(statement.owner)
            yield from grants.findings(statement)
            yield from denials.findings(statement)
            yield from sides.findings(statement)
    yield from chain_findings(estate, reach, frozenset(served))
    yield from Escalation(details, estate).findings()
