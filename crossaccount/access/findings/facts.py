"""What the rules know beside the documents: whose accounts these are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Facts:
    """``own`` are the IDs of the accounts that are ours: described by a source, managed by a stack, or members of the
    organisation. ``known`` maps those of the address book to their names, ours or not.
    """

    own: frozenset[str] = frozenset()
    known: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, own: Iterable[str], address_book: Mapping[str, str]) -> Facts:
        """``address_book`` maps names to IDs."""
        return cls(frozenset(own), {account_id: name for name, account_id in address_book.items()})

    def is_ours(self, account: str) -> bool:
        """Whether an account is one of ours."""
        return account in self.own

    def is_known(self, account: str) -> bool:
        """Whether an account is ours or in the address book."""
        return account in self.own or account in self.known

    def named(self, account: str) -> str:
        """An account as a person reads it: its ID, with its name where it has one."""
        return f"{account} ({self.known[account]})" if account in self.known else account
