"""``fleet.yaml``, read and validated: a fleet, or everything that is wrong with it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crossaccount.fleet.account_list import read_accounts
from crossaccount.fleet.fleet import FLEET_FILE, Fleet, is_below
from crossaccount.fleet.models import SECTIONS, Account, Credentials, Deviation, RoleSet, Selector
from crossaccount.fleet.stacks import ASSUME_ROLES
from crossaccount.iam.arn import entity_arn
from crossaccount.iam.matching import wildcard_match
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.address_book import check_entries
from crossaccount.settings.draft import Entry, Placed
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.models import AccountEntry
from crossaccount.settings.parse import not_said_yet, parse
from crossaccount.settings.raw import NAMESPACE, cleaned
from crossaccount.settings.settings import partition_of
from crossaccount.settings.yaml_text import read_yaml

KEYS = ("accounts", "elsewhere", "region", "credentials", "role_sets", "exceptions")


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
    problems += not_said_yet(check_parts(fleet, placed), problems)
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
        )
        return fleet, accounts

    def _accounts(self) -> dict[str, Placed[Account]]:
        where = f"{FLEET_FILE}: accounts"
        if "accounts" not in self._content:
            fix = 'add accounts: [{name: shop, id: "111111111111"}], or {file: accounts.csv}'
            self._problems.append(Problem(where, "is required", NOT_GIVEN, fix))
            return {}
        return read_accounts(self._content["accounts"], self._directory, where, self._problems)

    def _members(self, key: str) -> dict[str, Entry]:
        """The members of a mapping. What an exception says of sections may be empty: there it removes."""
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
        return value

    def _credentials(self) -> Credentials | None:
        value = self._content.get("credentials")
        if value is None:
            return None
        where = f"{FLEET_FILE}: credentials"
        entries = {"credentials": Entry("credentials", cleaned(value, where, self._problems), where)}
        found: dict[str, Placed[Credentials]] = parse(entries, Credentials, self._problems)
        return found["credentials"].value if "credentials" in found else None


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
        if key not in KEYS:
            fix = did_you_mean(str(key), KEYS, f"the keys are {', '.join(KEYS)}")
            yield Problem(f"{FLEET_FILE}: {key}", "unknown key", NOT_GIVEN, fix)


_SET_NAME = re.compile(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]*\Z", re.ASCII)
OWN = "account"
"""What ``<account.…>`` begins with: no role set can be called so."""


def check_parts(fleet: Fleet, placed: Mapping[str, Placed[Account]]) -> Iterator[Problem]:
    """What holds between the parts."""
    known = (*fleet.accounts, *(account.id for account in fleet.accounts.values()))
    by_id = {entry.id: name for name, entry in fleet.elsewhere.items()}
    for name, account in placed.items():
        if name in fleet.elsewhere or account.value.id in by_id:
            fix = "take it out of elsewhere: the fleet manages it"
            yield Problem(account.where, "the account stands under elsewhere as well", name, fix)
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
    """A name without a wildcard means one account, which must be there."""
    for index, name in enumerate(selector.accounts or ()):
        if not has_wildcard(name) and name not in known:
            fix = did_you_mean(name, known, "correct it, or add the account")
            yield Problem(f"{where}.accounts[{index}]", "no such account in the fleet", name, fix)


def idle_selectors(fleet: Fleet) -> Iterator[Problem]:
    """Warnings: parts of selectors, and role sets, that no account meets."""
    ous = {account.ou for account in fleet.accounts.values()}
    for name, role_set in fleet.role_sets.items():
        where = f"{FLEET_FILE}: role_sets.{name}"
        if role_set.include and not fleet.accounts_of(name):
            yield Problem(where, "applies to no account", NOT_GIVEN, "correct include or exclude", "warning")
        for index, selector in enumerate(role_set.include):
            for place, pattern in enumerate(selector.accounts or ()):
                if has_wildcard(pattern) and not any(wildcard_match(pattern, each) for each in fleet.accounts):
                    yield _idle(f"{where}.include[{index}].accounts[{place}]", "no account has such a name", pattern)
            for place, pattern in enumerate(selector.ou or ()):
                if not any(is_below(pattern, ou) for ou in ous):
                    yield _idle(f"{where}.include[{index}].ou[{place}]", "no account is in such a unit", pattern)


def _idle(where: str, what: str, got: str) -> Problem:
    return Problem(where, what, got, "correct it, or take it out", "warning")


def own_deployers(fleet: Fleet, configs: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """Warnings: stacks that declare the very role through which they are deployed."""
    for name, config in configs.items():
        through = {role["roleArn"] for role in config.get(ASSUME_ROLES, ())}
        trusting = config.get(f"{NAMESPACE}trusting", {}).get("roles", {})
        for role, entity in trusting.items():
            partition = partition_of(fleet.region_of(name))
            if entity_arn(fleet.accounts[name].id, "role", role, entity.get("path", "/"), partition) in through:
                what = f"{name} declares the role that it is deployed through: one mistake there, and nobody deploys it"
                fix = "make deployer roles outside of the fleet"
                yield Problem(f"{FLEET_FILE}: {name}: trusting.roles.{role}", what, NOT_GIVEN, fix, "warning")
