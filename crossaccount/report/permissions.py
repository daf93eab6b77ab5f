"""What a role may do once it is assumed: its statements, with the access level of each action.

Levels are AWS's own, of the most powerful action that a pattern stands for. What a permissions boundary or a control
policy takes away again is not worked out here: the boundary is named beside the role.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from crossaccount.access.diff.change import AccessLevel
from crossaccount.access.diff.levels import RANK, expand, highest_level
from crossaccount.access.diff.rules import Rule
from crossaccount.access.estate.entities import Policy
from crossaccount.access.requirements.words import UNCONDITIONAL, in_words
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.matching import action_match

UNKNOWN_LEVEL = "unknown"
"""Of actions that AWS's published list does not have."""


@dataclass(frozen=True)
class Permission:
    """One statement of an identity policy.

    ``levels`` holds the action patterns by access level, the highest first; ``spared``: they are those that the
    statement is *not* about. ``conditions`` are in words, empty where there are none. ``unknown`` says why the policy
    has no statements to show.
    """

    policy: str
    statement: str = ""
    allows: bool = True
    levels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    spared: bool = False
    resources: tuple[str, ...] = ()
    resources_spared: bool = False
    conditions: str = ""
    unknown: str = ""

    @property
    def level(self) -> str:
        """The highest access level; empty for what allows nothing."""
        return self.levels[0][0] if self.allows and self.levels else ""


class Permissions:
    """The permissions of policies; one that many share is looked at once."""

    def __init__(self) -> None:
        self._by_policy: dict[int, tuple[Policy, tuple[Permission, ...]]] = {}

    def of(self, policies: Sequence[Policy]) -> tuple[Permission, ...]:
        """The permissions of these policies, in their order."""
        return tuple(permission for policy in policies for permission in self._of_policy(policy))

    def _of_policy(self, policy: Policy) -> tuple[Permission, ...]:
        if id(policy) not in self._by_policy:  # the policy is kept, so its id stays its own
            unknown = (Permission(policy.name, unknown=policy.unknown),) if policy.unknown else ()
            statements = tuple(_permission(policy, statement) for statement in policy.statements)
            self._by_policy[id(policy)] = (policy, unknown + statements)
        return self._by_policy[id(policy)][1]


def highest(permissions: Sequence[Permission]) -> str:
    """The highest access level that is allowed; empty where nothing is, or nothing known."""
    levels = {permission.level for permission in permissions}
    return next((level for level in reversed(RANK) if level in levels), "")


def _permission(policy: Policy, statement: CompiledStatement) -> Permission:
    words = in_words(Rule.of("identity", policy, statement).alternatives)
    return Permission(
        policy.name,
        statement.label,
        statement.allows,
        _levels(statement.actions, statement.actions_inverted),
        statement.actions_inverted,
        tuple(each.text for each in statement.resources),
        statement.resources_inverted,
        "" if words == UNCONDITIONAL else words,
    )


@lru_cache(maxsize=4_096)
def _levels(actions: tuple[str, ...], inverted: bool) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if inverted:
        return ((_level_of_all_but(actions), actions),)
    found: dict[str, list[str]] = {}
    for action in actions:
        found.setdefault(highest_level((action.lower(),)) or UNKNOWN_LEVEL, []).append(action)
    order = (*reversed(RANK), UNKNOWN_LEVEL)
    return tuple((level, tuple(found[level])) for level in order if level in found)


def _level_of_all_but(spared: Sequence[str]) -> AccessLevel | str:
    left = (action for action in expand("*") if not any(action_match(pattern, action) for pattern in spared))
    return highest_level(left) or UNKNOWN_LEVEL
