"""One-time codes of virtual MFA devices: six digits that change every 30 seconds.

Source: RFC 6238 with RFC 4226, and https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_enable_virtual.html
(virtual devices of IAM follow RFC 6238).
"""

from __future__ import annotations

import base64
import hashlib
import hmac

STEP_SECONDS = 30
DIGITS = 6


def step_at(moment: float) -> int:
    """The 30-second step of a moment, which is in seconds since 1970."""
    return int(moment // STEP_SECONDS)


def code_of(seed: str, step: int) -> str:
    """The code of a device with this seed (base32) in this step."""
    digest = hmac.new(base64.b32decode(seed), step.to_bytes(8), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"
