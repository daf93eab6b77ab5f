"""Whether an account is among those that selectors mean."""

from __future__ import annotations

from collections.abc import Iterable

from crossaccount.fleet.models import Account, Selector
from crossaccount.iam.matching import wildcard_match


def is_selected(include: Iterable[Selector], exclude: Iterable[Selector], account: Account) -> bool:
    """Whether any of ``include`` meets the account, and none of ``exclude``."""
    return any(meets(each, account) for each in include) and not any(meets(each, account) for each in exclude)


def meets(selector: Selector, account: Account) -> bool:
    """Whether the account meets all that a selector says."""
    return (
        (selector.accounts is None or any(is_called(each, account) for each in selector.accounts))
        and (selector.ou is None or any(is_below(each, account.ou) for each in selector.ou))
        and (selector.tags is None or all(is_tagged(account, *each) for each in selector.tags.items()))
    )


def is_called(pattern: str, account: Account) -> bool:
    """Whether a pattern is about the account's name or its ID."""
    return wildcard_match(pattern, account.name) or pattern == account.id


def is_below(pattern: str, ou: str) -> bool:
    """Whether a way of organisational units begins as the pattern does, unit by unit."""
    wanted, there = pattern.split("/"), ou.split("/") if ou else []
    return len(wanted) <= len(there) and all(map(wildcard_match, wanted, there))


def is_tagged(account: Account, key: str, values: Iterable[str]) -> bool:
    """Whether the account has the tag with one of the values, which may be patterns."""
    return key in account.tags and any(wildcard_match(value, account.tags[key]) for value in values)
