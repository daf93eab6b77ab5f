"""The call that every shell makes, before any quoting."""

from __future__ import annotations

from dataclasses import dataclass

from crossaccount.handoff.entry import Entry
from crossaccount.handoff.words import mfa_note, notes

QUERY = "Credentials.[AccessKeyId,SecretAccessKey,SessionToken]"
VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
OVERRIDING = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
"""What some SDKs would prefer to the session: taken out once there is one."""


@dataclass(frozen=True)
class Call:
    """``aws sts assume-role`` with its options in pairs, and the command that runs in the session, if any.

    ``serial`` is the MFA device whose code the script asks for; empty where none is needed.
    """

    options: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    region: str = ""
    serial: str = ""
    command: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """Everything that a script holds of names and policies, and every word of the command."""
        own = (*(value for _, value in self.options), self.region, self.serial)
        return (*filter(None, own), *self.command)


def call(entry: Entry, command: tuple[str, ...]) -> Call:
    """The call for an entry."""
    asking = entry.asking
    options = [("--role-arn", entry.role), ("--role-session-name", asking.session_name)]
    if asking.external_id:
        options.append(("--external-id", asking.external_id))
    if asking.source_identity:
        options.append(("--source-identity", asking.source_identity))
    if asking.duration:
        options.append(("--duration-seconds", str(asking.duration)))
    # In shorthand: a tag has neither commas nor quotes.
    options += [("--tags", f"Key={key},Value={value}") for key, value in asking.tags.items()]
    if entry.region:
        options.append(("--region", entry.region))
    options += [("--query", QUERY), ("--output", "text")]
    serial = entry.mfa.serial if asking.mfa else ""
    return Call(_joined(options), tuple(notes(entry, mfa_note(entry))), entry.region, serial, command)


def _joined(options: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """``--tags`` once, however many: its further values have no option before them."""
    seen: set[str] = set()
    found = []
    for option, value in options:
        found.append(("" if option in seen else option, value))
        seen.add(option)
    return tuple(found)
