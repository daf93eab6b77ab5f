"""Roles of one stack that trust each other exactly: none can be made first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crossaccount.iam.arn import entity_arn
from crossaccount.iam.names import resolve
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.iam.statements import matched_by_condition
from crossaccount.settings.draft import Draft


def check_cycles(draft: Draft) -> Iterator[Problem]:
    """One problem for each cycle, at the role that is declared first; a role alone is another check's."""
    trusts = {name: _trusted(draft, name) for name in draft.roles}
    reported: set[frozenset[str]] = set()
    for name in trusts:
        cycle = _cycle(name, trusts)
        if len(cycle) > 1 and frozenset(cycle) not in reported:
            reported.add(frozenset(cycle))
            shown = " → ".join([*cycle, name])
            what = f"roles that trust each other exactly cannot be made in any order: {shown}"
            fix = "add `mode: by-name` to one of these trust statements"
            yield Problem(f"{draft.roles[name].where}.trust", what, NOT_GIVEN, fix)


def _trusted(draft: Draft, name: str) -> tuple[str, ...]:
    """The roles of the stack that the role's trust names exactly."""
    own = {
        entity_arn(draft.account_id, "role", other, role.value.path, draft.partition): other
        for other, role in draft.roles.items()
    }
    found: dict[str, None] = {}
    for statement in draft.roles[name].value.trust:
        for principal in statement.principals:
            try:
                arn = resolve(principal, draft.account_ids, draft.partition)
            except ValueError:
                continue
            if arn in own and not matched_by_condition(arn, statement.mode == "by-name"):
                found[own[arn]] = None
    return tuple(found)


def _cycle(start: str, trusts: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The shortest way from ``start`` back to itself, without its end; empty where there is none."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for other in trusts[way[-1]]:
            if other == start:
                return way
            if other not in seen:
                seen.add(other)
                ways.append([*way, other])
    return []
