"""Codes of virtual MFA devices, by the vectors of RFC 6238 (appendix B, SHA-1, the last six of eight digits)."""

from __future__ import annotations

import base64

import pytest

from crossaccount.local.totp import code_of, step_at

SEED = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_rfc(moment: int, code: str) -> None:
    assert code_of(SEED, step_at(moment)) == code
