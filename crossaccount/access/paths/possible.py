"""Possible paths: they depend on principals that no stack declares, in accounts that are known only from stacks.

A stack declares a part of its account. A trust in the whole account, in a pattern of names, or in an undeclared
principal allows access *if* such a principal exists and its account grants it. That is neither a path nor the absence
of one. Accounts without a source are external principals, and have paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Role
from crossaccount.access.evaluation.callers import (
    ASSUME_ROLE,
    EVERYONE,
    ExternalPrincipal,
    Naming,
    external_principal,
    external_principals,
    naming,
)
from crossaccount.access.paths.answers import SharedLayers
from crossaccount.access.paths.path import Path, paths_to
from crossaccount.access.requirements import ALWAYS, NEVER, Atom, Requirements, both
from crossaccount.access.requirements.words import in_words
from crossaccount.iam.arn import ACCOUNT_ID, parse_arn
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.conditions import Condition
from crossaccount.iam.matching import wildcard_match
from crossaccount.iam.names import has_wildcard


class Possible(NamedTuple):
    """A path that exists if the statement ``assumes`` is true. ``path`` is that path.

    ``principal`` is an account (``…:root``), a pattern of ARNs, one principal, or an organisation.
    """

    principal: str
    role: str
    assumes: str
    path: Path

    def to_json(self) -> dict[str, str]:
        """An item of ``possible`` in the commands' JSON."""
        return {"principal": self.principal, "role": self.role, "assumes": self.assumes}


def possible(estate: Estate, roles: Iterable[str] | None = None) -> Iterator[Possible]:
    """The possible paths to the roles with these ARNs (default: all), sorted by role."""
    if not estate.declared:
        return
    shared = SharedLayers(estate)
    for arn in sorted(estate.roles if roles is None else roles):
        yield from _of_role(estate.roles[arn], estate, shared)


def possible_for(estate: Estate, principal: str) -> list[Possible]:
    """The possible paths of one principal that its account's stack does not declare; empty for any other."""
    caller = undeclared(estate, principal)
    if caller is None:
        return []
    shared = SharedLayers(estate)
    found = (_found(_PossibleCaller(caller, caller.arn), estate.roles[arn], shared) for arn in sorted(estate.roles))
    return [each for each in found if each is not None]


def may_exist(estate: Estate, principal: str) -> bool:
    """Whether a trust of the estate names a principal that no stack declares: by its ARN, or by a pattern."""
    if undeclared(estate, principal) is None:
        return False
    named = (each.principal for each in possible(estate) if not each.principal.endswith(":root"))
    return any(wildcard_match(name, principal) for name in named)


def undeclared(estate: Estate, principal: str) -> ExternalPrincipal | None:
    """A principal of an account of which only a stack is known, if the stack does not declare it; else None."""
    caller = external_principal(principal, estate.whole)
    if caller is None or caller.account not in estate.declared or _is_declared(caller, estate):
        return None
    return caller.placed(estate)


def _is_declared(caller: ExternalPrincipal, estate: Estate) -> bool:
    """Whether it is a principal of the estate, or a session of one."""
    if estate.principal(caller.arn) is not None:
        return True
    arn = parse_arn(caller.arn)
    if arn.kind != "assumed-role":
        return False
    role = arn.resource.split("/")[1]
    return any((each.account, each.name) == (arn.account, role) for each in estate.roles.values())


def _of_role(role: Role, estate: Estate, shared: SharedLayers) -> Iterator[Possible]:
    reported: set[str] = set()
    for statement in role.trust.about(ASSUME_ROLE):
        for possible in _named(statement, estate) if statement.allows else ():
            found = _found(possible, role, shared)
            if found is not None and found.principal not in reported:
                reported.add(found.principal)
                yield found


class _PossibleCaller(NamedTuple):
    """Possible callers: those of ``caller`` that meet ``own``. ``name`` describes them."""

    caller: ExternalPrincipal
    name: str
    own: Requirements = ALWAYS


def _named(statement: CompiledStatement, estate: Estate) -> Iterator[_PossibleCaller]:
    """The undeclared principals that a trust statement may allow."""
    for caller in external_principals(statement, estate.whole):
        if caller.arn.startswith("o-"):
            if estate.describes(caller.arn) and _is_partly_declared(caller.arn, estate):
                yield _PossibleCaller(caller, caller.arn)
        elif caller.account not in estate.declared or _is_declared(caller, estate):
            continue
        elif caller.is_single:
            yield _PossibleCaller(caller.placed(estate), caller.arn)
        else:
            yield from _of_account(caller.placed(estate), statement, estate)


def _is_partly_declared(organization: str, estate: Estate) -> bool:
    of = (estate.membership(each) for each in estate.declared)
    return any(each is not None and each.organization == organization for each in of)


def _of_account(account: ExternalPrincipal, statement: CompiledStatement, estate: Estate) -> Iterator[_PossibleCaller]:
    """The principals of a named account: those that the conditions name by ARN, or all."""
    limiting = next(filter(_limits_names, statement.conditions), None)
    if limiting is None:
        yield _PossibleCaller(account, account.arn)
        return
    for value in limiting.values:
        owner = "".join(value.text.split(":", 5)[4:5])
        if ACCOUNT_ID.match(owner) and owner != account.account:
            continue
        if has_wildcard(value.text):
            atom = Atom("trust", "", statement.label, limiting.operator, limiting.key, (value.text,))
            yield _PossibleCaller(account, value.text, ((atom,),))
        elif (one := undeclared(estate, value.text)) is not None:
            yield _PossibleCaller(one, one.arn)


def _limits_names(condition: Condition) -> bool:
    if condition.negated or condition.if_exists or condition.base == "null" or condition.quantifier == "forallvalues:":
        return False
    return condition.key.lower() == "aws:principalarn" and all(each.plain for each in condition.values)


def _found(possible: _PossibleCaller, role: Role, shared: SharedLayers) -> Possible | None:
    """The possible path of a caller to a role; None if it certainly has none."""
    path = next(iter(paths_to(role, [possible.caller], shared)), None)
    if path is None or (alternatives := both(path.alternatives, possible.own)) == NEVER:
        return None
    meant = {atom.meaning for each in possible.own for atom in each}
    left = tuple(tuple(atom for atom in each if atom.meaning not in meant) for each in alternatives)
    words = "" if () in left else f"{in_words(left)}, "
    assumes = words + _assumption(possible, needs_grant=not _is_let_in(possible.caller, role))
    return Possible(possible.name, role.arn, assumes, path._replace(principal=possible.name, alternatives=alternatives))


def _assumption(possible: _PossibleCaller, *, needs_grant: bool) -> str:
    if possible.own == ALWAYS and not possible.caller.is_single:
        other = "a principal that no stack declares"
        return f"if {other} has a grant" if needs_grant else f"if there is {other}"
    caller = "it" if possible.own == ALWAYS else "such a principal"
    return f"if {caller} exists and has a grant" if needs_grant else f"if {caller} exists"


def _is_let_in(caller: ExternalPrincipal, role: Role) -> bool:
    """Whether the trust alone is enough: the principal is in the role's account, and the trust names it or ``*``."""
    elements = [each.principal for each in role.trust.about(ASSUME_ROLE) if each.allows and each.principal]
    named = [naming(each, caller) >= Naming.ROLE for each in elements if caller.is_single or EVERYONE in each.entries]
    return any(named) and caller.account == role.account
