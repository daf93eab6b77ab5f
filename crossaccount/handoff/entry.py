"""One path as it is handed out, whatever the kind: who, what, under which name, and how to ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from crossaccount.access.requirements.asking import Asking
from crossaccount.iam.arn import Arn, parse_arn
from crossaccount.sources.details import Display


@dataclass(frozen=True)
class Mfa:
    """A principal's MFA devices. ``known`` is false where the sources do not say, and ``serial`` is then a guess."""

    serial: str
    known: bool = False


@dataclass(frozen=True)
class Entry:
    """One path.

    ``name`` is its profile's, ``identifier`` what languages take as a name; both are stable and nobody else's.
    ``ways`` are the ways to ask, the easiest first. ``source`` is the profile with the principal's own credentials,
    ``through`` the role whose session asks (a chain), ``services`` those that assume a principal that is a role.
    ``console`` says whether a user has a password, None where nobody says. ``account`` is the role's account's name,
    ``aliased`` its alias or ID.
    """

    name: str
    identifier: str
    principal: str
    role: str
    ways: tuple[Asking, ...]
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

    @property
    def asking(self) -> Asking:
        """The way to ask that its kind has chosen; else the easiest."""
        return self.ways[0]

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

    def asked(self, able: Callable[[Asking], bool]) -> Entry | None:
        """The same with the ways that a kind is able to ask in; None where there is none."""
        ways = tuple(way for way in self.ways if able(way))
        return replace(self, ways=ways) if ways else None

    def to_json(self) -> dict[str, Any]:
        """An entry in the command's JSON."""
        asking = self.asking
        return {
            "name": self.name,
            "principal": self.principal,
            "role": self.role,
            "region": self.region,
            "session_name": asking.session_name,
            "external_id": asking.external_id,
            "source_identity": asking.source_identity,
            "tags": dict(asking.tags),
            "duration": asking.duration,
            "mfa": asking.mfa,
            "conditions": asking.in_words,
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

    ``principals`` and ``roles`` are whom and what was asked about: what is not among the entries does not work.
    """

    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...] = ()
    principals: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
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
