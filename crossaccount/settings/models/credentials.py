"""First credentials of a user, and how they are handed over: never as a stack output, never in plain text."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from crossaccount.iam.entity_names import Refusal
from crossaccount.settings.models.base import Flag, Model, Text, flag_or_mapping, refuse, rule
from crossaccount.settings.models.requests import Expires, Starts

_KEYBASE = re.compile(r"\Akeybase:[A-Za-z0-9_]+\Z")
_PUBLIC_KEY = 6
"""The tag of a packet with a public key."""
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


def _deletion_days(value: object) -> object:
    """At least a day with an inactive key, which can be made active again. A deleted key cannot."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 365:
        return value
    raise refuse("must be between 1 and 365 days", "write a number of days from 1 to 365")


RecoveryDays = Annotated[
    int,
    BeforeValidator(_recovery_days),
    WithJsonSchema({"anyOf": [{"const": 0}, {"type": "integer", "minimum": 7, "maximum": 30}]}),
]
DeletionDays = Annotated[
    int, BeforeValidator(_deletion_days), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 365})
]
PasswordLength = Annotated[
    int, BeforeValidator(_password_length), WithJsonSchema({"type": "integer", "minimum": 8, "maximum": 128})
]


def pgp_recipient(key: str) -> str:
    """Who can read what is encrypted to a PGP key: ``keybase:NAME``, or ``pgp:`` with the key's fingerprint and digest.

    The digest is of the text: the provider makes a credential anew wherever that differs.
    """
    if _KEYBASE.match(key):
        return key
    digest = f"sha256:{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    fingerprint = _fingerprint(base64.b64decode("".join(key.split())))
    return f"pgp:{fingerprint} {digest}" if fingerprint else f"pgp:{digest}"


def _fingerprint(key: bytes) -> str:
    """The fingerprint of an OpenPGP public key, as ``gpg`` shows it; empty where these bytes begin with none.

    Source: RFC 9580, 4.2 (packet headers) and 5.5.4 (fingerprints).
    """
    tag, length, start = _packet(key[:6])
    body = key[start : start + length]
    if tag != _PUBLIC_KEY or not body or len(body) != length:
        return ""
    version = body[0]
    if version == 4:
        return hashlib.sha1(b"\x99" + length.to_bytes(2) + body, usedforsecurity=False).hexdigest().upper()
    if version == 6:
        return hashlib.sha256(b"\x9b" + length.to_bytes(4) + body).hexdigest().upper()
    return ""


def _packet(head: bytes) -> tuple[int, int, int]:
    """The tag of a packet, the length of its body, and where that starts; zeros for what is no packet."""
    first, rest = head[:1], head[1:]
    if len(head) < 6 or not first[0] & 0x80:
        return 0, 0, 0
    if not first[0] & 0x40:
        octets = 1 << (first[0] & 3)
        return (first[0] >> 2) & 0x0F, int.from_bytes(rest[:octets]), 1 + octets
    tag = first[0] & 0x3F
    if rest[0] < 192:
        return tag, rest[0], 2
    if rest[0] < 224:
        return tag, ((rest[0] - 192) << 8) + rest[1] + 192, 3
    return tag, int.from_bytes(rest[1:5]), 6


def recipient_of(pgp: str | None, secret_name: str) -> str:
    """Who gets a secret: the owner of a PGP key, or the principals that may read a secret of Secrets Manager."""
    return pgp_recipient(pgp) if pgp else f"secretsmanager:{secret_name}"


class Handover(Model):
    """Where a first credential goes: exactly one of ``store`` and ``pgp``."""

    store: Literal["secretsmanager"] | None = None
    """Keep it in Secrets Manager, as crossaccount/user/<name>/console, …/access-key, or …/access-key/NAME for a
    key with a name."""
    pgp: Annotated[Text, rule(_check_pgp)] | None = None
    """Encrypt it with this PGP public key: base64, or keybase:NAME."""
    recovery_days: RecoveryDays = 30
    """How long Secrets Manager keeps the secret (and its name) after it is deleted: 0, or 7 to 30 days."""


class Console(Handover):
    """Console access: a login profile with a first password."""

    password_reset: Flag = True
    """The person must choose a new password at the first sign-in, and gets the permission to do so."""
    password_length: PasswordLength = 20
    """The length of the first password, 8 to 128."""


class AccessKey(Handover):
    """A long-term access key, and the time for which it is declared.

    An access key has no dates in AWS. So the dates decide what an update does with the key.
    """

    status: Literal["Active", "Inactive"] = "Active"
    """Inactive keeps the key but disables it."""
    starts: Starts | None = Field(default=None, examples=["2027-03-01"])
    """The first `up` after this day begins, or after this moment, creates the key. UTC."""
    expires: Expires | None = Field(default=None, examples=["2027-03-31"])
    """The first `up` after this day ends, or after this moment, makes the key Inactive. UTC."""
    delete_after: DeletionDays = 14
    """The days after `expires` until an `up` deletes the key: 1 to 365."""

    @property
    def deleted_at(self) -> datetime | None:
        """The moment after which an update deletes the key; None without ``expires``."""
        return None if self.expires is None else self.expires + timedelta(days=self.delete_after)


def key_place(name: str) -> str:
    """The place of an access key at its user; ``name`` is empty for the key of ``access_key``."""
    return f"access_keys.{name}" if name else "access_key"


MaybeConsole = Annotated[
    Console | None,
    BeforeValidator(
        flag_or_mapping({"store": "secretsmanager"}, "true or {pgp: KEY}"), json_schema_input_type=Console | bool
    ),
]
_WITHOUT_SHORT_FORM = "{store: secretsmanager} or {pgp: KEY}"


def _key_mapping(value: object) -> object:
    if isinstance(value, Mapping):
        return value
    raise refuse("must be a mapping", f"write {_WITHOUT_SHORT_FORM}")


NamedAccessKey = Annotated[AccessKey, BeforeValidator(_key_mapping, json_schema_input_type=AccessKey)]
MaybeAccessKey = Annotated[
    AccessKey | None,
    BeforeValidator(
        flag_or_mapping(None, _WITHOUT_SHORT_FORM),
        json_schema_input_type=AccessKey | Literal[False],
    ),
]
