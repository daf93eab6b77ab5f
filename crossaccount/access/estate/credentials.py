"""What a user proves with who it is: a password for the console, access keys, MFA devices. Never the secrets.

AWS tells them beside an account's authorization details, and so do our sources, in each member of ``UserDetailList``:
``LoginProfile`` (GetLoginProfile; null where the user has no password), ``AccessKeyMetadata`` (ListAccessKeys) and
``MFADevices`` (ListMFADevices). A key that is absent is unknown, and never taken for "none". What a program declares
has no ``AccessKeyId`` yet, and one key more, which is ours: ``Recipient``, where the secret goes when it is made.

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
    """An access key. ``id`` is empty where AWS has not made it yet, ``recipient`` where nobody says who got it."""

    id: str = ""
    status: str = "Active"
    recipient: str = ""

    @property
    def is_active(self) -> bool:
        """Whether AWS takes it."""
        return self.status == "Active"


@dataclass(frozen=True)
class Password:
    """A password for the console. ``recipient`` and ``reset`` are of one that a program is to make.

    ``reset`` says whether AWS asks for another at the first sign-in. ``made`` is when AWS made the login profile.
    """

    recipient: str = ""
    reset: bool = True
    made: str = ""


@dataclass(frozen=True)
class Credentials:
    """Those of one user. None is what its source does not say; there is at most one password."""

    passwords: tuple[Password, ...] | None = None
    keys: tuple[AccessKey, ...] | None = None
    devices: tuple[str, ...] | None = None
    """The serial numbers of MFA devices."""


NOBODY = Credentials((), (), ())
"""Those of a user that is not there."""


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
    return AccessKey(str(item.get("AccessKeyId") or ""), str(item["Status"]), str(item.get("Recipient") or ""))


def _moment(date: Any) -> str:
    """A date in UTC: boto3 gives a ``datetime``, either major version of the AWS CLI another text."""
    try:
        moment = date if isinstance(date, datetime) else datetime.fromisoformat(str(date))
    except ValueError:
        return str(date or "")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


def _serial(device: Any) -> str:
    return str(device.get("SerialNumber") or "") if isinstance(device, Mapping) else str(device)
