"""A caller's own side of every request for a role: what it has in common with others, and what is to be asked anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from crossaccount.access.estate.entities import Policy
from crossaccount.access.paths.grants import widest
from crossaccount.access.verdict import Side
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.conditions import RequestContext


class Asking(NamedTuple):
    """A policy that has to be asked for each role; of those that fit none of ``patterns``, if any, it says nothing."""

    side: Side
    policy: Policy
    patterns: tuple[str, ...] | None = None


class Profile(NamedTuple):
    """A caller's own side. Callers with equal ``key`` have the same answers, but for what ``asking`` policies say."""

    action: str
    context: RequestContext
    policies: tuple[Policy, ...]
    asking: tuple[Asking, ...]
    key: int


def patterns_of(statements: Iterable[CompiledStatement], context: RequestContext) -> tuple[str, ...] | None:
    """All that statements may be about, for one caller; None where only the resource itself can tell."""
    statements = tuple(statements)
    if not statements or any(statement.resources_inverted or not statement.resources for statement in statements):
        return None
    found = [widest(value, context) for statement in statements for value in statement.resources]
    return tuple(pattern for pattern in found if pattern is not None)
