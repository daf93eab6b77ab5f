"""``given``: what only the proof needs, per account, also of accounts without a stack.

Owns its outermost keys and the IDs that it adds to the address book; the rest is a stack's schema, checked by settings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crossaccount.access.access_tests.fields import Fields
from crossaccount.iam.arn import ACCOUNT_ID

_BUCKET = re.compile(r"\A[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""

_KEYS = ("id", "buckets", "trusted", "trusting", "policies")


def given_accounts(root: Fields, accounts: Mapping[str, str]) -> tuple[dict[str, Mapping[str, object]], dict[str, str]]:
    """What is given, per account as in the file, and the address book with the accounts that it adds."""
    given: dict[str, Mapping[str, object]] = {}
    known = dict(accounts)
    section = root.mapping("given")
    for name, value in section.data.items():
        entry = section.child(value, name)
        entry.only(_KEYS)
        _buckets(entry)
        if account_id := _account_id(entry, name, accounts):
            known[name] = account_id
        given[name] = entry.data
    return given, known


def _account_id(entry: Fields, name: str, accounts: Mapping[str, str]) -> str:
    booked = accounts.get(name, name if ACCOUNT_ID.match(name) else "")
    value = entry.data.get("id")
    if value is None:
        if not booked:
            entry.problem("id", "is required: the address book does not know the account", "add its 12-digit ID")
        return booked
    if not isinstance(value, str) or not ACCOUNT_ID.match(value):
        entry.problem("id", "an account ID is a text of 12 digits", "write the 12 digits in quotes", value)
        return booked
    if booked and value != booked:
        entry.problem("id", f"the address book says {booked}", "drop it, or name the account otherwise", value)
        return booked
    return value


def _buckets(entry: Fields) -> None:
    for index, name in enumerate(entry.sequence("buckets")):
        if not isinstance(name, str) or not _BUCKET.match(name):
            what = "a bucket's name has 3 to 63 lowercase letters, digits, dots and hyphens"
            entry.problem(f"buckets[{index}]", what, "correct the name", name)
