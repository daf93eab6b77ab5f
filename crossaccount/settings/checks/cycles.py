"""Roles of one stack that trust each other exactly: none can be made first."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping

from crossaccount.iam.arn import entity_arn
from crossaccount.iam.names import resolve
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.iam.statements import matched_by_condition
from crossaccount.settings.draft import Draft


def check_cycles(draft: Draft) -> Iterator[Problem]:
    """One problem for each cycle, at the role that is declared first; a role alone is another check's."""
    trusts = _in_cycles(_trusts(draft))
    reported: set[frozenset[str]] = set()
    for name in trusts:
        cycle = _cycle(name, trusts)
        if len(cycle) > 1 and frozenset(cycle) not in reported:
            reported.add(frozenset(cycle))
            shown = " → ".join([*cycle, name])
            what = f"roles that trust each other exactly cannot be made in any order: {shown}"
            fix = "add `mode: by-name` to one of these trust statements"
            yield Problem(f"{draft.roles[name].where}.trust", what, NOT_GIVEN, fix)


def _trusts(draft: Draft) -> dict[str, tuple[str, ...]]:
    """By role: the roles of the stack that its trust policy names exactly."""
    own = {
        entity_arn(draft.account_id, "role", name, role.value.path, draft.partition): name
        for name, role in draft.roles.items()
    }
    result: dict[str, tuple[str, ...]] = {}
    for name, role in draft.roles.items():
        found: dict[str, None] = {}
        for statement in role.value.trust:
            for principal in statement.principals:
                try:
                    arn = resolve(principal, draft.account_ids, draft.partition)
                except ValueError:
                    continue
                if arn in own and not matched_by_condition(arn, statement.mode == "by-name"):
                    found[own[arn]] = None
        result[name] = tuple(found)
    return result


def _in_cycles(trusts: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The part of the graph that can hold a cycle: without roles that trust nobody, and without what is left of those.

    Each role and each trust is looked at once, so that a stack without a cycle costs no search.
    """
    trusted_by: dict[str, list[str]] = defaultdict(list)
    left = {name: len(others) for name, others in trusts.items()}
    for name, others in trusts.items():
        for other in others:
            trusted_by[other].append(name)
    ended = [name for name, count in left.items() if count == 0]
    while ended:
        for name in trusted_by[ended.pop()]:
            left[name] -= 1
            if left[name] == 0:
                ended.append(name)
    kept = {name for name, count in left.items() if count}
    return {name: tuple(each for each in trusts[name] if each in kept) for name in trusts if name in kept}


def _cycle(start: str, trusts: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The shortest way from ``start`` back to itself, without its end; empty where there is none."""
    reached: dict[str, str] = {}
    waiting = deque([start])
    while waiting:
        role = waiting.popleft()
        for other in trusts[role]:
            if other == start:
                way = [role]
                while way[-1] != start:
                    way.append(reached[way[-1]])
                return way[::-1]
            if other not in reached:
                reached[other] = role
                waiting.append(other)
    return []
