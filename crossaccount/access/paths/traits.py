"""What a policy's answers about an action depend on, as far as callers differ from each other."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from crossaccount.access.estate.entities import Policy, Principal
from crossaccount.access.evaluation.outsiders import Outsider
from crossaccount.access.evaluation.principals import EVERYONE
from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.compiled import CompiledStatement

_ABOUT_THE_CALLER = ("aws:principal", "aws:user", "aws:federated")
"""How the keys begin that a caller implies, beyond what goes with its kind (as MFA does) and its account."""
_ABOUT_THE_ACCOUNT = ("aws:principalaccount", "aws:principalorg")
_ABOUT_THE_ROLE = ("aws:resourceaccount", "aws:resourceorg", "aws:resourcetag/", "iam:resourcetag/")
"""How the keys begin that a role implies."""

_USER_ID = "aws:userid"


class Traits(NamedTuple):
    """What a policy asks of its callers beyond their account and kind.

    ``asks`` are the condition keys about the caller, in lower case. ``names`` are the single principals that it names,
    each of which may have an answer of its own; with ``sessions`` each role has, with ``inverted`` (NotPrincipal)
    everyone.
    ``asks_role``: what it says also hangs on the role itself, beyond which statements are about it. A ``silent`` policy
    says nothing of the action.
    """

    silent: bool
    asks: tuple[str, ...]
    asks_role: bool
    names: frozenset[str]
    sessions: bool
    inverted: bool

    @property
    def discerning(self) -> bool:
        """Whether there may be callers of one account and kind that get different answers."""
        return bool(self.asks or self.names or self.sessions or self.inverted)

    def single_out(self, caller: Principal) -> bool:
        """Whether the answer for ``caller`` may not be that for others of its account and kind."""
        return bool(self.asks) or self._alone(caller)

    def who(self, caller: Principal) -> Hashable:
        """Callers that are the same in this get the same answers."""
        if self._alone(caller):
            return caller.arn
        if not self.asks:
            return caller.account, caller.is_role
        return caller.account, caller.is_role, caller.may_be_tagged, *map(caller.implied.get, self.asks)

    def _alone(self, caller: Principal) -> bool:
        if self.inverted or (self.sessions and caller.is_role) or isinstance(caller, Outsider):
            return True
        if caller.is_role and _USER_ID in self.asks:
            return True  # it begins with the role's own ID
        return bool(self.names) and (caller.arn in self.names or caller.unique_id in self.names)


def traits_of(policy: Policy, action: str) -> Traits:
    """The traits of a policy in what it says of an action."""
    statements = policy.about(action)
    keys = {key for statement in statements for key in _asked(statement)}
    elements = [statement.principal for statement in statements if statement.principal]
    return Traits(
        silent=not statements and not policy.unknown,
        asks=tuple(sorted(filter(_is_about_the_caller, keys))),
        asks_role=any(statement.has_variables for statement in statements)
        or any(key.startswith(_ABOUT_THE_ROLE) for key in keys),
        names=frozenset([entry for element in elements for entry in element.aws if not _is_many(entry)]),
        sessions=any(element.sessions for element in elements),
        inverted=any(element.inverted for element in elements),  # it asks whether the caller has a boundary
    )


def _is_many(entry: str) -> bool:
    """Whether an entry under AWS is everyone, or a whole account."""
    return entry == EVERYONE or entry.endswith(":root") or ACCOUNT_ID.match(entry) is not None


def _is_about_the_caller(key: str) -> bool:
    return key.startswith(_ABOUT_THE_CALLER) and not key.startswith(_ABOUT_THE_ACCOUNT)


def _asked(statement: CompiledStatement) -> set[str]:
    keys = {key for condition in statement.conditions for key in condition.keys}
    return keys | {key.lower() for resource in statement.resources for key in resource.variables()}
