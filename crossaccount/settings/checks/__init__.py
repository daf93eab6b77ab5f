"""Rules between parts of a config. Each check reads the draft and reports its problems; all checks run."""

from __future__ import annotations

from crossaccount.iam.problem import Problem
from crossaccount.settings.checks.account import check_account
from crossaccount.settings.checks.bootstrap import check_bootstrap
from crossaccount.settings.checks.entities import check_child_names, check_options, check_users, check_words
from crossaccount.settings.checks.policies import check_attachments, check_identity_policies
from crossaccount.settings.checks.providers import check_federations, check_pod_identities, check_providers
from crossaccount.settings.checks.trusts import check_cycles, check_principals, check_trusts
from crossaccount.settings.draft import Draft
from crossaccount.settings.raw import Raw

__all__ = ["check"]


def check(draft: Draft, raw: Raw, prefix: str) -> list[Problem]:
    """Every problem between the parts of a config. ``prefix`` precedes the place of a missing key."""
    return [
        *check_account(draft, raw, prefix),
        *check_attachments(draft),
        *check_identity_policies(draft),
        *check_providers(draft),
        *check_options(draft),
        *check_child_names(draft),
        *check_users(draft),
        *check_words(draft),
        *check_trusts(draft),
        *check_principals(draft),
        *check_federations(draft),
        *check_pod_identities(draft),
        *check_bootstrap(draft),
        *check_cycles(draft),
    ]
