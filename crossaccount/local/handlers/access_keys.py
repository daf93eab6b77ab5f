"""``aws:iam/accessKey:AccessKey``. Source: internal/service/iam/access_key.go.

The secret key is a secret output and appears nowhere else: with a ``pgpKey`` only encrypted.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Literal

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.base import Handler, same_as_before, timestamp
from crossaccount.local.handlers.errors import already_gone, is_gone
from crossaccount.local.handlers.fields import Field, one_of
from crossaccount.local.handlers.pgp import encrypt, refuse_key
from crossaccount.local.handlers.values import Properties


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

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        user = inputs["user"]
        key = aws.iam.create_access_key(UserName=user)["AccessKey"]
        id = key["AccessKeyId"]
        try:
            outputs = _outputs(inputs.get("pgpKey"), key["SecretAccessKey"], aws.region)
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


def _outputs(key: str | None, secret_key: str, region: str) -> Properties:
    smtp_password = ses_smtp_password(secret_key, region)
    if not key:
        return {"secret": secret_key, "sesSmtpPasswordV4": smtp_password}
    fingerprint, encrypted = encrypt(key, secret_key)
    return {
        "encryptedSecret": encrypted,
        "encryptedSesSmtpPasswordV4": encrypt(key, smtp_password)[1],
        "keyFingerprint": fingerprint,
    }
