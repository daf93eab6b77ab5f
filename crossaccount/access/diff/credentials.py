"""Credentials that users gain and lose: passwords, access keys, MFA devices, and who gets the secret of each.

They are separate changes: no path and no permission differs, but somebody can act who could not before. For a user that
may assume a role (by a path of the estate, or by a grant into an account that no source describes) a gain counts as
broadening and a loss as narrowing. For other users both are shown as neutral, and so is an inactive key. Credentials
that one of the estates does not know are not compared; the reader of the sources warns of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from crossaccount.access.diff.change import Change
from crossaccount.access.diff.paths import assuming
from crossaccount.access.estate import Estate
from crossaccount.access.estate.credentials import NOBODY, AccessKey, Credentials, Password
from crossaccount.access.estate.entities import User

PASSWORD, ACCESS_KEY, MFA_DEVICE = "password", "access key", "MFA device"
KEPT = "`up` never resets a password"


class _CredentialChange(NamedTuple):
    """One credential gained or lost. ``usable``: whether somebody can act with it."""

    gained: bool
    credential: str
    why: str
    usable: bool = True


def credential_changes(before: Estate, after: Estate) -> list[Change]:
    """The gains and losses of users. A user with the same unique ID is the same user, even if renamed."""
    changes = [
        (user.arn, change)
        for user, old, new in _pairs(before, after)
        if old != new
        for change in (*_passwords(old, new), *_keys(old.keys, new.keys), *_devices(old, new))
    ]
    reach = {
        gained: assuming(estate, {arn for arn, change in changes if change.gained == gained and change.usable})
        for gained, estate in ((True, after), (False, before))
    }
    return [
        Change(
            "credential-gained" if change.gained else "credential-lost",
            arn,
            None,
            why=change.why,
            credential=change.credential,
            assumes=change.usable and arn in reach[change.gained],
        )
        for arn, change in changes
    ]


def _pairs(before: Estate, after: Estate) -> Iterator[tuple[User, Credentials, Credentials]]:
    """Every user that is there at one time, with its credentials at both."""
    gone = {user.unique_id: user for arn, user in before.users.items() if arn not in after.users and user.unique_id}
    renamed: set[str] = set()
    for arn, user in after.users.items():
        old = before.users.get(arn)
        if old is None and (old := gone.get(user.unique_id)) is not None:
            renamed.add(old.arn)
        if old is None:
            yield user, NOBODY, user.credentials
        elif old.unique_id and user.unique_id and old.unique_id != user.unique_id:
            # Another user of the same name: nothing of the former one's works for it.
            yield old, old.credentials, NOBODY
            yield user, NOBODY, user.credentials
        else:
            yield user, old.credentials, user.credentials
    for arn, user in before.users.items():
        if arn not in after.users and arn not in renamed:
            yield user, user.credentials, NOBODY


def _passwords(old: Credentials, new: Credentials) -> Iterator[_CredentialChange]:
    if old.passwords is None or new.passwords is None:
        return
    for one, other in zip(old.passwords, new.passwords, strict=False):
        yield from _same_user_s(one, other)
    if len(new.passwords) > len(old.passwords):
        made = new.passwords[-1]
        stays = "" if made.reset else "; it stays valid, as AWS asks for no other at the first sign-in"
        yield _CredentialChange(True, PASSWORD, f"it is new{_recipient_in_words(made.recipient)}{stays}")
    elif len(old.passwords) > len(new.passwords):
        yield _CredentialChange(False, PASSWORD, "it is gone")
    if (
        old.passwords
        and new.passwords
        and None not in (old.devices, new.devices)
        and bool(old.devices) != bool(new.devices)
    ):
        alone = not new.devices
        why = (
            "it alone signs in: the last MFA device is gone" if alone else "it alone no longer signs in: a device must"
        )
        yield _CredentialChange(alone, PASSWORD, why)


def _same_user_s(old: Password, new: Password) -> Iterator[_CredentialChange]:
    """Two passwords of one user: declared differently now, or created anew since."""
    if old.recipient and new.recipient:
        none = f"a password that exists already is kept: there it has no effect, as {KEPT}"
        if old.recipient != new.recipient:
            why = f"it goes to {_words(new.recipient)}, before to {_words(old.recipient)}; {none}"
            yield from (_CredentialChange(gained, PASSWORD, why) for gained in (True, False))
        elif old.reset != new.reset:
            stays = "stays valid: no reset" if old.reset else "no longer stays valid: a reset"
            yield _CredentialChange(old.reset, PASSWORD, f"the first one {stays} at the first sign-in; {none}")
    elif old.made and new.made and old.made != new.made:
        yield from (_CredentialChange(gained, PASSWORD, "it was created again") for gained in (True, False))


def _keys(old: Sequence[AccessKey] | None, new: Sequence[AccessKey] | None) -> Iterator[_CredentialChange]:
    if old is None or new is None:
        return
    left, made = list(old), []
    # By ID first, so that declared keys are only compared with keys that match no other.
    for key in sorted(new, key=lambda each: not each.id):
        alike = [each for each in left if _is_same(each, key)]
        # Keys without names match in any order: no change is reported that a different order explains.
        if (same := next((each for each in alike if each.status == key.status), next(iter(alike), None))) is None:
            made.append(key)
            continue
        left.remove(same)
        if same.is_active != key.is_active:
            yield _CredentialChange(
                key.is_active,
                _named(key.id or same.id, key.name or same.name),
                f"it is {key.status}, and was {same.status}",
            )
    for key in made:
        replaced = next((each for each in left if not (each.id and key.id) and each.name == key.name), None)
        former = f", before to {_words(replaced.recipient)}" if replaced and replaced.recipient else ""
        why = f"it is new{_recipient_in_words(key.recipient)}{former}"
        yield _CredentialChange(
            True, _named(key.id, key.name), why if key.is_active else f"{why}; it is {key.status}", key.is_active
        )
    for key in left:
        was = "" if key.is_active else f"; it was {key.status}"
        yield _CredentialChange(False, _named(key.id, key.name), f"it is gone{was}", key.is_active)


def _is_same(old: AccessKey, new: AccessKey) -> bool:
    """Whether both are one key: by ID, or if one has none yet, by its name and the recipient of the secret."""
    if old.id and new.id:
        return old.id == new.id
    if not (old.recipient and new.recipient):
        return True
    return (old.name, old.recipient) == (new.name, new.recipient)


def _devices(old: Credentials, new: Credentials) -> Iterator[_CredentialChange]:
    if old.devices is None or new.devices is None:
        return
    for serial in new.devices:
        if serial not in old.devices:
            yield _CredentialChange(True, f"{MFA_DEVICE} {serial}", "it is new, and meets conditions on MFA")
    for serial in old.devices:
        if serial not in new.devices:
            yield _CredentialChange(False, f"{MFA_DEVICE} {serial}", "it is gone")


def _named(key_id: str, name: str) -> str:
    return " ".join(each for each in (ACCESS_KEY, name, key_id) if each)


def _recipient_in_words(recipient: str) -> str:
    return f"; its secret goes to {_words(recipient)}" if recipient else ""


def _words(recipient: str) -> str:
    """``secretsmanager:NAME``, ``pgp:…`` or ``keybase:NAME`` in words."""
    kind, _, rest = recipient.partition(":")
    if kind == "secretsmanager":
        return f"Secrets Manager as {rest}"
    return f"the PGP key {rest if kind == 'pgp' else recipient}"
