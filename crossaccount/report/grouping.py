"""Paths added up for a picture: one by one where they are few, from account to account where they are many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crossaccount.access.requirements import ALWAYS
from crossaccount.report.model import Report
from crossaccount.report.statements import owner_account

MOST_PATHS = 60
"""More lines than this nobody can follow."""
OTHERS = "others"


@dataclass(frozen=True)
class Edge:
    """All paths between two ends. ``always`` counts those that work unconditionally."""

    source: str
    target: str
    paths: int
    always: int


@dataclass(frozen=True)
class Picture:
    """Edges between single ends (ARNs), or between accounts (their names) where there are too many.

    ``left_out`` counts the paths of the thinnest edges, which are not drawn.
    """

    by_account: bool
    edges: tuple[Edge, ...]
    left_out: int = 0


def picture(report: Report) -> Picture:
    """What to draw, never more than ``MOST_PATHS`` edges."""
    single = _added(report, {})
    if len(single) <= MOST_PATHS:
        return Picture(False, tuple(single))
    ends = {end for path in report.paths for end in (path.principal, path.role)}
    edges = _added(report, {end: _account(end, report) for end in ends})
    kept = sorted(edges, key=lambda edge: (-edge.paths, edge.source, edge.target))[:MOST_PATHS]
    left_out = sum(edge.paths for edge in edges) - sum(edge.paths for edge in kept)
    return Picture(True, tuple(sorted(kept, key=lambda edge: (edge.source, edge.target))), left_out)


def _added(report: Report, names: Mapping[str, str]) -> list[Edge]:
    found: dict[tuple[str, str], list[int]] = {}
    for path in report.paths:
        counts = found.setdefault((names.get(path.principal, path.principal), names.get(path.role, path.role)), [0, 0])
        counts[0] += 1
        counts[1] += path.alternatives == ALWAYS
    return [Edge(*ends, *counts) for ends, counts in found.items()]


def _account(end: str, report: Report) -> str:
    account = owner_account(end)
    return report.accounts.get(account, account) if account else end
