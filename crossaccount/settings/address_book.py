"""The address book: the accounts that names may mean, in a stack's config or in a file of its own.

The stacks of a project share one. It is read once for all of them: a thousand stacks with a thousand accounts would
otherwise read a million entries. A book with anything wrong in it is not shared: each stack then says what is wrong, at
its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.problem import Problem
from crossaccount.settings.draft import Entry, Placed, Section, parse
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.models import AccountEntry
from crossaccount.settings.raw import NAMESPACE, Raw, cleaned


def load_accounts(value: object, where: str) -> dict[str, AccountEntry]:
    """The accounts of a mapping as under ``crossaccount:accounts``; ``where`` is the file that holds it.

    Raises:
        SettingsError: it is no address book; with every problem.
    """
    if not isinstance(value, Mapping) or not value:
        fix = 'write a mapping such as {auth: {id: "111111111111"}}'
        raise SettingsError([Problem(where, "must be a mapping of account names", value, fix)])
    problems: list[Problem] = []
    book = cleaned(value, f"{where}: accounts", problems)
    entries = {name: Entry(name, member, f"{where}: accounts.{name}") for name, member in book.items()}
    accounts: dict[str, Placed[AccountEntry]] = parse(entries, AccountEntry, problems)
    problems += check_entries(accounts)
    if problems:
        raise SettingsError(problems)
    return {name: placed.value for name, placed in accounts.items()}


def check_entries(accounts: Section[AccountEntry]) -> Iterator[Problem]:
    """What is wrong between the entries: names that are no names, one account or one stack for two of them."""
    by_id: dict[str, str] = {}
    by_stack: dict[str, str] = {}
    for name, placed in accounts.items():
        fix = "choose a word, such as auth"
        if ACCOUNT_ID.match(name) or "/" in name or ":" in name or not name:
            yield Problem(placed.where, "an account's name is not an ID and has no / or :", name, fix)
        elif not name.isprintable():
            # Names are in comments of scripts, in tables and in file names.
            yield Problem(placed.where, "an account's name is one line without control characters", name, fix)
        if (first := by_id.setdefault(placed.value.id, name)) != name:
            what = f"the account is already in the address book, as {first}"
            yield Problem(f"{placed.where}.id", what, placed.value.id, "keep one name for an account")
        stack = placed.value.stack
        if stack is not None and (first := by_stack.setdefault(stack, name)) != name:
            what = f"one stack is one account, and this one manages {first}"
            yield Problem(f"{placed.where}.stack", what, stack, "give each account its own stack")


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
    """The address book in a project's config, in the file ``where``; None if there is none, or if it is wrong."""
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
