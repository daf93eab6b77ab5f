"""The accounts that ``fleet list`` is asked for; a word that means none is a mistake, and said with what there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from crossaccount.fleet.fleet import Fleet
from crossaccount.fleet.models import Account, Selector
from crossaccount.fleet.selecting import is_below, is_called, is_tagged, meets
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem
from crossaccount.settings.errors import SettingsError


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
