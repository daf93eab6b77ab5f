"""What a policy's answers depend on: the properties of callers and roles that its statements can tell apart.

Two requests that are equal in all of these get equal answers. A property that a statement may test in any way counts:
as a condition key, as a variable in a value or in a resource, or as a principal.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from crossaccount.access.estate.entities import Policy, Principal
from crossaccount.access.evaluation.callers import EVERYONE, ExternalPrincipal, sender_of
from crossaccount.access.evaluation.context import CARRIED_IDENTITY
from crossaccount.access.evaluation.layers import carried_actions
from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.compiled import CompiledStatement

_ABOUT_THE_CALLER = ("aws:principal", "aws:user", "aws:federated", CARRIED_IDENTITY)
"""The prefixes of keys that a caller implies, beyond its kind and its account."""
_ABOUT_THE_ACCOUNT = ("aws:principalaccount", "aws:principalorg")
_NOT_OF_PROVIDERS = ("aws:", "sts:", "iam:")
"""The prefixes of keys that no identity provider has."""
_ABOUT_THE_ROLE = ("aws:resourceaccount", "aws:resourceorg", "aws:resourcetag/", "iam:resourcetag/")
"""The prefixes of keys that a role implies."""

_USER_ID = "aws:userid"


class Dependencies(NamedTuple):
    """The properties of callers, beyond account and kind, that a policy's answer depends on.

    ``caller_keys`` are the condition keys about the caller, in lower case. ``claims`` are keys that may be an identity
    provider's: only sessions of roles that trust the provider carry them. ``names`` are the single principals that the
    policy names: each may have its own answer. With ``sessions`` each role may have its own answer, with ``inverted``
    (NotPrincipal) each principal. ``depends_on_caller``: one of these is the case. ``depends_on_account``: the answer
    depends on the account's ID or on its place in the organisation, beyond whether the policy names the account.
    ``depends_on_role``: the answer also depends on the role's tags and account. ``without_statements``: the policy has
    no statement about the action.
    """

    without_statements: bool
    caller_keys: tuple[str, ...]
    claims: tuple[str, ...]
    depends_on_role: bool
    names: frozenset[str]
    sessions: bool
    inverted: bool
    depends_on_caller: bool
    depends_on_account: bool

    def single_out(self, caller: Principal) -> bool:
        """Whether the answer for ``caller`` may differ from that for others of its account and kind."""
        return bool(self.caller_keys or (self.claims and caller.is_role)) or self.is_single(caller)

    def equivalent_callers(self, caller: Principal) -> Hashable:
        """A key: callers with equal keys get equal answers."""
        if self.is_single(caller):
            return caller.arn
        return caller.account, caller.is_role, self.values(caller)

    def values(self, caller: Principal) -> tuple[Hashable, ...]:
        """What the policy can read of a caller, beyond its account and kind, unless the caller ``is_single``."""
        if not self.caller_keys and not (self.claims and caller.is_role):
            return ()
        implied = map(caller.implied.get, self.caller_keys)
        if not caller.is_role:
            return tuple(implied)  # a user has only its own tags, and carries nothing on
        return caller.may_be_tagged, carried_actions(caller), self._providers(caller), *implied

    def _providers(self, caller: Principal) -> frozenset[str]:
        """The identity providers of the caller's sessions whose keys the policy tests."""
        if not self.claims:
            return frozenset()
        return frozenset(name for name in sender_of(caller).names if any(key.startswith(name) for key in self.claims))

    def is_single(self, caller: Principal) -> bool:
        """Whether the answer for ``caller`` may differ from that for any other caller."""
        if self.inverted or (self.sessions and caller.is_role) or isinstance(caller, ExternalPrincipal):
            return True
        if caller.is_role and _USER_ID in self.caller_keys:
            return True  # it begins with the ID of the role
        return bool(self.names) and (caller.arn in self.names or caller.unique_id in self.names)


def dependencies_of(policy: Policy, action: str) -> Dependencies:
    """The dependencies of a policy's answer for an action."""
    statements = policy.about(action)
    if statements and all(map(_reads_nothing, statements)):
        return _NOTHING
    keys: set[str] = set()
    names: set[str] = set()
    sessions = inverted = variables = False
    for statement in statements:
        if statement.conditions or statement.has_variables:
            keys.update(_condition_keys(statement))
        variables = variables or statement.has_variables
        element = statement.principal
        if element is not None:
            if len(element.accounts) != len(element.aws):
                names.update(entry for entry in element.aws if not _is_many(entry))
            sessions = sessions or bool(element.sessions)
            inverted = inverted or element.inverted  # it tests whether the caller has a boundary
    caller_keys = tuple(sorted(filter(_is_about_the_caller, keys)))
    claims = tuple(sorted(key for key in keys if not key.startswith(_NOT_OF_PROVIDERS)))
    return Dependencies(
        without_statements=not statements and not policy.unknown_about(action),
        caller_keys=caller_keys,
        claims=claims,
        depends_on_role=variables or any(key.startswith(_ABOUT_THE_ROLE) for key in keys),
        names=frozenset(names),
        sessions=sessions,
        inverted=inverted,
        depends_on_caller=bool(caller_keys or claims or names or sessions or inverted),
        depends_on_account=any(key.startswith(_ABOUT_THE_ACCOUNT) for key in keys),
    )


_NOTHING = Dependencies(False, (), (), False, frozenset(), False, False, False, False)
"""Those of most policies: of conditions without keys, and of whole accounts."""


def _reads_nothing(statement: CompiledStatement) -> bool:
    """Whether a statement has no conditions and no variables, and names only whole accounts."""
    element = statement.principal
    if statement.conditions or statement.has_variables:
        return False
    return element is None or (not element.inverted and len(element.accounts) == len(element.aws))


def _is_many(entry: str) -> bool:
    """Whether an entry under AWS is everyone, or a whole account."""
    return entry == EVERYONE or entry.endswith(":root") or ACCOUNT_ID.match(entry) is not None


def _is_about_the_caller(key: str) -> bool:
    return key.startswith(_ABOUT_THE_CALLER) and not key.startswith(_ABOUT_THE_ACCOUNT)


def _condition_keys(statement: CompiledStatement) -> set[str]:
    keys = {key for condition in statement.conditions for key in condition.keys}
    if statement.has_variables:
        keys.update(key.lower() for resource in statement.resources for key in resource.variables())
    return keys
