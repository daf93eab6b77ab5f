"""The kinds by name, and one hand-off written in one of them."""

from __future__ import annotations

from dataclasses import dataclass

from crossaccount.handoff.entry import HandedOut
from crossaccount.handoff.kinds import boto3_code, env, extension, granted, links, profiles, pulumi_code, terraform
from crossaccount.handoff.kinds.names import Kind, Shell


@dataclass(frozen=True)
class Written:
    """``handed`` is what the kind is able to express, and what it left out."""

    text: str
    handed: HandedOut


_MODULES = {
    Kind.profiles: profiles,
    Kind.links: links,
    Kind.extension: extension,
    Kind.granted: granted,
    Kind.boto3: boto3_code,
    Kind.terraform: terraform,
    Kind.pulumi: pulumi_code,
}


def write(kind: Kind, handed: HandedOut, shell: Shell = Shell.sh, command: tuple[str, ...] = ()) -> Written:
    """The hand-off as text.

    Raises:
        HandoffError: ``env`` of several entries, or a value that the shell cannot be given.
    """
    if kind is Kind.env:
        able = handed.able(env.able)
        return Written(env.text(able, shell, command), able)
    module = _MODULES[kind]
    able = handed.able(module.able)
    return Written(module.text(able), able)
