"""The common form of all programs: resources under the names of Pulumi's AWS provider, with unknown values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossaccount.iam.problem import NOT_GIVEN, Problem


@dataclass(frozen=True)
class Reference:
    """An attribute of another resource of the program.

    An empty attribute means the value that the property takes: a name or an ARN.
    """

    address: str
    attribute: str = ""


@dataclass(frozen=True)
class Unknown:
    """A value that only the update makes known.

    With a ``reference`` it may follow from the program. ``secret`` means that the tool does not show the value.
    """

    reference: Reference | None = None
    secret: bool = False


@dataclass(frozen=True)
class Statements:
    """A policy document that is built from parts: the arguments of ``aws.iam.getPolicyDocument``."""

    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Draft:
    """One resource as a tool's file has it. ``type`` is Pulumi's, and so are the names of ``values``.

    ``address`` is the tool's own name for it. ``id`` is the provider's ID of it; ``exists`` says whether it existed
    before.
    """

    address: str
    type: str
    values: Mapping[str, Any]
    id: str = ""
    exists: bool = False
    provider: str = ""
    label: str = ""
    """The name for messages, if it is not the address."""

    @property
    def shown(self) -> str:
        """The name for messages."""
        return self.label or self.address


@dataclass(frozen=True)
class Place:
    """Where a resource is created. ``account`` is empty if neither the file nor the source names it."""

    account: str
    partition: str = "aws"
    region: str = "us-east-1"


@dataclass(frozen=True)
class Moment:
    """The resources of a program at one moment, and the warnings about them."""

    drafts: tuple[Draft, ...] = ()
    notes: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class ProgramFile:
    """The content of one file.

    ``before`` is None if the file describes only one moment. ``place`` gives the place of a resource. ``region`` is the
    program's own.
    """

    after: Moment
    place: Callable[[Draft], Place]
    before: Moment | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of accounts, by name."""
    displays: Mapping[str, Any] = field(default_factory=dict)
    region: str = ""


@dataclass(frozen=True)
class Accounts:
    """The account IDs that a source gives after ``@``: one for all providers, or one for each."""

    one: str = ""
    by_provider: Mapping[str, str] = field(default_factory=dict)
    otherwise: str = ""
    """The account if neither the source nor the file names one: that of the source below."""

    def of(self, provider: str) -> str:
        """The account that is given for a provider; empty where none is."""
        return self.by_provider.get(provider, self.one) or self.otherwise


AFTER_UPDATE = "check it after the update: live:PROFILE"


def note(where: str, what: str, fix: str = AFTER_UPDATE) -> Problem:
    """A warning about something that cannot be judged."""
    return Problem(where, what, NOT_GIVEN, fix, "warning")


def noted(where: str, notes: Iterable[Problem]) -> tuple[Problem, ...]:
    """Warnings of a program's file, with the source before their places; each once."""
    found = (Problem(f"{where}: {n.where}" if n.where else where, n.what, n.got, n.fix, n.severity) for n in notes)
    return tuple({str(each): each for each in found}.values())
