"""Drift as Markdown, for an issue: what differs, stack by stack, and what stacks could not be looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from crossaccount.access.diff.markdown import SIGNS, line, plain, told_and_rest
from crossaccount.iam.names import display
from crossaccount.job.drifting.drift import drift_of

if TYPE_CHECKING:
    from crossaccount.job.fleet import JobResult

LONGEST = 300
"""Characters of a value that are shown."""


def drift_markdown(result: JobResult) -> str:
    """The whole report; it ends with a line break."""
    found = [drift for drift in map(drift_of, result.outcomes.values()) if drift]
    failed = [outcome for outcome in result.outcomes.values() if not outcome.done]
    in_access = bool(result.drift and result.drift.access.changes)
    lines = [f"## Drift: {_headline(len(found), len(failed), len(result.outcomes), in_access)}", ""]
    for outcome in failed:
        lines += [f"- **{outcome.stack}** could not be looked at: {_cell(outcome.error)}"]
    lines += [""] if failed else []
    for drift in found:
        lines += [f"### {drift.stack}", "", "| resource | property | deployed | in AWS |", "| --- | --- | --- | --- |"]
        lines += [row for resource in drift.resources for row in _rows(resource)]
        lines.append("")
    if result.drift is not None and result.drift.access.changes:
        told, rest = told_and_rest(result.drift.access.changes)
        shown = partial(display, accounts=result.drift.names)
        body = [f"{SIGNS[change.direction]} {plain(line(change, shown))}" for change in told]
        lines += [f"### Access: {result.drift.access.verdict}", "", "```diff", *body, "```", ""]
        lines += [f"… and {rest}.", ""] if rest else []
    if result.status == "drifted":
        lines += ["`crossaccount up` brings back what was deployed; see first who changed it, and why.", ""]
    return "\n".join(lines)


def _headline(drifted: int, failed: int, total: int, in_access: bool) -> str:
    told = f"{drifted} of {total} stacks" if drifted else "in access" if in_access else "none"
    return f"{told}, {failed} not looked at" if failed else told


def _rows(resource: Mapping[str, Any]) -> Iterator[str]:
    name = f"`{resource['name']}`"
    if resource["op"] == "delete":
        yield f"| {name} | | there | **gone** |"
    for key, values in resource.get("properties", {}).items():
        yield f"| {name} | {key} | {_value(values['deployed'])} | {_value(values['live'])} |"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    short = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return f"`{_cell(short)}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("`", "'")
