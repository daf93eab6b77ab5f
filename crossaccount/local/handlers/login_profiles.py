"""``aws:iam/userLoginProfile:UserLoginProfile``: a console password.

Source: internal/service/iam/user_login_profile.go. The password is made here, is a secret output, and appears nowhere
else: with a ``pgpKey`` only encrypted.
"""

from __future__ import annotations

import secrets
import string

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.base import Handler, same_as_before
from crossaccount.local.handlers.errors import ResourceError, already_gone, is_gone
from crossaccount.local.handlers.fields import Field, Kind, between
from crossaccount.local.handlers.pgp import encrypt, refuse_key
from crossaccount.local.handlers.values import Properties

SYMBOLS = "!@#$%^&*()_+-=[]{}|'"
LEAST_LENGTH = 8
"""AWS's default password policy (id_credentials_passwords_account-policy.html): 8 characters, three of four kinds."""


class UserLoginProfile(Handler):
    """ID: the user's name. Every change replaces it, and makes a new password."""

    type = "aws:iam/userLoginProfile:UserLoginProfile"
    fields = {
        "passwordLength": Field(Kind.NUMBER, default=20, replaces=True, refuse=between(5, 128)),
        "passwordResetRequired": Field(Kind.FLAG, replaces=True, computed=True),
        "pgpKey": Field(replaces=True, refuse=refuse_key),
        "user": Field(required=True, replaces=True),
    }
    named_by = ("user",)
    outputs = frozenset({"encryptedPassword", "keyFingerprint", "password"})
    secrets = frozenset({"password"})

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        user, length = inputs["user"], inputs["passwordLength"]
        if length < LEAST_LENGTH:
            raise ResourceError(
                f"{self.type} {user}: CreateLoginProfile: PasswordPolicyViolation: Password should have a minimum "
                f"length of {LEAST_LENGTH}"
            )
        password = made_up_password(length)
        # Encrypted first: a key that cannot be encrypted to must not leave a profile whose password nobody knows.
        outputs = _outputs(inputs.get("pgpKey"), password)
        profile = aws.iam.create_login_profile(
            UserName=user, Password=password, PasswordResetRequired=inputs.get("passwordResetRequired", False)
        )["LoginProfile"]
        reset = profile.get("PasswordResetRequired", False)
        return profile["UserName"], {**inputs, "passwordResetRequired": reset, **outputs}

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        try:
            profile = aws.iam.get_login_profile(UserName=id)["LoginProfile"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return id, {
            **same_as_before(state, "passwordLength", "pgpKey", *self.outputs),
            "passwordResetRequired": profile.get("PasswordResetRequired", False),
            "user": profile["UserName"],
        }

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        with already_gone():
            aws.iam.delete_login_profile(UserName=id)


def made_up_password(length: int) -> str:
    """A random password of at least four characters with all four kinds in it."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, SYMBOLS)
    while True:
        password = "".join(secrets.choice("".join(kinds)) for _ in range(length))
        if all(any(character in kind for character in password) for kind in kinds):
            return password


def _outputs(key: str | None, password: str) -> Properties:
    if not key:
        return {"password": password}
    fingerprint, encrypted = encrypt(key, password)
    return {"encryptedPassword": encrypted, "keyFingerprint": fingerprint}
