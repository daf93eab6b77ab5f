"""What a policy's answers hang on: which callers and roles may share them."""

from __future__ import annotations

from typing import NamedTuple

from crossaccount.access.estate.entities import Policy, Principal
from crossaccount.access.evaluation.outsiders import Outsider
from crossaccount.iam.compiled import CompiledStatement

_ABOUT_THE_CALLER = ("aws:principal", "aws:user", "aws:federated")
"""How the keys begin that a caller implies, beyond what goes with its kind (as MFA does) and its account."""
_ABOUT_THE_ACCOUNT = ("aws:principalaccount", "aws:principalorg")
_ABOUT_THE_ROLE = ("aws:resourceorg",)
"""How the keys begin that a role implies."""


class Traits(NamedTuple):
    """What a policy's answers about an action depend on: caller and role beyond their kinds; and whom it names."""

    silent: bool
    asks_caller: bool
    asks_role: bool
    names: frozenset[str]
    sessions: bool

    def single_out(self, caller: Principal) -> bool:
        """Whether the answers for ``caller`` may not be those for others of its account and kind."""
        if self.asks_caller or (self.sessions and caller.is_role) or isinstance(caller, Outsider):
            return True
        return bool(self.names) and (caller.arn in self.names or caller.unique_id in self.names)


def traits_of(policy: Policy, action: str) -> Traits:
    """The traits of a policy's statements about an action."""
    statements = policy.about(action)
    elements = [statement.principal for statement in statements if statement.principal]
    return Traits(
        silent=not statements and not policy.unknown,
        # NotPrincipal asks whether the caller has a boundary.
        asks_caller=any(map(_asks_caller, statements)) or any(element.inverted for element in elements),
        asks_role=any(map(_asks_role, statements)),
        names=frozenset(entry for element in elements for entry in element.entries),
        sessions=any(element.sessions for element in elements),
    )


def _asks_caller(statement: CompiledStatement) -> bool:
    return any(
        key.startswith(_ABOUT_THE_CALLER) and not key.startswith(_ABOUT_THE_ACCOUNT) for key in _asked_keys(statement)
    )


def _asks_role(statement: CompiledStatement) -> bool:
    return statement.has_variables or any(key.startswith(_ABOUT_THE_ROLE) for key in _asked_keys(statement))


def _asked_keys(statement: CompiledStatement) -> set[str]:
    keys = {key for condition in statement.conditions for key in condition.keys}
    return keys | {key.lower() for resource in statement.resources for key in resource.variables()}
