"""Password policies of a config that are weaker than AWS's security standards."""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.access.findings.finding import Finding
from crossaccount.access.findings.passwords import HARD_EXPIRY, WEAK_PASSWORDS
from crossaccount.settings import Settings
from crossaccount.settings.models import PasswordPolicy

LEAST_LENGTH, LEAST_REMEMBERED = 14, 24
"""Security Hub's controls IAM.15 and IAM.16, from the CIS AWS Foundations Benchmark."""
_KINDS = {
    "require_lowercase": "a lower-case letter",
    "require_uppercase": "an upper-case letter",
    "require_numbers": "a digit",
    "require_symbols": "a symbol",
}


def password_findings(settings: Settings) -> Iterator[Finding]:
    """What is weak in the password policy of the stack."""
    policy = settings.sign_in.password_policy
    if policy is None:
        return
    place = settings.sign_in_places["password_policy"]
    for key, message, fix in _weak(policy):
        yield Finding(WEAK_PASSWORDS.code, WEAK_PASSWORDS.severity, f"{place}.{key}", message, fix)
    if policy.hard_expiry and policy.max_age is not None:
        message = f"after {policy.max_age} days a person cannot sign in, until an administrator sets a password"
        fix = "remove it: people set a new password when they sign in"
        yield Finding(HARD_EXPIRY.code, HARD_EXPIRY.severity, f"{place}.hard_expiry", message, fix)


def _weak(policy: PasswordPolicy) -> Iterator[tuple[str, str, str]]:
    if policy.minimum_length < LEAST_LENGTH:
        message = f"a password may have {policy.minimum_length} characters"
        yield "minimum_length", message, f"require {LEAST_LENGTH} or more"
    if policy.reuse_prevention < LEAST_REMEMBERED:
        message = f"only the last {policy.reuse_prevention} passwords cannot be used again"
        yield "reuse_prevention", message, f"write {LEAST_REMEMBERED}, or remove the line"
    for key, kind in _KINDS.items():
        if not getattr(policy, key):
            yield key, f"a password needs no {kind.partition(' ')[2]}", "remove the line: true is the default"
