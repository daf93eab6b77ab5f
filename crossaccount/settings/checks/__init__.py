"""Rules that hold between parts of a config. Each check reads the draft and says what is wrong; none stops another."""

from __future__ import annotations

from crossaccount.iam.problem import Problem
from crossaccount.settings.checks.account import check_account
from crossaccount.settings.checks.attachments import check_attachments
from crossaccount.settings.checks.child_names import check_child_names
from crossaccount.settings.checks.cycles import check_cycles
from crossaccount.settings.checks.identity_policies import check_identity_policies
from crossaccount.settings.checks.options import check_options
from crossaccount.settings.checks.principals import check_principals
from crossaccount.settings.checks.trusts import check_trusts
from crossaccount.settings.checks.users import check_users
from crossaccount.settings.draft import Draft
from crossaccount.settings.raw import Raw

__all__ = ["check"]


def check(draft: Draft, raw: Raw, prefix: str) -> list[Problem]:
    """Every problem between the parts of a config; ``prefix`` goes before the place of a key that is missing."""
    return [
        *check_account(draft, raw, prefix),
        *check_attachments(draft),
        *check_identity_policies(draft),
        *check_options(draft),
        *check_child_names(draft),
        *check_users(draft),
        *check_trusts(draft),
        *check_principals(draft),
        *check_cycles(draft),
    ]
