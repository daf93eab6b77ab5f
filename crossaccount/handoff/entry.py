"""One path as it is handed out by every kind: principal, role, name, request, and notes.

``HandoffError`` is the one exception of this package for bad input: an option that cannot be met, or a file that must
not be touched. Lines are plain ASCII, without anything that could end the line: the AWS CLI and cmd read files in
whatever encoding the machine has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from crossaccount import escaping
from crossaccount.access.requirements.assume_parameters import AssumeParameters
from crossaccount.escaping import encodable
from crossaccount.handoff.credentials import Given
from crossaccount.iam.arn import Arn, parse_arn
from crossaccount.iam.names import counted
from crossaccount.iam.problem import BadInput
from crossaccount.sources.details import Display

EXAMPLE_OBJECT = "hello.txt"
"""What an example puts into the bucket of an entry."""
SESSION_WITH_MFA = "With MFA: start in a session of aws sts get-session-token --serial-number SERIAL --token-code CODE"


class HandoffError(BadInput):
    """Nothing is handed out. ``problems`` say why, all at once."""


@dataclass(frozen=True)
class Mfa:
    """A principal's MFA devices. ``known`` is false where the sources do not say, and ``serial`` is then a guess."""

    serial: str
    known: bool = False


@dataclass(frozen=True)
class Entry:
    """One path.

    ``name`` is its profile's, ``identifier`` what programming languages accept as a name; both are stable and unique.
    ``alternatives`` are the requests that can work, the easiest first. ``source`` is the profile with the principal's
    own credentials, ``through`` the role whose session calls (a chain), ``services`` those that may assume a principal
    that is a role. ``console`` says whether a user has a password, None if no source says. ``account`` is the name of
    the role's account, ``aliased`` its alias or ID.
    """

    name: str
    identifier: str
    principal: str
    role: str
    alternatives: tuple[AssumeParameters, ...]
    account: str
    aliased: str
    source: str
    shown: Callable[[str], str] = field(compare=False, repr=False)
    region: str = ""
    display: Display = field(default_factory=Display)
    mfa: Mfa = Mfa("")
    through: str = ""
    services: tuple[str, ...] = ()
    console: bool | None = None
    bucket: str = ""
    provider: str = ""
    """The issuer of the OpenID Connect provider, the SAML provider or the service that the principal is; empty for
    users and roles."""
    is_own: bool = False
    """Whether the entry is credentials by itself: a permission set of Identity Center, or a role of Roles Anywhere."""
    default_session: str = ""
    """The session name that the entry has if its trust asks for no other."""
    own_source: bool = False
    """Whether ``source`` is a profile that the person has, as the command line says."""
    trust_anchor: str = ""
    """The trust anchor of Roles Anywhere that the trust of the way's first role names; empty if it names none."""

    @property
    def parameters(self) -> AssumeParameters:
        """The request that its kind has chosen; else the easiest."""
        return self.alternatives[0]

    @property
    def role_arn(self) -> Arn:
        """The role's ARN, parsed."""
        return parse_arn(self.role)

    @property
    def role_path(self) -> str:
        """The role's name with its path, as the console takes it: ``team/Deployer``."""
        return self.role_arn.resource.partition("/")[2]

    @property
    def title(self) -> str:
        """``development/user/David → production/role/UpdateApp``."""
        return f"{self.shown(self.principal)} → {self.shown(self.role)}"

    def limited_to(self, able: Callable[[AssumeParameters], bool]) -> Entry | None:
        """The entry with the parameters that a kind supports; None if it supports none."""
        alternatives = tuple(parameters for parameters in self.alternatives if able(parameters))
        return replace(self, alternatives=alternatives) if alternatives else None

    def to_json(self) -> dict[str, Any]:
        """An entry in the command's JSON."""
        parameters = self.parameters
        return {
            "name": self.name,
            "principal": self.principal,
            "role": self.role,
            "region": self.region,
            "session_name": parameters.session_name,
            "external_id": parameters.external_id,
            "source_identity": parameters.source_identity,
            "tags": dict(parameters.tags),
            "duration": parameters.duration,
            "mfa": parameters.mfa,
            "conditions": parameters.in_words,
        }


@dataclass(frozen=True)
class LeftOut:
    """A path that is not handed out, and why."""

    principal: str
    role: str
    why: str

    def to_json(self) -> dict[str, Any]:
        """What is left out in the command's JSON."""
        return {"principal": self.principal, "role": self.role, "why": self.why}


@dataclass(frozen=True)
class HandedOut:
    """The paths that are handed out, by name, and those that are not.

    ``principals`` and ``roles`` are those that were selected: paths that are not among the entries do not work.
    """

    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...] = ()
    principals: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    given: Given = field(default_factory=Given)
    shown: Callable[[str], str] = field(default=str, compare=False, repr=False)

    def able(self, able: Callable[[Entry], Entry | str]) -> HandedOut:
        """Only what a kind is able to express; ``able`` gives the entry as it is expressed, or why it is not."""
        kept: list[Entry] = []
        left: list[LeftOut] = []
        for entry in self.entries:
            found = able(entry)
            if isinstance(found, Entry):
                kept.append(found)
            else:
                left.append(LeftOut(entry.principal, entry.role, found))
        return replace(self, entries=tuple(kept), left_out=(*self.left_out, *left))


def is_one_value(text: str) -> bool:
    """Whether a line of a config can hold a text as a value: a line break would begin another key."""
    return text.isprintable() and text == text.strip()


def one_line(text: str) -> str:
    """``text`` with whatever could break a line, or is not ASCII, as escapes."""
    return encodable(escaping.one_line(text), "ascii")


def notes(entry: Entry, *more: str) -> Iterator[str]:
    """The title, and what the person has to meet; ``more`` is what a kind has to say."""
    yield one_line(entry.title)
    if entry.parameters.in_words:
        yield one_line(f"Works: {entry.parameters.in_words}")
    if entry.through:
        yield one_line(f"A role chain: assumed in a session of {entry.shown(entry.through)}, for one hour at most")
    yield from map(one_line, filter(None, more))


def mfa_note(entry: Entry) -> str:
    """Where a serial is a guess, that it is one."""
    guessed = entry.parameters.mfa and not entry.mfa.known
    return (
        "The serial number is the one that the console proposes; find yours with: aws iam list-mfa-devices"
        if guessed
        else ""
    )


def not_handed_out(handed: HandedOut) -> Iterator[str]:
    """What is left out, and why: a line for each path, but only one if more than two are left out for one reason."""
    by_reason: dict[str, list[LeftOut]] = {}
    for each in handed.left_out:
        by_reason.setdefault(each.why, []).append(each)
    for why, left in by_reason.items():
        paths = [f"{handed.shown(each.principal)} → {handed.shown(each.role)}" for each in left]
        if len(paths) > _MOST_ALIKE:
            paths = [f"{paths[0]} and {counted(len(paths) - 1, 'other path')} (--json lists them)"]
        yield from (one_line(f"Not handed off: {path}: {why}") for path in paths)


_MOST_ALIKE = 2
