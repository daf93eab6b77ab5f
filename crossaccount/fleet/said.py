"""What is wrong with a role set is wrong in every account that has it: it is said once, with the accounts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from crossaccount.iam.problem import Problem


@dataclass(frozen=True)
class Said:
    """A problem of one account's stack."""

    account: str
    problem: Problem


def once(found: Iterable[Said]) -> list[Problem]:
    """Each problem once, with the accounts that it is about."""
    groups: dict[tuple[str, str, str], list[Said]] = {}
    for each in found:
        groups.setdefault((each.problem.where, each.problem.what, each.problem.fix), []).append(each)
    return [_of_all(group) for group in groups.values()]


def _of_all(group: list[Said]) -> Problem:
    first = group[0]
    others = len(group) - 1
    if not others:
        return replace(first.problem, what=f"{first.problem.what} (in {first.account})")
    more = "1 other account" if others == 1 else f"{others:,} other accounts"
    return replace(first.problem, what=f"{first.problem.what} (in {first.account} and {more})")
