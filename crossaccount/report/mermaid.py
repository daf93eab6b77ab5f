"""The paths and ways as a Mermaid flowchart, for Markdown pages that draw it (GitHub, GitLab).

Few paths are drawn one by one; many are added up from account to account. A solid line always works, a dashed one under
conditions. A name is written as character codes wherever Mermaid or HTML would read more than text in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crossaccount.access.requirements import ALWAYS
from crossaccount.escaping import mermaid_text
from crossaccount.iam.names import counted
from crossaccount.report.model import Report
from crossaccount.report.statements import owner_account

MOST_PATHS = 60
"""More lines are hard to follow."""


@dataclass(frozen=True)
class Edge:
    """All paths between two ends. ``always`` counts those that work unconditionally."""

    source: str
    target: str
    paths: int
    always: int
    through: int = 0
    """How many roles are between the two ends of a way; 0 for paths."""


@dataclass(frozen=True)
class Picture:
    """Edges between single ends (ARNs), or between accounts (their names) where there are too many.

    ``left_out`` counts the paths of the thinnest edges, which are not drawn; ``ways_left_out`` the ways.
    """

    by_account: bool
    edges: tuple[Edge, ...]
    left_out: int = 0
    ways_left_out: int = 0


def picture(report: Report) -> Picture:
    """What to draw, never more than ``MOST_PATHS`` edges."""
    single = _added(report, {})
    ways = _ways(report)
    if len(single) <= MOST_PATHS:
        drawn = ways[: MOST_PATHS - len(single)]
        return Picture(False, (*single, *drawn), ways_left_out=len(ways) - len(drawn))
    ends = {end for path in report.paths for end in (path.principal, path.role)}
    edges = _added(report, {end: _account(end, report) for end in ends})
    kept = sorted(edges, key=lambda edge: (-edge.paths, edge.source, edge.target))[:MOST_PATHS]
    left_out = sum(edge.paths for edge in edges) - sum(edge.paths for edge in kept)
    return Picture(True, tuple(sorted(kept, key=lambda edge: (edge.source, edge.target))), left_out, len(ways))


def _ways(report: Report) -> list[Edge]:
    """The easiest way of each pair that no path joins."""
    joined = {(path.principal, path.role) for path in report.paths}
    found: dict[tuple[str, str], Edge] = {}
    for way in report.ways:
        pair = (way.principal, way.role)
        if pair not in joined and pair not in found:
            found[pair] = Edge(*pair, 1, int(() in way.alternatives), len(way.via))
    return list(found.values())


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


def mermaid(report: Report) -> str:
    """The whole chart."""
    return "\n".join(_lines(report, picture(report))) + "\n"


def _lines(report: Report, drawn: Picture) -> Iterator[str]:
    yield "flowchart LR"
    ends = dict.fromkeys(end for edge in drawn.edges for end in (edge.source, edge.target))
    ids = {end: f"n{number}" for number, end in enumerate(ends)}
    if drawn.by_account:
        yield from (f'  {ids[end]}["{mermaid_text(end)}"]' for end in ends)
    else:
        yield from _by_account(report, ids)
    for edge in drawn.edges:
        yield f"  {ids[edge.source]} {_arrow(edge, drawn)} {ids[edge.target]}"
    if drawn.left_out:
        yield f"  %% left out: the thinnest lines, with {drawn.left_out} paths"
    if drawn.ways_left_out:
        yield f"  %% left out: {counted(drawn.ways_left_out, 'way')} through other roles"


def _by_account(report: Report, ids: dict[str, str]) -> Iterator[str]:
    accounts = dict.fromkeys(owner_account(end) for end in ids)
    for number, account in enumerate(accounts):
        members = [end for end in ids if owner_account(end) == account]
        if account:
            yield f'  subgraph a{number}["{mermaid_text(report.accounts.get(account, account))}"]'
        yield from (f'    {ids[end]}["{mermaid_text(_label(end))}"]' for end in members)
        if account:
            yield "  end"


def _label(end: str) -> str:
    """Without the account, which is the heading of its group."""
    return end.split(":", 5)[5] if owner_account(end) else end


def _arrow(edge: Edge, drawn: Picture) -> str:
    arrow = "-->" if edge.always else "-.->"
    if edge.through:
        return f'{arrow}|"through {counted(edge.through, "role")}"|'
    return f'{arrow}|"{edge.paths}"|' if drawn.by_account else arrow
