"""The address book that the stacks of a project share: read once for all of them, not once for each.

A thousand stacks with a thousand accounts would otherwise read a million entries. A book with anything wrong in it is
not shared: each stack then says what is wrong, at its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from crossaccount.iam.problem import Problem
from crossaccount.settings.address_book import check_entries
from crossaccount.settings.draft import Entry, Section
from crossaccount.settings.models import AccountEntry
from crossaccount.settings.parse import parse
from crossaccount.settings.raw import NAMESPACE, Raw, cleaned

KEY = f"{NAMESPACE}accounts"


@dataclass(frozen=True)
class SharedBook:
    """``value`` as it was written; ``cleaned`` and ``accounts`` as the settings of a stack need it."""

    value: object
    cleaned: Mapping[str, object]
    accounts: Section[AccountEntry]

    def of(self, config: Mapping[str, object]) -> bool:
        """Whether it is the address book of a stack's config."""
        return config.get(KEY) is self.value

    def without(self, config: Mapping[str, object]) -> dict[str, object]:
        """The config but for the book."""
        return {key: value for key, value in config.items() if key != KEY}

    def within(self, raw: Raw) -> Raw:
        """What was decoded of the rest, and the book."""
        return replace(raw, values={**raw.values, "accounts": self.cleaned})


def shared_book(config: Mapping[str, object], where: str) -> SharedBook | None:
    """The book of a project's own config, in the file ``where``; nothing where there is none, or something is wrong."""
    value = config.get(KEY)
    if not isinstance(value, Mapping):
        return None
    problems: list[Problem] = []
    place = f"{where}: accounts"
    book = cleaned(value, place, problems)
    entries = {name: Entry(name, entry, f"{place}.{name}") for name, entry in book.items()}
    accounts = parse(entries, AccountEntry, problems)
    problems += check_entries(accounts)
    return None if problems else SharedBook(value, book, accounts)
