"""The credentials of a user: a console password, access keys, MFA devices. Never the secrets.

AWS returns them separately from an account's authorization details. Our sources add them to each member of
``UserDetailList``: ``LoginProfile`` (GetLoginProfile; null if the user has no password), ``AccessKeyMetadata``
(ListAccessKeys) and ``MFADevices`` (ListMFADevices). A key that is absent is unknown, and never taken for "none". A
declared access key has no ``AccessKeyId`` yet, and additional keys of ours: ``Recipient``, the recipient of the
secret, and ``KeyName``, its name in the config if it has one.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyMetadata.html and …/API_LoginProfile.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

STATUSES = ("Active", "Inactive", "Expired")
"""Of an access key: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyMetadata.html"""


@dataclass(frozen=True)
class AccessKey:
    """An access key. ``id`` is empty before its creation; ``recipient`` is empty if it is unknown.

    ``name`` is that of the config; it is empty for the key of ``access_key``, and if it is unknown.
    """

    id: str = ""
    status: str = "Active"
    recipient: str = ""
    name: str = ""

    @property
    def is_active(self) -> bool:
        """Whether AWS accepts it."""
        return self.status == "Active"


@dataclass(frozen=True)
class Password:
    """A console password. ``recipient`` and ``reset`` are those of a declared one.

    ``reset``: whether AWS requires a new one at the first sign-in. ``made``: when AWS created the login profile.
    """

    recipient: str = ""
    reset: bool = True
    made: str = ""


@dataclass(frozen=True)
class Credentials:
    """The credentials of one user. None means that the source does not have them; there is at most one password."""

    passwords: tuple[Password, ...] | None = None
    keys: tuple[AccessKey, ...] | None = None
    devices: tuple[str, ...] | None = None
    """The serial numbers of MFA devices."""


NOBODY = Credentials((), (), ())
"""The credentials of a user that does not exist."""


def credentials_of(user: Mapping[str, Any]) -> Credentials:
    """The credentials in a member of ``UserDetailList``."""
    keys, devices = user.get("AccessKeyMetadata"), user.get("MFADevices")
    return Credentials(
        _passwords(user["LoginProfile"]) if "LoginProfile" in user else None,
        None if keys is None else tuple(map(_key, keys)),
        None if devices is None else tuple(sorted(map(_serial, devices))),
    )


def _passwords(profile: Any) -> tuple[Password, ...]:
    if not profile:
        return ()
    return (
        Password(
            str(profile.get("Recipient") or ""),
            bool(profile.get("PasswordResetRequired", True)),
            _moment(profile.get("CreateDate")),
        ),
    )


def _key(item: Mapping[str, Any]) -> AccessKey:
    key_id, recipient, name = (str(item.get(each) or "") for each in ("AccessKeyId", "Recipient", "KeyName"))
    return AccessKey(key_id, str(item["Status"]), recipient, name)


def _moment(date: Any) -> str:
    """A date in UTC. boto3 returns a ``datetime``; the two major versions of the AWS CLI return different texts."""
    try:
        moment = date if isinstance(date, datetime) else datetime.fromisoformat(str(date))
    except ValueError:
        return str(date or "")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


def _serial(device: Any) -> str:
    return str(device.get("SerialNumber") or "") if isinstance(device, Mapping) else str(device)
