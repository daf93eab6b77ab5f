"""``fleet.yaml``, read and checked: its accounts, what each gets, and which of them a selector chooses."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from crossaccount.fleet.accounts import read_accounts
from crossaccount.fleet.models import (
    SECTIONS,
    Account,
    ControlPolicy,
    Credentials,
    Deviation,
    FleetOrganization,
    RoleSet,
    Selector,
)
from crossaccount.iam.entity_names import check_region
from crossaccount.iam.matching import wildcard_match
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.address_book import check_entries
from crossaccount.settings.draft import Entry, P, Placed, not_reported_yet, parse
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.load import read_suppressions
from crossaccount.settings.models import AccountEntry, Suppression
from crossaccount.settings.models.config import FREE
from crossaccount.settings.raw import cleaned
from crossaccount.settings.yaml_text import read_yaml


def is_selected(include: Iterable[Selector], exclude: Iterable[Selector], account: Account) -> bool:
    """Whether the account matches a selector of ``include`` and none of ``exclude``."""
    return any(meets(each, account) for each in include) and not any(meets(each, account) for each in exclude)


def meets(selector: Selector, account: Account) -> bool:
    """Whether the account matches every key of a selector."""
    return (
        (selector.accounts is None or any(is_called(each, account) for each in selector.accounts))
        and (selector.ou is None or any(is_below(each, account.ou) for each in selector.ou))
        and (selector.tags is None or all(is_tagged(account, *each) for each in selector.tags.items()))
    )


def is_called(pattern: str, account: Account) -> bool:
    """Whether a pattern matches the account's name or ID."""
    return wildcard_match(pattern, account.name) or pattern == account.id


def is_below(pattern: str, ou: str) -> bool:
    """Whether a path of organisational units begins with the pattern, unit by unit."""
    wanted, units = pattern.split("/"), ou.split("/") if ou else []
    return len(wanted) <= len(units) and all(map(wildcard_match, wanted, units))


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
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """As it is written: the default path, tags and permissions boundary of all role sets."""
    suppress: tuple[Suppression, ...] = ()
    """Findings that are accepted in every account."""

    organization: FleetOrganization | None = None
    scps: Mapping[str, ControlPolicy] = field(default_factory=dict)
    rcps: Mapping[str, ControlPolicy] = field(default_factory=dict)
    """Control policies by name. The stack of the management account deploys them, if the fleet has that account."""

    def role_sets_of(self, account: str) -> tuple[str, ...]:
        """The role sets that apply to an account, in their own order."""
        return self._applied[account]

    def accounts_of(self, role_set: str) -> tuple[str, ...]:
        """The accounts that a role set applies to, by name."""
        return self._selected[role_set]

    def deviation(self, account: str) -> Deviation:
        """The exception of an account; most accounts have none."""
        return self.exceptions.get(account, _NONE)

    def region_of(self, account: str) -> str | None:
        """The region of an account's stack."""
        return self.deviation(account).region or self.region

    def credentials_of(self, account: str) -> Credentials | None:
        """The credentials that deploy an account's stack; None for those of the environment."""
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
    """The accounts that match all options; possibly none. ``tags`` are ``KEY`` or ``KEY=VALUE``.

    Raises:
        SettingsError: an option that matches no account by itself, or an unknown role set.
    """
    pairs = [(key, value or "*") for key, _, value in (tag.partition("=") for tag in tags)]
    accounts = list(fleet.accounts.values())
    problems = [*_names(patterns, accounts), *_units(ou, accounts), *_tags(pairs, accounts), *_sets(role_set, fleet)]
    if problems:
        raise SettingsError(problems)
    by_key: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        by_key[key] = (*by_key.get(key, ()), value)
    selector = Selector.model_construct(accounts=tuple(patterns) or None, ou=tuple(ou) or None, tags=by_key or None)
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
            fix = did_you_mean(ou, known, _listing("units", known))
            yield Problem("--ou", "no account of the fleet is in it", ou, fix)


