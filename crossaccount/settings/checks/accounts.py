"""Names whose account part nobody knows."""

from __future__ import annotations

from crossaccount.iam.names import has_wildcard
from crossaccount.iam.nearest import did_you_mean, nearest
from crossaccount.iam.problem import Problem
from crossaccount.settings.draft import Draft


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
