"""A user's credentials: access keys and console passwords, encrypted to their owner's OpenPGP key where one is given.

``aws:iam/accessKey:AccessKey`` and ``aws:iam/userLoginProfile:UserLoginProfile``. The secret key and the password are
secret outputs and appear nowhere else: with a ``pgpKey`` only encrypted.

Source: internal/service/iam/access_key.go, user_login_profile.go, encryption.go. The ``pgpKey`` is the base64 of a
binary public key, the result the base64 of a binary message, the fingerprint that of the primary key in lower-case hex.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import string
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.calls import NO_CALLS, Calls, iam
from crossaccount.local.handlers.errors import ResourceError, already_gone, is_gone
from crossaccount.local.handlers.handler import Handler, same_as_before, timestamp
from crossaccount.local.handlers.properties import Field, Kind, Properties, between, one_of

if TYPE_CHECKING:
    from pysequoia import Cert


def refuse_key(key: Any) -> str | None:
    """What is wrong with a ``pgpKey``, or nothing."""
    try:
        _certificate(str(key))
    except ValueError as problem:
        return str(problem)
    return None


def encrypt(key: str, text: str) -> tuple[str, str]:
    """The key's fingerprint, and ``text`` encrypted to it.

    Raises:
        ValueError: the key is none that can be encrypted to.
    """
    from pysequoia import encrypt as encrypt_to

    certificate = _certificate(key)
    message = encrypt_to(text.encode(), recipients=[certificate], armor=False)
    return certificate.fingerprint.lower(), base64.b64encode(message).decode()


def _certificate(key: str) -> Cert:
    from pysequoia import Cert

    if key.startswith("keybase:"):
        raise ValueError("the local AWS reaches no network, so not Keybase either; give the base64 of the public key")
    try:
        return Cert.from_bytes(base64.b64decode("".join(key.split()), validate=True))
    except binascii.Error:
        raise ValueError("must be the base64 of a binary OpenPGP public key (gpg --export KEY | base64)") from None
    except Exception:  # pysequoia's errors share no type
        raise ValueError("is base64, but of no OpenPGP public key (gpg --export KEY | base64)") from None


class AccessKey(Handler):
    """ID: the access key ID. Only its status changes in place."""

    type = "aws:iam/accessKey:AccessKey"
    fields = {
        "pgpKey": Field(replaces=True, refuse=refuse_key),
        "status": Field(default="Active", refuse=one_of("Active", "Inactive")),
        "user": Field(required=True, replaces=True),
    }
    named_by = ("user",)
    outputs = frozenset(
        {
            "createDate",
            "encryptedSecret",
            "encryptedSesSmtpPasswordV4",
            "keyFingerprint",
            "secret",
            "sesSmtpPasswordV4",
        }
    )
    secrets = frozenset({"secret", "sesSmtpPasswordV4"})
    calls = Calls(
        create=iam("CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey"),
        read=iam("GetAccessKeyLastUsed", "ListAccessKeys"),
        update=iam("UpdateAccessKey"),
        delete=iam("DeleteAccessKey"),
        aws={"create": iam("ListAccessKeys"), "update": iam("ListAccessKeys")},
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        user = inputs["user"]
        key = aws.iam.create_access_key(UserName=user)["AccessKey"]
        id = key["AccessKeyId"]
        try:
            outputs = _key_outputs(inputs.get("pgpKey"), key["SecretAccessKey"], aws.region)
            if inputs["status"] == "Inactive":
                self._set_status(aws, id, user, "Inactive")
        except Exception:
            aws.iam.delete_access_key(UserName=user, AccessKeyId=id)  # nobody will ever know its secret
            raise
        return id, {**inputs, "createDate": timestamp(key["CreateDate"]), **outputs}

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        try:
            # By the key alone, as an import does: ListAccessKeys wants the user.
            user = state.get("user") or aws.iam.get_access_key_last_used(AccessKeyId=id)["UserName"]
            keys = aws.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        found = next((key for key in keys if key["AccessKeyId"] == id), None)
        if found is None:
            return None
        return id, {
            **same_as_before(state, "pgpKey", *self.outputs),
            "createDate": timestamp(found["CreateDate"]),
            "status": found["Status"],
            "user": user,
        }

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        self._set_status(aws, id, new["user"], new["status"])
        return {**old, **new}

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        with already_gone():
            aws.iam.delete_access_key(UserName=state["user"], AccessKeyId=id)

    @staticmethod
    def _set_status(aws: Aws, id: str, user: str, status: Literal["Active", "Inactive"]) -> None:
        aws.iam.update_access_key(UserName=user, AccessKeyId=id, Status=status)


def ses_smtp_password(secret_key: str, region: str) -> str:
    """The password for SES's SMTP interface that belongs to a secret key, by AWS's published algorithm.

    https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html ("Obtaining Amazon SES SMTP credentials by
    converting existing AWS credentials").
    """
    signature = f"AWS4{secret_key}".encode()
    for part in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        signature = hmac.new(signature, part.encode(), hashlib.sha256).digest()
    return base64.b64encode(b"\x04" + signature).decode()


def _key_outputs(key: str | None, secret_key: str, region: str) -> Properties:
    smtp_password = ses_smtp_password(secret_key, region)
    if not key:
        return {"secret": secret_key, "sesSmtpPasswordV4": smtp_password}
    fingerprint, encrypted = encrypt(key, secret_key)
    return {
        "encryptedSecret": encrypted,
        "encryptedSesSmtpPasswordV4": encrypt(key, smtp_password)[1],
        "keyFingerprint": fingerprint,
    }


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
    calls = Calls(
        create=iam("CreateLoginProfile"),
        read=iam("GetLoginProfile"),
        update=NO_CALLS,
        delete=iam("DeleteLoginProfile"),
        aws={"create": iam("GetLoginProfile")},
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        user, length = inputs["user"], inputs["passwordLength"]
        if length < LEAST_LENGTH:
            raise ResourceError(
                f"{self.type} {user}: CreateLoginProfile: PasswordPolicyViolation: Password should have a minimum "
                f"length of {LEAST_LENGTH}"
            )
        password = made_up_password(length)
        # Encrypted first: an unusable key must not leave a profile whose password is lost.
        outputs = _password_outputs(inputs.get("pgpKey"), password)
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


def _password_outputs(key: str | None, password: str) -> Properties:
    if not key:
        return {"password": password}
    fingerprint, encrypted = encrypt(key, password)
    return {"encryptedPassword": encrypted, "keyFingerprint": fingerprint}