def _tags(pairs: Iterable[tuple[str, str]], accounts: Sequence[Account]) -> Iterator[Problem]:
    keys = sorted({key for each in accounts for key in each.tags})
    for key, value in pairs:
        values = sorted({each.tags[key] for each in accounts if key in each.tags})
        if not values:
            fix = did_you_mean(key, keys, _listing("tags", keys))
            yield Problem("--tag", "no account of the fleet has that tag", key, fix)
        elif not any(is_tagged(each, key, [value]) for each in accounts):
            what = f"no account of the fleet has that value of {key}"
            yield Problem("--tag", what, value, did_you_mean(value, values, _listing("values", values)))


def _sets(role_set: str | None, fleet: Fleet) -> Iterator[Problem]:
    if role_set is not None and role_set not in fleet.role_sets:
        fix = did_you_mean(role_set, fleet.role_sets, _listing("role sets", fleet.role_sets))
        yield Problem("--role-set", "no such role set", role_set, fix)


def _listing(what: str, known: Iterable[str]) -> str:
    listed = ", ".join(known)
    return f"the {what} are {listed}" if listed else f"there are no {what}"


KEYS = (
    "accounts",
    "elsewhere",
    "region",
    "credentials",
    "defaults",
    "suppress",
    "organization",
    "scps",
    "rcps",
    "role_sets",
    "exceptions",
)


def read_fleet(directory: Path) -> Fleet:
    """The fleet of the project in ``directory``.

    Raises:
        SettingsError: there is no ``fleet.yaml``, or anything is wrong with it; with every problem.
    """
    if not os.path.lexists(directory / FLEET_FILE):
        fix = "write one, or name the folder that has it with --dir"
        raise SettingsError([Problem(str(directory), f"has no {FLEET_FILE}", NOT_GIVEN, fix)])
    content = read_yaml(directory / FLEET_FILE, FLEET_FILE, within=directory)
    if not isinstance(content, Mapping):
        raise SettingsError([Problem(FLEET_FILE, "must be a mapping", content, f"its keys are {', '.join(KEYS)}")])
    problems = [*_unknown_keys(content)]
    found = _Reader(content, directory, problems)
    fleet, placed = found.fleet()
    problems += not_reported_yet(check_parts(fleet, placed), problems)
    if problems:
        raise SettingsError(dict.fromkeys(problems))
    return fleet


