"""Drift as Markdown, for an issue: what differs, stack by stack, and what stacks could not be looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from crossaccount.access.diff.markdown import SIGNS, line, told_and_rest
from crossaccount.iam.names import display
from crossaccount.job.drifting.drift import drift_of
from crossaccount.markdown import code, fence, table, text

if TYPE_CHECKING:
    from crossaccount.job.stacks import JobResult

LONGEST = 300
"""Characters of a value that are shown."""


def drift_markdown(result: JobResult) -> str:
    """The whole report; it ends with a line break."""
    found = [drift for drift in map(drift_of, result.outcomes.values()) if drift]
    failed = [outcome for outcome in result.outcomes.values() if not outcome.done]
    in_access = bool(result.drift and result.drift.access.changes)
    lines = [f"## Drift: {_headline(len(found), len(failed), len(result.outcomes), in_access)}", ""]
    for outcome in failed:
        lines += [f"- **{text(outcome.stack)}** could not be looked at: {text(outcome.error)}"]
    lines += [""] if failed else []
    for drift in found:
        rows = [row for resource in drift.resources for row in _rows(resource)]
        lines += [f"### {text(drift.stack)}", "", *table(("resource", "property", "deployed", "in AWS"), rows), ""]
    if result.drift is not None and result.drift.access.changes:
        told, rest = told_and_rest(result.drift.access.changes)
        shown = partial(display, accounts=result.drift.names)
        body = [f"{SIGNS[change.direction]} {line(change, shown)}" for change in told]
        lines += [f"### Access: {result.drift.access.verdict}", "", *fence(body, "diff"), ""]
        lines += [f"… and {rest}.", ""] if rest else []
    if result.status == "drifted":
        lines += ["`crossaccount up` brings back what was deployed; see first who changed it, and why.", ""]
    return "\n".join(lines)


def _headline(drifted: int, failed: int, total: int, in_access: bool) -> str:
    told = f"{drifted} of {total} stacks" if drifted else "in access" if in_access else "none"
    return f"{told}, {failed} not looked at" if failed else told


def _rows(resource: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    name = code(resource["name"])
    if resource["op"] == "delete":
        yield name, "", "there", "**gone**"
    for key, values in resource.get("properties", {}).items():
        yield name, text(key), _value(values["deployed"]), _value(values["live"])


def _value(value: Any) -> str:
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return code(said if len(said) <= LONGEST else said[:LONGEST] + "…")
