"""MFA as AWS checks it: virtual devices with real seeds, codes that are verified once, and sessions that carry it.

MiniStack accepts any code, and its requests never carry MFA. Here a device is enabled by two consecutive codes. A code
of AssumeRole or GetSessionToken must come from a device of the calling user, be current (or of the 30 seconds before or
after), and be unused. Then the call itself, and the calls of a session of GetSessionToken, carry
``aws:MultiFactorAuthPresent`` and ``aws:MultiFactorAuthAge``. A role's session never carries them.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html and
https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
"""

from __future__ import annotations

import base64
import re
import secrets
import time

from crossaccount.local.asgi import Answer
from crossaccount.local.hardening import ministack
from crossaccount.local.hardening.calls import Call, Refusal, parsed, text_of
from crossaccount.local.hardening.engine import Engine, Go, caller_of
from crossaccount.local.totp import code_of, step_at

_WRONG_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
_NO_DEVICE = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and "
    "associated with this user."
)
_BOTH = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
_SEED = re.compile(rb"<Base32StringSeed>[^<]*</Base32StringSeed>")
_ENABLED_WITHIN = range(-3, 2)
"""The largest distance from now, in steps of 30 seconds, of the first code that enables a device."""
_ACCEPTED = (0, -1, 1)


async def seeded(call: Call, engine: Engine, go: Go) -> Answer:
    """CreateVirtualMFADevice: the seed is valid for an authenticator, 160 bits in base32."""
    answer = await go()
    if answer.ok:
        seed = base64.b32encode(secrets.token_bytes(20)).decode()
        serial = text_of(parsed(answer), "CreateVirtualMFADeviceResult/VirtualMFADevice/SerialNumber")
        ministack.device(await engine.account_of(call), serial)["Base32StringSeed"] = seed
        encoded = base64.b64encode(seed.encode())
        answer = answer.with_body(_SEED.sub(b"<Base32StringSeed>" + encoded + b"</Base32StringSeed>", answer.body))
    return answer


async def enabled(call: Call, engine: Engine) -> None:
    """EnableMFADevice: the two codes are consecutive codes of this device."""
    device = ministack.device(await engine.account_of(call), call.get("SerialNumber"))
    if not device:
        return  # MiniStack says so
    now, seed = step_at(time.time()), str(device["Base32StringSeed"])
    codes = call.get("AuthenticationCode1"), call.get("AuthenticationCode2")
    for step in (now + each for each in _ENABLED_WITHIN):
        if codes == (code_of(seed, step), code_of(seed, step + 1)):
            device[ministack.LAST_STEP] = step + 1
            return
    raise Refusal("InvalidAuthenticationCode", "Authentication code for device is not valid.")


async def authenticated(call: Call, engine: Engine, go: Go) -> Answer:
    """AssumeRole and GetSessionToken: a code is verified, and the call, or the session that it makes, carries MFA."""
    serial, code = call.get("SerialNumber"), call.get("TokenCode")
    if not serial and not code:
        return await go()
    if not serial or not code:
        raise Refusal("AccessDenied", _BOTH)
    await _verify(call, engine, serial, code)
    token = ministack.MFA_OF_CALL.set(time.time())
    try:
        answer = await go()
    finally:
        ministack.MFA_OF_CALL.reset(token)
    if answer.ok and call.action == "GetSessionToken":
        ministack.remember_mfa(text_of(parsed(answer), "GetSessionTokenResult/Credentials/AccessKeyId"), time.time())
    return answer


async def _verify(call: Call, engine: Engine, serial: str, code: str) -> None:
    account, caller = await engine.account_of(call), (await caller_of(call, engine)).arn
    device = ministack.device(account, serial)
    user = caller.rsplit("/", 1)[-1] if ":user/" in caller else ""
    # A session of GetSessionToken acts as its user, but AWS accepts no code from a session.
    if not device or not user or device["User"] != user or not ministack.is_long_term(call.access_key):
        raise Refusal("AccessDenied", _NO_DEVICE)
    now, seed = step_at(time.time()), str(device["Base32StringSeed"])
    step = next((now + each for each in _ACCEPTED if code == code_of(seed, now + each)), None)
    if step is None or step <= device.get(ministack.LAST_STEP, 0):
        raise Refusal("AccessDenied", _WRONG_CODE)
    device[ministack.LAST_STEP] = step
