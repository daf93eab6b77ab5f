"""The JSON schema of a stack's file, for editors: a copy in a project, since the program is installed elsewhere."""

from __future__ import annotations

from importlib import resources

SCHEMA = "crossaccount.schema.json"
"""The name of the copy."""
SCHEMA_LINE = "# yaml-language-server: $schema="


def schema_line(path: str) -> str:
    """The first line of a stack's file: editors complete and check what follows.

    Source: https://github.com/redhat-developer/yaml-language-server#using-inlined-schema
    """
    return f"{SCHEMA_LINE}{path}\n"


def schema_text() -> str:
    """The JSON schema of a stack's file, of this version."""
    return resources.files("crossaccount.settings").joinpath("schema.json").read_text(encoding="utf-8")