class _Reader:
    """Reads the keys one by one, so that a mistake in one hides none in another."""

    def __init__(self, content: Mapping[Any, Any], directory: Path, problems: list[Problem]) -> None:
        self._content = content
        self._directory = directory
        self._problems = problems

    def fleet(self) -> tuple[Fleet, dict[str, Placed[Account]]]:
        accounts = self._accounts()
        elsewhere: dict[str, Placed[AccountEntry]] = parse(self._members("elsewhere"), AccountEntry, self._problems)
        self._problems += check_entries(elsewhere)
        role_sets: dict[str, Placed[RoleSet]] = parse(self._members("role_sets"), RoleSet, self._problems)
        exceptions: dict[str, Placed[Deviation]] = parse(self._members("exceptions"), Deviation, self._problems)
        fleet = Fleet(
            self._directory,
            {name: each.value for name, each in accounts.items()},
            {name: each.value for name, each in elsewhere.items()},
            {name: each.value for name, each in role_sets.items()},
            {name: each.value for name, each in exceptions.items()},
            self._region(),
            self._credentials(),
            self._defaults(),
            self._suppressions(),
            self._organization(),
            {name: each.value for name, each in self._control_policies("scps").items()},
            {name: each.value for name, each in self._control_policies("rcps").items()},
        )
        return fleet, accounts

    def _organization(self) -> FleetOrganization | None:
        return self._one("organization", FleetOrganization)

    def _control_policies(self, key: str) -> dict[str, Placed[ControlPolicy]]:
        return parse(self._members(key), ControlPolicy, self._problems)

    def _defaults(self) -> Mapping[str, Any]:
        where = f"{FLEET_FILE}: defaults"
        value = cleaned(self._content.get("defaults") or {}, where, self._problems)
        if not isinstance(value, Mapping):
            self._problems.append(Problem(where, "must be a mapping", value, "write {path: /team/}"))
            return {}
        return value

    def _suppressions(self) -> tuple[Suppression, ...]:
        where = f"{FLEET_FILE}: suppress"
        values = self._content.get("suppress") or []
        if not isinstance(values, list):
            fix = "write [{code: …, where: …, reason: …}]"
            self._problems.append(Problem(where, "must be a list", values, fix))
            return ()
        return tuple(
            each.value for each in read_suppressions(cleaned(values, where, self._problems), where, self._problems)
        )

    def _accounts(self) -> dict[str, Placed[Account]]:
        where = f"{FLEET_FILE}: accounts"
        if "accounts" not in self._content:
            fix = 'add accounts: [{name: shop, id: "111111111111"}], or {file: accounts.csv}'
            self._problems.append(Problem(where, "is required", NOT_GIVEN, fix))
            return {}
        return read_accounts(self._content["accounts"], self._directory, where, self._problems)

    def _members(self, key: str) -> dict[str, Entry]:
        """The members of a mapping. A section of an exception may be empty: it then removes."""
        where = f"{FLEET_FILE}: {key}"
        value = self._content.get(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self._problems.append(Problem(where, "must be a mapping", value, "write {name: …}"))
            return {}
        patches = {str(name): _patches(each) for name, each in value.items()} if key == "exceptions" else {}
        rest = {name: _without(each, patches.get(str(name), {})) for name, each in value.items()}
        named = cleaned(rest, where, self._problems, "users" if key == "exceptions" else "")
        return {name: Entry(name, _joined(each, patches.get(name)), f"{where}.{name}") for name, each in named.items()}

    def _region(self) -> str | None:
        value = self._content.get("region")
        if value is not None and not isinstance(value, str):
            self._problems.append(Problem(f"{FLEET_FILE}: region", "must be a text", value, "write us-east-1, say"))
            return None
        if value is not None and (refusal := check_region(value)):
            self._problems.append(Problem(f"{FLEET_FILE}: region", refusal.what, value, refusal.fix))
        return value

    def _credentials(self) -> Credentials | None:
        return self._one("credentials", Credentials)

    def _one(self, key: str, model: type[P]) -> P | None:
        """The value of a key that is one model; None if it is not given or wrong."""
        value = self._content.get(key)
        if value is None:
            return None
        where = f"{FLEET_FILE}: {key}"
        found = parse({key: Entry(key, cleaned(value, where, self._problems), where)}, model, self._problems)
        return found[key].value if key in found else None


def _patches(deviation: object) -> dict[str, Any]:
    """The sections of an exception, as they are written."""
    if not isinstance(deviation, Mapping):
        return {}
    return {key: {} if deviation[key] is None else deviation[key] for key in SECTIONS if key in deviation}


def _without(value: Any, keys: Mapping[str, Any]) -> Any:
    return {key: each for key, each in value.items() if key not in keys} if isinstance(value, Mapping) else value


def _joined(value: Any, patches: Mapping[str, Any] | None) -> Any:
    return {**value, **patches} if patches and isinstance(value, Mapping) else value


def _unknown_keys(content: Mapping[Any, Any]) -> Iterator[Problem]:
    for key in content:
        if key not in KEYS and not str(key).startswith(FREE):
            fix = did_you_mean(str(key), KEYS, f"the keys are {', '.join(KEYS)}")
            yield Problem(f"{FLEET_FILE}: {key}", "unknown key", NOT_GIVEN, fix)


_SET_NAME = re.compile(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]*\Z", re.ASCII)
OWN = "account"
"""The first word of ``<account.…>``. No role set can have this name."""


def check_parts(fleet: Fleet, placed: Mapping[str, Placed[Account]]) -> Iterator[Problem]:
    """Checks that concern several parts."""
    known = (*fleet.accounts, *(account.id for account in fleet.accounts.values()))
    by_id = {entry.id: name for name, entry in fleet.elsewhere.items()}
    for name, account in placed.items():
        if name in fleet.elsewhere or account.value.id in by_id:
            fix = "remove it from elsewhere: the fleet manages it"
            yield Problem(account.where, "the account is also under elsewhere", name, fix)
    for name, role_set in fleet.role_sets.items():
        where = f"{FLEET_FILE}: role_sets.{name}"
        if name == OWN or not _SET_NAME.match(name):
            fix = "choose letters, digits and _.-, such as audit; account itself means the account"
            yield Problem(where, "not a name for a role set", name, fix)
        if not role_set.include:
            yield Problem(f"{where}.include", "selects no account", NOT_GIVEN, 'write [{accounts: ["*"]}] for all')
        for kind, selectors in (("include", role_set.include), ("exclude", role_set.exclude)):
            for index, selector in enumerate(selectors):
                yield from _check_names(selector, f"{where}.{kind}[{index}]", known)
    for name, deviation in fleet.exceptions.items():
        where = f"{FLEET_FILE}: exceptions.{name}"
        if name not in fleet.accounts:
            fix = did_you_mean(name, fleet.accounts, "take it out, or add the account")
            yield Problem(where, "no such account in the fleet", name, fix)
        for index, each in enumerate(deviation.without):
            if each not in fleet.role_sets:
                fix = did_you_mean(each, fleet.role_sets, f"the role sets are {', '.join(fleet.role_sets)}")
                yield Problem(f"{where}.without[{index}]", "no such role set", each, fix)


def _check_names(selector: Selector, where: str, known: tuple[str, ...]) -> Iterator[Problem]:
    """A name without a wildcard means one account, which must exist."""
    for index, name in enumerate(selector.accounts or ()):
        if not has_wildcard(name) and name not in known:
            fix = did_you_mean(name, known, "correct it, or add the account")
            yield Problem(f"{where}.accounts[{index}]", "no such account in the fleet", name, fix)


def idle_selectors(fleet: Fleet) -> Iterator[Problem]:
    """Warnings: parts of selectors, and role sets, that match no account."""
    ous = {account.ou for account in fleet.accounts.values()}
    units = sorted(
        {"/".join(parts[:end]) for ou in ous if ou for parts in [ou.split("/")] for end in range(1, len(parts) + 1)}
    )
    for name, role_set in fleet.role_sets.items():
        where = f"{FLEET_FILE}: role_sets.{name}"
        if role_set.include and not fleet.accounts_of(name):
            yield Problem(where, "applies to no account", NOT_GIVEN, "correct include or exclude", "warning")
        for kind, selectors in (("include", role_set.include), ("exclude", role_set.exclude)):
            for index, selector in enumerate(selectors):
                yield from _idle_parts(selector, f"{where}.{kind}[{index}]", fleet.accounts, units)


def _idle_parts(
    selector: Selector, where: str, accounts: Mapping[str, Account], units: Sequence[str]
) -> Iterator[Problem]:
    """The names, units and tags of a selector that no account has."""
    for place, pattern in enumerate(selector.accounts or ()):
        if has_wildcard(pattern) and not any(wildcard_match(pattern, each) for each in accounts):
            yield _idle(f"{where}.accounts[{place}]", "no account has such a name", pattern, accounts)
    for place, pattern in enumerate(selector.ou or ()):
        if not any(is_below(pattern, account.ou) for account in accounts.values()):
            yield _idle(f"{where}.ou[{place}]", "no account is in this unit", pattern, units)
    keys = sorted({key for account in accounts.values() for key in account.tags})
    for key, values in (selector.tags or {}).items():
        if key not in keys:
            yield _idle(f"{where}.tags.{key}", "no account has such a tag", key, keys)
            continue
        found = sorted({account.tags[key] for account in accounts.values() if key in account.tags})
        for place, value in enumerate(values):
            if not any(wildcard_match(value, each) for each in found):
                yield _idle(f"{where}.tags.{key}[{place}]", "no account has such a value of the tag", value, found)


def _idle(where: str, what: str, got: str, known: Iterable[str]) -> Problem:
    return Problem(where, what, got, did_you_mean(got, list(known), "correct it, or take it out"), "warning")
