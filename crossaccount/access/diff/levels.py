"""Actions by AWS's published list: what a pattern stands for, how much an action may do, and patterns again for people.

Levels are AWS's own (https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from crossaccount.access.diff.change import AccessLevel
from crossaccount.iam.matching import wildcard_match
from crossaccount.iam.published import access_level, matching_actions, service_exists, services

RANK: tuple[AccessLevel, ...] = ("list", "read", "tagging", "write", "permissions-management")
ALL_BUT = "all but "
"""How what a statement spares is written: ``all but iam:*, organizations:*``."""
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

    ``all but …`` stands for what fits none of the patterns after it.
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


@lru_cache(maxsize=1_024)  # a policy with a thousand actions may be on a thousand roles
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
def _all() -> tuple[str, ...]:
    return tuple(action for service in services() for action in expand(f"{service}:*"))
