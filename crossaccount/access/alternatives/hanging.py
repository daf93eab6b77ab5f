"""What hangs on an open context, as atoms: conditions on keys that it leaves open, resources with such variables."""

from __future__ import annotations

from collections.abc import Iterable

from crossaccount.access.alternatives.atoms import RESOURCE, UNKNOWN, Atom, filled
from crossaccount.access.verdict import Decision, Side
from crossaccount.iam.compiled import CompiledStatement, fits
from crossaccount.iam.conditions import Condition, RequestContext


def condition_atoms(decision: Decision, conditions: Iterable[Condition], context: RequestContext) -> tuple[Atom, ...]:
    """An atom for each condition, with the variables filled in that the context knows."""
    return tuple(
        Atom(
            decision.side,
            decision.policy,
            decision.statement,
            condition.operator,
            condition.key,
            tuple(filled(value, context) for value in condition.values),
        )
        for condition in conditions
    )


def resource_atoms(
    decision: Decision, statement: CompiledStatement, resource: str, context: RequestContext
) -> tuple[Atom, ...]:
    """The atom of a statement that may be about ``resource``; none where it surely is."""
    if statement.on(resource, context) is not None:
        return ()
    values = tuple(filled(value, context) for value in statement.resources if fits(value, resource, context) is None)
    where = decision.side, decision.policy, decision.statement
    return (Atom(*where, RESOURCE, resource, values, negated=statement.resources_inverted),)


def unknown_atom(side: Side, text: str, may: str) -> Atom:
    """The atom of a policy that nobody knows: ``text`` names it and says why, ``may`` is ``Allow`` or ``Deny``."""
    return Atom(side, text.partition(": ")[0], "", UNKNOWN, may, (text,))
