"""``terraform``: a provider for each entry, formatted as ``terraform fmt`` would. It hands no MFA on.

Source: https://registry.terraform.io/providers/hashicorp/aws/latest/docs ("Assuming an IAM Role") and
https://developer.hashicorp.com/terraform/language/expressions/strings (what a quoted string escapes)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crossaccount.handoff.entry import Entry, HandedOut
from crossaccount.handoff.words import SESSION_WITH_MFA, not_handed_out, notes
from crossaccount.iam.durations import duration_text

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def able(entry: Entry) -> Entry | str:
    """Every entry."""
    return entry


def text(handed: HandedOut) -> str:
    """The blocks."""
    blocks = ["\n".join(_lines(entry)) + "\n" for entry in handed.entries]
    left = "".join(f"# {line}\n" for line in not_handed_out(handed))
    return "\n".join(filter(None, [*blocks, left]))


def quoted(value: str) -> str:
    """A string of HCL in which nothing is a template."""
    escaped = "".join(_ESCAPES.get(each, each if each.isprintable() else _escape(each)) for each in value)
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def _escape(character: str) -> str:
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"


def _lines(entry: Entry) -> Iterator[str]:
    asking = entry.asking
    yield from (f"# {note}" for note in notes(entry, SESSION_WITH_MFA if asking.mfa else ""))
    yield 'provider "aws" {'
    outer = [("alias", quoted(entry.identifier))] + ([("region", quoted(entry.region))] if entry.region else [])
    yield from _aligned(outer, "  ")
    yield ""
    yield "  assume_role {"
    yield from _aligned(_arguments(entry), "    ")
    if asking.tags:
        yield ""
        yield "    tags = {"
        yield from _aligned([(quoted(key), quoted(value)) for key, value in asking.tags.items()], "      ")
        yield "    }"
    yield "  }"
    yield "}"


def _arguments(entry: Entry) -> list[tuple[str, str]]:
    asking = entry.asking
    found = {
        "role_arn": entry.role,
        "session_name": asking.session_name,
        "external_id": asking.external_id,
        "source_identity": asking.source_identity,
        "duration": duration_text(asking.duration) if asking.duration else "",
    }
    return [(key, quoted(value)) for key, value in found.items() if value]


def _aligned(pairs: Sequence[tuple[str, str]], indent: str) -> Iterator[str]:
    width = max(len(key) for key, _ in pairs)
    yield from (f"{indent}{key:<{width}} = {value}" for key, value in pairs)
