"""Actions by AWS's published list: the actions that a pattern matches, access levels, and patterns for people.

Levels are AWS's own
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from crossaccount.access.diff.change import AccessLevel
from crossaccount.access.estate.policies import is_aws_managed, managed_document
from crossaccount.iam.documents import as_list
from crossaccount.iam.matching import wildcard_match
from crossaccount.iam.published import access_level, matching_actions, service_exists, services

RANK: tuple[AccessLevel, ...] = ("list", "read", "tagging", "write", "permissions-management")
ALL_BUT = "all but "
"""The prefix for actions that a statement excludes: ``all but iam:*, organizations:*``."""
_FROM_AWS: dict[str, AccessLevel] = {
    "Permissions management": "permissions-management",
    "Tagging": "tagging",
    "Write": "write",
    "Read": "read",
    "List": "list",
}


@lru_cache(maxsize=4_096)
def expand(pattern: str) -> tuple[str, ...]:
    """The known actions that a pattern stands for, in lower case; none of a service that the list does not know.

    ``all but …`` matches the actions that match none of the following patterns.
    """
    if pattern.startswith(ALL_BUT):
        spared = {action for each in pattern.removeprefix(ALL_BUT).split(", ") for action in expand(each)}
        return tuple(action for action in _all() if action not in spared)
    service, colon, name = pattern.partition(":")
    if not colon:
        return _all() if pattern == "*" else ()
    if "*" in service or "?" in service:
        found = [each for each in services() if wildcard_match(service, each)]
    else:
        found = [service] if service_exists(service) else []
    return tuple(f"{each}:{action.lower()}" for each in found for action in matching_actions(each, name))


def highest_level(actions: Iterable[str]) -> AccessLevel | None:
    """The level of the most powerful known action that the patterns stand for; None where none is known."""
    patterns = tuple(actions)
    if "*" in patterns:
        return RANK[-1]  # known without reading the whole list
    found = by_level(patterns)
    return next((level for level in reversed(RANK) if level in found), None)


class Reading(NamedTuple):
    """A read policy of AWS: of its ``known`` actions those in ``more`` do more than read.

    AWS's list has actions such as ``iot:ListSubscriptions`` as more than reading; policies like ReadOnlyAccess allow a
    few of them.
    """

    known: int
    more: frozenset[str]

    def __str__(self) -> str:
        found = Counter(map(_level, self.more))
        listed = ", ".join(f"{found[level]} {level}" for level in reversed(RANK) if level in found)
        are = "is" if len(self.more) == 1 else "are"
        return f"{len(self.more):,} of {self.known:,} actions {are} more than read: {listed}"


def reading(policy: str, actions: Iterable[str]) -> Reading | None:
    """The count of actions, given as patterns, if they are of one of AWS's own policies for reading; else None.

    Such a policy has a matching name, and at most one percent of its actions do more than read. So an unknown newer
    version of it is recognised too.
    """
    if not _is_for_reading(policy):
        return None
    found = _reading(tuple(actions))
    usual = _reading(_actions_of(policy))
    return found if _is_rare(usual) and (_is_rare(found) or found.more <= usual.more) else None


def level_of(policy: str, actions: Iterable[str]) -> AccessLevel | None:
    """The level of the most powerful action that a policy's patterns stand for; a policy for reading is *read*."""
    patterns = tuple(actions)
    return "read" if reading(policy, patterns) is not None else highest_level(patterns)


_READERS = ("ReadOnlyAccess", "ReadOnly", "ViewOnlyAccess", "SecurityAudit")
"""The suffixes of the names of AWS's read policies."""
_RARE = 100


def _is_for_reading(policy: str) -> bool:
    return is_aws_managed(policy) and "/aws-service-role/" not in policy and policy.endswith(_READERS)


def _is_rare(found: Reading) -> bool:
    return _RARE * len(found.more) <= found.known


@lru_cache(maxsize=1_024)
def _reading(actions: tuple[str, ...]) -> Reading:
    known = {action for pattern in actions for action in expand(pattern.lower())}
    return Reading(len(known), frozenset(each for each in known if RANK.index(_level(each)) > RANK.index("read")))


@cache
def _actions_of(policy: str) -> tuple[str, ...]:
    statements = as_list((managed_document(policy) or {}).get("Statement"))
    return tuple(action for each in statements for action in as_list(each.get("Action")))


def level_of_all_but(spared: Iterable[str]) -> AccessLevel | None:
    """The level of the most powerful known action that fits none of the patterns; None where all fit one."""
    without = {action for pattern in spared for action in expand(pattern.lower())}
    return next((level for level in reversed(RANK) if not _of_level()[level] <= without), None)


@cache
def _of_level() -> Mapping[AccessLevel, frozenset[str]]:
    """All known actions by level."""
    found: dict[AccessLevel, set[str]] = {level: set() for level in RANK}
    for action in _all():
        found[_level(action)].add(action)
    return {level: frozenset(actions) for level, actions in found.items()}


def by_level(actions: Iterable[str]) -> Mapping[AccessLevel | None, int]:
    """How many known actions of each level the patterns stand for; under None the patterns that stand for none."""
    return _by_level(tuple(actions))


@lru_cache(maxsize=1_024)
def _by_level(actions: tuple[str, ...]) -> Mapping[AccessLevel | None, int]:
    known = {pattern: expand(pattern.lower()) for pattern in actions}
    found: Counter[AccessLevel | None] = Counter(map(_level, {action for each in known.values() for action in each}))
    found[None] = sum(not each for each in known.values())
    return +found


def by_power(actions: Iterable[str]) -> tuple[str, ...]:
    """Patterns of actions, the most powerful first."""
    return _by_power(tuple(actions))


@lru_cache(maxsize=1_024)
def _by_power(actions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(actions, key=lambda pattern: -_power(pattern)))


@lru_cache(maxsize=32_768)
def _power(pattern: str) -> int:
    return max((RANK.index(_level(action)) for action in expand(pattern.lower())), default=-1)


def shown(actions: Iterable[str]) -> tuple[str, ...]:
    """Actions (in lower case) as AWS writes them; ``iam:*`` for all of a service's."""
    return _shown(tuple(actions))


@lru_cache(maxsize=1_024)  # cached, because a policy with a thousand actions may be on a thousand roles
def _shown(actions: tuple[str, ...]) -> tuple[str, ...]:
    by_service: dict[str, set[str]] = {}
    for action in actions:
        by_service.setdefault(action.partition(":")[0], set()).add(action)
    result: list[str] = []
    for service, found in by_service.items():
        if len(found) > 1 and found >= set(expand(f"{service}:*")):
            result.append(f"{service}:*")
        else:
            result += [_written(action) for action in found]
    return tuple(sorted(result))


def _written(action: str) -> str:
    service, _, name = action.partition(":")
    if "*" in name or "?" in name or not service_exists(service):
        return action
    found = matching_actions(service, name)
    return f"{service}:{found[0]}" if found else action


@lru_cache(maxsize=32_768)
def _level(action: str) -> AccessLevel:
    service, _, name = action.partition(":")
    return _FROM_AWS[access_level(service, name)]


@cache
def every_action() -> frozenset[str]:
    """All known actions, in lower case."""
    return frozenset(_all())


@cache
def _all() -> tuple[str, ...]:
    return tuple(action for service in services() for action in expand(f"{service}:*"))
