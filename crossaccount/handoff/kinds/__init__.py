"""The kinds of hand-off and the shells, by name, and the one table of what writes them.

A kind says which entries it is able to express, and writes them: values in, text out. A further kind is a class in a
module here (or in the one that it belongs to), its name in ``Kind`` and its row in :func:`kind_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from crossaccount.handoff.entry import Entry, HandedOut


class Kind(StrEnum):
    """What can be handed out."""

    profiles = "profiles"
    links = "links"
    extension = "extension"
    granted = "granted"
    env = "env"
    boto3 = "boto3"
    terraform = "terraform"
    pulumi = "pulumi"
    github = "github"
    esc = "esc"


class Shell(StrEnum):
    """The shells that a script can be written for; sh is for bash, zsh and dash as well."""

    sh = "sh"
    fish = "fish"
    powershell = "powershell"
    cmd = "cmd"


class HandoffKind(Protocol):
    """One kind of hand-off."""

    def able(self, entry: Entry) -> Entry | str:
        """The entry as the kind expresses it, or why it cannot."""
        ...

    def text(self, handed: HandedOut) -> str:
        """Every entry, and in a comment what is left out.

        Raises:
            HandoffError: the entries cannot be written.
        """
        ...


@dataclass(frozen=True)
class Written:
    """``handed`` is what the kind is able to express, and what it left out."""

    text: str
    handed: HandedOut


def kind_of(kind: Kind, shell: Shell = Shell.sh, command: tuple[str, ...] = ()) -> HandoffKind:
    """What writes a kind. The command line needs names alone: what writes is imported only here."""
    from crossaccount.handoff.kinds.aws_profiles import GRANTED, PROFILES
    from crossaccount.handoff.kinds.code import BOTO3, PULUMI, TERRAFORM
    from crossaccount.handoff.kinds.console import EXTENSION, LINKS
    from crossaccount.handoff.kinds.pipelines import ESC, GITHUB
    from crossaccount.handoff.kinds.shells import EnvScript

    kinds: Mapping[Kind, HandoffKind] = {
        Kind.profiles: PROFILES,
        Kind.links: LINKS,
        Kind.extension: EXTENSION,
        Kind.granted: GRANTED,
        Kind.env: EnvScript(shell, command),
        Kind.boto3: BOTO3,
        Kind.terraform: TERRAFORM,
        Kind.pulumi: PULUMI,
        Kind.github: GITHUB,
        Kind.esc: ESC,
    }
    return kinds[kind]


_TOKENS = "it is assumed with a token of the provider; see the kinds github, esc and profiles"


def _able(writer: HandoffKind, entry: Entry) -> Entry | str:
    """The entry as a kind expresses it. Few kinds know of callers that have a token and no credentials."""
    if entry.provider and not getattr(writer, "providers", False):
        return _TOKENS
    return writer.able(entry)


def write(kind: Kind, handed: HandedOut, shell: Shell = Shell.sh, command: tuple[str, ...] = ()) -> Written:
    """The hand-off as text.

    Raises:
        HandoffError: ``env`` of several entries, or a value that the shell cannot be given.
    """
    writer = kind_of(kind, shell, command)
    able = handed.able(lambda entry: _able(writer, entry))
    return Written(writer.text(able), able)
