"""Weak password policies, each rule at its key; and the defaults, which are not weak."""

from __future__ import annotations

from typing import Any

import pytest

from crossaccount.check.password_policy import password_findings
from crossaccount.settings import load_settings

BASE: dict[str, Any] = {
    "crossaccount:accounts": {"auth": {"id": "111111111111"}},
    "crossaccount:account": "auth",
    "aws:allowedAccountIds": ["111111111111"],
}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (None, []),
        ({}, []),
        ({"minimum_length": 14, "reuse_prevention": 24, "max_age": 90}, []),
        ({"minimum_length": 13}, [("XA332", "minimum_length")]),
        ({"reuse_prevention": 23}, [("XA332", "reuse_prevention")]),
        ({"require_symbols": False}, [("XA332", "require_symbols")]),
        (
            {"require_lowercase": False, "require_uppercase": False, "require_numbers": False},
            [("XA332", "require_lowercase"), ("XA332", "require_uppercase"), ("XA332", "require_numbers")],
        ),
        ({"max_age": 90, "hard_expiry": True}, [("XA333", "hard_expiry")]),
        ({"hard_expiry": True}, []),
    ],
)
def test_what_is_weak(policy: dict[str, Any] | None, expected: list[tuple[str, str]]) -> None:
    sign_in = {} if policy is None else {"password_policy": policy}
    settings = load_settings({**BASE, "crossaccount:sign_in": sign_in}, root=None)
    found = [(each.code, each.where) for each in password_findings(settings)]
    assert found == [(code, f"sign_in.password_policy.{key}") for code, key in expected]
