"""A fleet as ``fleet.yaml`` describes it: values, checked and frozen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from crossaccount.fleet.models import Account, Credentials, Deviation, RoleSet
from crossaccount.fleet.selecting import is_selected
from crossaccount.settings.models import AccountEntry

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
