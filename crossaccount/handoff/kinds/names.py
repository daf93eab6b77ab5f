"""The names of the kinds and shells: what the command line offers, without importing what writes them."""

from __future__ import annotations

from enum import StrEnum


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


class Shell(StrEnum):
    """The shells that a script can be written for; sh is for bash, zsh and dash as well."""

    sh = "sh"
    fish = "fish"
    powershell = "powershell"
    cmd = "cmd"
