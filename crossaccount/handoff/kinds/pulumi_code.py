"""``pulumi``: a provider for each entry, in Python. It hands no MFA on: start in a session that has it."""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.handoff.entry import Entry, HandedOut
from crossaccount.handoff.kinds.python_text import literal
from crossaccount.handoff.words import SESSION_WITH_MFA, not_handed_out, notes
from crossaccount.iam.durations import duration_text


def able(entry: Entry) -> Entry | str:
    """Every entry."""
    return entry


def text(handed: HandedOut) -> str:
    """The code."""
    blocks = ["\n".join(_lines(entry)) + "\n" for entry in handed.entries]
    left = "".join(f"# {line}\n" for line in not_handed_out(handed))
    return "\n".join(filter(None, ["import pulumi_aws as aws\n" if blocks else "", *blocks, left]))


def _lines(entry: Entry) -> Iterator[str]:
    asking = entry.asking
    yield from (f"# {note}" for note in notes(entry, SESSION_WITH_MFA if asking.mfa else ""))
    yield f"{entry.identifier} = aws.Provider("
    yield f"    {literal(entry.name)},"
    if entry.region:
        yield f"    region={literal(entry.region)},"
    yield "    assume_roles=["
    yield "        aws.ProviderAssumeRoleArgs("
    yield f"            role_arn={literal(entry.role)},"
    yield f"            session_name={literal(asking.session_name)},"
    if asking.external_id:
        yield f"            external_id={literal(asking.external_id)},"
    if asking.source_identity:
        yield f"            source_identity={literal(asking.source_identity)},"
    if asking.duration:
        yield f"            duration={literal(duration_text(asking.duration))},"
    if asking.tags:
        yield f"            tags={literal(dict(asking.tags))},"
    yield "        )"
    yield "    ],"
    yield ")"
