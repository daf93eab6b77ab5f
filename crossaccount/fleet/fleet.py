"""A fleet as values: its accounts, what each gets, and which of them selectors and ``fleet list`` choose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from crossaccount.fleet.models import Account, Credentials, Deviation, RoleSet, Selector
from crossaccount.iam.matching import wildcard_match
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.models import AccountEntry


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


FLEET_FILE = "fleet.yaml"


@dataclass(frozen=True)
class Fleet:
    """Accounts, what they get and how they differ. Made by :func:`crossaccount.fleet.read_fleet`, which checks it."""

    directory: Path
    """The folder of ``fleet.yaml`` and of the project."""
    accounts: Mapping[str, Account]
    """By name, in the order of names."""
    elsewhere: Mapping[str, AccountEntry] = field(default_factory=dict)
    """Accounts that the config may name and the fleet does not manage."""
    role_sets: Mapping[str, RoleSet] = field(default_factory=dict)
    exceptions: Mapping[str, Deviation] = field(default_factory=dict)
    """By account."""
    region: str | None = None
    credentials: Credentials | None = None

    def role_sets_of(self, account: str) -> tuple[str, ...]:
        """The role sets that apply to an account, in their own order."""
        return self._applied[account]

    def accounts_of(self, role_set: str) -> tuple[str, ...]:
        """The accounts that a role set applies to, by name."""
        return self._selected[role_set]

    def deviation(self, account: str) -> Deviation:
        """How an account differs; not at all, mostly."""
        return self.exceptions.get(account, _NONE)

    def region_of(self, account: str) -> str | None:
        """The region of an account's stack."""
        return self.deviation(account).region or self.region

    def credentials_of(self, account: str) -> Credentials | None:
        """With whose credentials an account's stack is deployed; None for those of the environment."""
        own = self.deviation(account)
        return own.credentials if "credentials" in own.model_fields_set else self.credentials

    @cached_property
    def ids(self) -> Mapping[str, str]:
        """All accounts by name, those managed elsewhere too."""
        known: dict[str, str] = {name: entry.id for name, entry in self.elsewhere.items()}
        return known | {name: account.id for name, account in self.accounts.items()}

    @cached_property
    def _applied(self) -> Mapping[str, tuple[str, ...]]:
        return {name: tuple(self._sets(account)) for name, account in self.accounts.items()}

    @cached_property
    def _selected(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {name: [] for name in self.role_sets}
        for account, applied in self._applied.items():
            for name in applied:
                found[name].append(account)
        return {name: tuple(accounts) for name, accounts in found.items()}

    def _sets(self, account: Account) -> Iterator[str]:
        without = self.deviation(account.name).without
        for name, role_set in self.role_sets.items():
            if name not in without and is_selected(role_set.include, role_set.exclude, account):
                yield name


_NONE = Deviation()


def choose(
    fleet: Fleet, patterns: Sequence[str], ou: Sequence[str], tags: Sequence[str], role_set: str | None
) -> list[Account]:
    """Those that all the options mean together, which may be none. ``tags`` are ``KEY`` or ``KEY=VALUE``.

    Raises:
        SettingsError: a word that means no account by itself, or no such role set.
    """
    pairs = [(key, value or "*") for key, _, value in (tag.partition("=") for tag in tags)]
    accounts = list(fleet.accounts.values())
    problems = [*_names(patterns, accounts), *_units(ou, accounts), *_tags(pairs, accounts), *_sets(role_set, fleet)]
    if problems:
        raise SettingsError(problems)
    asked: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        asked[key] = (*asked.get(key, ()), value)
    selector = Selector.model_construct(accounts=tuple(patterns) or None, ou=tuple(ou) or None, tags=asked or None)
    return [
        each
        for each in accounts
        if meets(selector, each) and (role_set is None or role_set in fleet.role_sets_of(each.name))
    ]


def _names(patterns: Iterable[str], accounts: Sequence[Account]) -> Iterator[Problem]:
    for pattern in patterns:
        if not any(is_called(pattern, each) for each in accounts):
            fix = did_you_mean(pattern, [each.name for each in accounts], "crossaccount fleet list shows all")
            yield Problem("PATTERN", "no account of the fleet has that name or ID", pattern, fix)


def _units(wanted: Iterable[str], accounts: Sequence[Account]) -> Iterator[Problem]:
    units = [each.ou.split("/") for each in accounts if each.ou]
    known = sorted({"/".join(unit[:depth]) for unit in units for depth in range(1, len(unit) + 1)})
    for ou in wanted:
        if not any(is_below(ou, each.ou) for each in accounts):
            fix = did_you_mean(ou, known, _there("units", known))
            yield Problem("--ou", "no account of the fleet is in it", ou, fix)


def _tags(pairs: Iterable[tuple[str, str]], accounts: Sequence[Account]) -> Iterator[Problem]:
    keys = sorted({key for each in accounts for key in each.tags})
    for key, value in pairs:
        values = sorted({each.tags[key] for each in accounts if key in each.tags})
        if not values:
            fix = did_you_mean(key, keys, _there("tags", keys))
            yield Problem("--tag", "no account of the fleet has that tag", key, fix)
        elif not any(is_tagged(each, key, [value]) for each in accounts):
            what = f"no account of the fleet has that value of {key}"
            yield Problem("--tag", what, value, did_you_mean(value, values, _there("values", values)))


def _sets(role_set: str | None, fleet: Fleet) -> Iterator[Problem]:
    if role_set is not None and role_set not in fleet.role_sets:
        fix = did_you_mean(role_set, fleet.role_sets, _there("role sets", fleet.role_sets))
        yield Problem("--role-set", "no such role set", role_set, fix)


def _there(what: str, known: Iterable[str]) -> str:
    listed = ", ".join(known)
    return f"the {what} are {listed}" if listed else f"there are no {what}"
