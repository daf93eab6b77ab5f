"""One grammar for principals and roles, in config, in access tests and on the command line.

``<account>/<resource part of the ARN>`` (``auth/user/team/Bo``, ``222222222222/role/deploy/*``), ``<account>`` alone
for the account itself, or a full ARN. ``<account>`` is a name from the address book or a 12-digit ID.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crossaccount.iam.arn import ACCOUNT_ID, Arn, iam_arn, is_arn, parse_arn, root_arn

PRINCIPAL_KINDS = ("user", "role")


class UnknownAccount(ValueError):
    """The account part of a name is neither in the address book nor a 12-digit ID."""


def resolve(name: str, accounts: Mapping[str, str], partition: str = "aws") -> str:
    """The ARN that ``name`` means. ``accounts`` maps account names to IDs.

    Raises:
        UnknownAccount: the account is neither a known name nor a 12-digit ID.
        ValueError: a malformed ARN, or a name with an empty resource part.
    """
    if is_arn(name):
        return str(parse_arn(name))
    account, slash, resource = name.partition("/")
    account_id = accounts.get(account, account)
    if not ACCOUNT_ID.match(account_id):
        raise UnknownAccount(f"unknown account {account!r} in {name!r}")
    if not slash:
        return root_arn(account_id, partition)
    if not resource or resource.endswith("/"):
        raise ValueError(f"no resource after the account in {name!r}")
    return iam_arn(account_id, resource, partition)


def counted(number: int, noun: str) -> str:
    """``1 role``, ``2 roles``, ``1,000 roles``; of a noun of several words the last takes the plural."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def display(arn: str, accounts: Mapping[str, str]) -> str:
    """``arn`` as a person writes it: the inverse of :func:`resolve` where the account has a name."""
    try:
        parsed = parse_arn(arn)
    except ValueError:
        return arn
    if parsed.service != "iam":
        return arn
    account = account_name(parsed.account, accounts)
    return account if parsed.resource == "root" else f"{account}/{parsed.resource}"


_BEFORE_A_NAME = re.compile(r"\barn:aws[a-z-]*:iam::([0-9]{12}):(?=(?:user|role)/)", re.ASCII)


def with_names(text: str, accounts: Mapping[str, str]) -> str:
    """``text`` with the ARNs of users and roles as a person writes them: ``auth/user/Bo``."""
    return _BEFORE_A_NAME.sub(lambda found: f"{account_name(found[1], accounts)}/", text)


def account_name(account_id: str, accounts: Mapping[str, str]) -> str:
    """The address book's name of an account ID, or the ID itself."""
    return next((name for name, known in accounts.items() if known == account_id), account_id)


def has_wildcard(text: str) -> bool:
    """Whether IAM would read ``text`` as a pattern."""
    return "*" in text or "?" in text


def principal_arn(arn: Arn) -> bool:
    """Whether an ARN names something that can call STS: a user or a role."""
    return arn.service == "iam" and arn.kind in PRINCIPAL_KINDS
