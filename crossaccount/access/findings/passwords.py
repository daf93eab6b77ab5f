"""Findings about an account's password policy. It is known of a config alone."""

from __future__ import annotations

from crossaccount.access.findings.finding import Kind

_SOURCE = "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html"

WEAK_PASSWORDS = Kind(
    "XA332",
    "warning",
    "The password policy is weaker than AWS's security standards",
    "Short passwords can be guessed, and reused passwords may be known to others. AWS Security Hub reports "
    "the account: IAM.7 (kinds of characters), IAM.15 (14 characters), IAM.16 (24 former passwords).",
    "Remove the weaker rule: the defaults of `password_policy` fulfil these controls.",
    _SOURCE,
)
HARD_EXPIRY = Kind(
    "XA333",
    "warning",
    "Expired passwords lock people out",
    "With `hard_expiry` a person whose password has expired cannot set a new one. If all administrators are locked "
    "out, only the account's root user helps.",
    "Remove `hard_expiry`.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html",
)
