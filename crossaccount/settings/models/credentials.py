"""First credentials of a user, and how they are handed over: never as a stack output, never in plain text."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, WithJsonSchema

from crossaccount.iam.entity_names import Refusal
from crossaccount.settings.models.base import Flag, Model, Text, flag_or_mapping, refuse, rule

_KEYBASE = re.compile(r"\Akeybase:[A-Za-z0-9_]+\Z")
_EXPORT = "give the output of `gpg --export KEY | base64 -w0`, or keybase:NAME"


def _check_pgp(key: str) -> Refusal | None:
    if _KEYBASE.match(key):
        return None
    if "-----BEGIN" in key:
        return Refusal("must be the binary public key in base64, not the armored text", _EXPORT)
    try:
        decoded = base64.b64decode("".join(key.split()), validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    return None if decoded else Refusal("must be a PGP public key in base64, or keybase:NAME", _EXPORT)


def _recovery_days(value: object) -> object:
    """Secrets Manager: 7 to 30 days, or at once."""
    if isinstance(value, int) and not isinstance(value, bool) and (value == 0 or 7 <= value <= 30):
        return value
    raise refuse("must be 0 (at once) or 7 to 30 days", "write 0, or a number of days from 7 to 30")


def _password_length(value: object) -> object:
    """AWS's default password policy asks for 8; the API takes 128 at most."""
    if isinstance(value, int) and not isinstance(value, bool) and 8 <= value <= 128:
        return value
    raise refuse("must be between 8 and 128 characters", "write a number from 8 to 128")


RecoveryDays = Annotated[
    int,
    BeforeValidator(_recovery_days),
    WithJsonSchema({"anyOf": [{"const": 0}, {"type": "integer", "minimum": 7, "maximum": 30}]}),
]
PasswordLength = Annotated[
    int, BeforeValidator(_password_length), WithJsonSchema({"type": "integer", "minimum": 8, "maximum": 128})
]


class Handover(Model):
    """Where a first credential goes: exactly one of ``store`` and ``pgp``."""

    store: Literal["secretsmanager"] | None = None
    """Keep it in Secrets Manager, as crossaccount/user/<name>/console or …/access-key."""
    pgp: Annotated[Text, rule(_check_pgp)] | None = None
    """Encrypt it with this PGP public key: base64, or keybase:NAME."""
    recovery_days: RecoveryDays = 30
    """How long Secrets Manager keeps the secret (and its name) after it is deleted: 0, or 7 to 30 days."""


class Console(Handover):
    """Console access: a login profile with a first password."""

    password_reset: Flag = True
    """The person must choose a password at first sign-in, and is allowed to."""
    password_length: PasswordLength = 20
    """The length of the first password, 8 to 128."""


class AccessKey(Handover):
    """A long-term access key."""

    status: Literal["Active", "Inactive"] = "Active"
    """Inactive keeps the key and refuses its use."""


MaybeConsole = Annotated[
    Console | None,
    BeforeValidator(
        flag_or_mapping({"store": "secretsmanager"}, "true or {pgp: KEY}"), json_schema_input_type=Console | bool
    ),
]
MaybeAccessKey = Annotated[
    AccessKey | None,
    BeforeValidator(
        flag_or_mapping(None, "{store: secretsmanager} or {pgp: KEY}"),
        json_schema_input_type=AccessKey | Literal[False],
    ),
]
