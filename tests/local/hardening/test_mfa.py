"""MFA at the local AWS: a real session with MFA gets into a role that requires it, one without does not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from crossaccount.local.clients import Aws, Credentials
from crossaccount.local.totp import code_of, step_at
from tests.local.hardening.test_assume import denied

WRONG = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
NO_DEVICE = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and "
    "associated with this user."
)
Identity = Callable[[Credentials], Aws]


def _mfa_role(root: Aws, principal: str, **condition: Any) -> str:
    asked = condition or {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", "Condition": asked}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(root.iam.create_role(RoleName="Mfa", AssumeRolePolicyDocument=document)["Role"]["Arn"])


def _device(root: Aws, user: str, name: str = "phone") -> tuple[str, str]:
    """Serial number and seed of a new device of a user."""
    made = root.iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    serial, seed = made["SerialNumber"], made["Base32StringSeed"].decode()
    now = step_at(time.time())
    codes = {"AuthenticationCode1": code_of(seed, now - 2), "AuthenticationCode2": code_of(seed, now - 1)}
    root.iam.enable_mfa_device(UserName=user, SerialNumber=serial, **codes)
    return serial, seed


def _now(seed: str) -> str:
    return code_of(seed, step_at(time.time()))


def test_with_a_code_a_user_gets_into_a_role_that_requires_mfa_and_without_one_not(
    fresh_account: Callable[[], Aws], user: Callable[..., Aws], assume: Callable[..., Aws], refused: Callable[..., Any]
) -> None:
    auth, workload = fresh_account(), fresh_account()
    ana, role = user(auth, "Ana", "sts:AssumeRole"), _mfa_role(workload, auth.account_id())
    serial, seed = _device(auth, "Ana")
    with refused(*denied(ana.sts.get_caller_identity()["Arn"], role)):
        assume(ana, role)
    assert assume(ana, role, SerialNumber=serial, TokenCode=_now(seed)).account_id() == workload.account_id()


def test_a_session_that_was_made_with_mfa_carries_it_and_its_age(
    fresh_account: Callable[[], Aws], user: Callable[..., Aws], assume: Callable[..., Aws], identity: Identity
) -> None:
    auth, workload = fresh_account(), fresh_account()
    ana = user(auth, "Ana", "sts:AssumeRole")
    young = {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}
    role = _mfa_role(workload, auth.account_id(), Bool={"aws:MultiFactorAuthPresent": "true"}, **young)
    serial, seed = _device(auth, "Ana")
    keys = ana.sts.get_session_token(SerialNumber=serial, TokenCode=_now(seed))["Credentials"]
    session = identity(Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]))
    assert assume(session, role).account_id() == workload.account_id()
    assert assume(session, role).account_id() == workload.account_id(), "a session is of more than one call"


def test_a_session_without_mfa_does_not_carry_it(
    fresh_account: Callable[[], Aws],
    user: Callable[..., Aws],
    assume: Callable[..., Aws],
    identity: Identity,
    refused: Callable[..., Any],
) -> None:
    auth, workload = fresh_account(), fresh_account()
    ana, role = user(auth, "Ana", "sts:AssumeRole"), _mfa_role(workload, auth.account_id())
    keys = ana.sts.get_session_token()["Credentials"]
    session = identity(Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]))
    with refused(*denied(session.sts.get_caller_identity()["Arn"], role)):
        assume(session, role)


def test_an_mfa_that_is_too_old_does_not_count(
    fresh_account: Callable[[], Aws], user: Callable[..., Aws], assume: Callable[..., Aws], refused: Callable[..., Any]
) -> None:
    auth, workload = fresh_account(), fresh_account()
    ana = user(auth, "Ana", "sts:AssumeRole")
    role = _mfa_role(workload, auth.account_id(), NumericLessThan={"aws:MultiFactorAuthAge": "0"})
    serial, seed = _device(auth, "Ana")
    with refused(*denied(ana.sts.get_caller_identity()["Arn"], role)):
        assume(ana, role, SerialNumber=serial, TokenCode=_now(seed))


@pytest.mark.parametrize("why", ["wrong code", "used code", "other user", "no device", "old code"])
def test_what_is_no_proof_is_refused(
    fresh_account: Callable[[], Aws],
    user: Callable[..., Aws],
    assume: Callable[..., Aws],
    refused: Callable[..., Any],
    why: str,
) -> None:
    auth, workload = fresh_account(), fresh_account()
    ana, role = user(auth, "Ana", "sts:AssumeRole"), _mfa_role(workload, auth.account_id())
    user(auth, "Bo")
    serial, seed = _device(auth, "Bo" if why == "other user" else "Ana")
    code = _now(seed)
    if why == "used code":
        assume(ana, role, SerialNumber=serial, TokenCode=code)
    elif why == "wrong code":
        code = f"{(int(code) + 1) % 1_000_000:06}"
    elif why == "no device":
        serial = f"{serial}2"
    elif why == "old code":
        code = code_of(seed, step_at(time.time()) - 20)
    with refused("AccessDenied", NO_DEVICE if why in ("other user", "no device") else WRONG):
        assume(ana, role, SerialNumber=serial, TokenCode=code)


def test_a_device_is_enabled_by_two_codes_in_a_row(
    root: Aws, user: Callable[..., Aws], refused: Callable[..., Any]
) -> None:
    user(root, "Ana")
    made = root.iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    seed, now = made["Base32StringSeed"].decode(), step_at(time.time())
    for second in (now, now + 1):
        codes = {"AuthenticationCode1": code_of(seed, now - 1), "AuthenticationCode2": code_of(seed, second)}
        if second == now + 1:
            with refused("InvalidAuthenticationCode", "Authentication code for device is not valid."):
                root.iam.enable_mfa_device(UserName="Ana", SerialNumber=made["SerialNumber"], **codes)
        else:
            root.iam.enable_mfa_device(UserName="Ana", SerialNumber=made["SerialNumber"], **codes)
            root.iam.deactivate_mfa_device(UserName="Ana", SerialNumber=made["SerialNumber"])
