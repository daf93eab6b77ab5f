"""The picture as a Mermaid flowchart, for Markdown pages that draw it (GitHub, GitLab).

Full lines always work, dashed ones on conditions. A name is written as character codes wherever Mermaid or HTML would
read more than text in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.escaping import mermaid_text
from crossaccount.report.grouping import Edge, Picture, picture
from crossaccount.report.model import Report
from crossaccount.report.statements import owner_account


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
    """Its account stands above it already."""
    return end.split(":", 5)[5] if owner_account(end) else end


def _arrow(edge: Edge, drawn: Picture) -> str:
    arrow = "-->" if edge.always else "-.->"
    return f'{arrow}|"{edge.paths}"|' if drawn.by_account else arrow
