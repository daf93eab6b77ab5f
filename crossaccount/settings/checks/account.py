"""Checks the account, the address book, the accounts that it reads, and names with an unknown account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crossaccount.iam.entity_names import check_account_id
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.nearest import did_you_mean, nearest
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.address_book import check_entries
from crossaccount.settings.draft import BROKEN, Draft
from crossaccount.settings.raw import ALLOWED_ACCOUNT_IDS, Raw


def check_account(draft: Draft, raw: Raw, prefix: str) -> Iterator[Problem]:
    """The address book, the account's own name, the guard against wrong credentials, and ``reads``."""
    values = raw.values
    if "accounts" not in raw.unreadable:
        yield from _check_book(draft, values, prefix)
        yield from _check_name(draft, values, f"{prefix}account")
        yield from _check_reads(draft, values.get("reads", ()))
    if ALLOWED_ACCOUNT_IDS not in raw.unreadable:
        yield from _check_allowed(draft, values, f"{prefix}{ALLOWED_ACCOUNT_IDS}")


def _check_book(draft: Draft, values: Mapping[str, Any], prefix: str) -> Iterator[Problem]:
    if not draft.account_names:
        got = values.get("accounts", NOT_GIVEN)
        fix = 'add crossaccount:accounts to Pulumi.yaml, such as {auth: {id: "111111111111", stack: auth}}'
        yield Problem(f"{prefix}accounts", "the address book names no account", got, fix)
    yield from check_entries(draft.accounts)


def _check_name(draft: Draft, values: Mapping[str, Any], where: str) -> Iterator[Problem]:
    if "account" not in values:
        yield Problem(where, "is required", NOT_GIVEN, f"add crossaccount:account: {_account_of_file(draft, where)}")
    elif draft.account_names and draft.account not in draft.account_names:
        by_id = {placed.value.id: name for name, placed in draft.accounts.items()}
        if draft.account in by_id:
            fix = f"write `{by_id[draft.account]}`"
        else:
            fix = did_you_mean(str(draft.account), draft.account_names, "add it to crossaccount:accounts")
        yield Problem(where, "is not in the address book", values["account"], fix)


def _account_of_file(draft: Draft, where: str) -> str:
    """The account whose stack has the file that ``where`` begins with, or the first of the address book."""
    stacks = {name: (placed.value.stack or "").rpartition("/")[2] for name, placed in draft.accounts.items()}
    of_file = [name for name, stack in stacks.items() if where.startswith(f"Pulumi.{stack}.yaml: ")]
    return next(iter([*of_file, *stacks]), "auth")


def _check_allowed(draft: Draft, values: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """One stack is one account, and this is the guard against the wrong credentials."""
    expected = f'["{draft.account_id}"]' if draft.account_id != BROKEN else '["<the account\'s id>"]'
    if ALLOWED_ACCOUNT_IDS not in values:
        what = "is required: it keeps the stack out of any other account"
        yield Problem(where, what, NOT_GIVEN, f"add {ALLOWED_ACCOUNT_IDS}: {expected}")
        return
    allowed = values[ALLOWED_ACCOUNT_IDS]
    malformed = False
    for index, value in enumerate(allowed):
        if refusal := check_account_id(value):
            malformed = True
            yield Problem(f"{where}[{index}]", refusal.what, value, refusal.fix)
    if not malformed and draft.account_id != BROKEN and list(allowed) != [draft.account_id]:
        what = f"must be exactly the ID of {draft.account}"
        yield Problem(where, what, allowed, f"write {expected}")


def _check_reads(draft: Draft, reads: Any) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, name in enumerate(reads):
        where = f"{draft.reads_where}[{index}]"
        if not isinstance(name, str):
            yield Problem(where, "must be a text", name, "write the name of an account of the address book")
        elif name not in draft.account_names:
            fix = did_you_mean(name, draft.account_names, "add it to crossaccount:accounts")
            yield Problem(where, "is not in the address book", name, fix)
        elif name == draft.account:
            yield Problem(where, "is the account itself", name, "remove it: its own ARNs are derived")
        elif name in seen:
            yield Problem(where, "is listed twice", name, "remove one of the two")
        elif name in draft.accounts and draft.accounts[name].value.stack is None:
            fix = f"add stack: {name} to accounts.{name}, or remove it here"
            yield Problem(where, "has no stack in the address book, so nothing can be read", name, fix)
        if isinstance(name, str):
            seen.add(name)


def unknown_account(draft: Draft, name: str, where: str) -> Problem:
    """The problem of a name whose account is neither in the address book nor an ID."""
    account, slash, resource = name.partition("/")
    if has_wildcard(account):
        return Problem(where, "the account of a name has no wildcard", name, "name one account in each item")
    if account in ("role", "user") and slash:
        fix = f"write {draft.account or '<account>'}/{name}"
        return Problem(where, "a name begins with its account", name, fix)
    if near := nearest(account, draft.account_names):
        fix = f"did you mean `{near}{slash}{resource}`?"
    else:
        fix = did_you_mean(account, draft.account_names, "add the account to crossaccount:accounts, or write its ID")
    what = f"unknown account {account}" if account else "begins with no account"
    return Problem(where, what, name, fix)
