"""What holds between the parts of ``fleet.yaml``: names that must be there, and selectors that nobody meets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from crossaccount.fleet.fleet import FLEET_FILE, Fleet
from crossaccount.fleet.models import Account, Selector
from crossaccount.fleet.provider import ASSUME_ROLES
from crossaccount.fleet.selecting import is_below
from crossaccount.iam.arn import entity_arn
from crossaccount.iam.matching import wildcard_match
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.draft import Placed
from crossaccount.settings.raw import NAMESPACE
from crossaccount.settings.settings import partition_of

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
