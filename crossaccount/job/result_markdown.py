"""The result of a preview or a drift run as Markdown for a pull request. A preview shows access, then manual changes
that the update removes, then resources.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from crossaccount.access.diff import markdown
from crossaccount.access.diff.markdown import change_lines, reach_lines
from crossaccount.engine.work import QUIET, Outcome
from crossaccount.iam.names import display
from crossaccount.job.afterwards.drift import drift_of
from crossaccount.job.review.resources import planned, planned_lines
from crossaccount.job.review.review import Review, Shown, removal_lines, removal_words, shown_by
from crossaccount.job.running.result import JobResult
from crossaccount.markdown import code, fence, table, text

MOST_LINES = 200
"""The most lines about resources; the size of a comment is limited."""
LONGEST = 2_000
"""Characters of a line in a fence."""
MOST_CHARACTERS = 60_000
"""GitHub takes 65,536 in a comment."""
NEEDED = {
    "broadening": "It broadens access: `up --approve broadening`, or approve it at the terminal.",
    "replacement": "It replaces users or roles: `up --approve replacement`, or approve it at the terminal.",
    "credentials": "It gives new credentials: `up --approve credentials`, or approve it at the terminal.",
}


def preview_markdown(result: JobResult) -> str:
    """The whole preview, with a final line break. What does not fit into a comment is cut at the end."""
    access = [] if result.review is None else [*_access(result.review), ""]
    kept = [*access, *_stacks(result)]
    resources = list(_resources(result))
    if _length([*kept, *resources]) <= MOST_CHARACTERS:
        kept += ["", *resources]
    elif resources:
        kept += ["", "The resources are too many for a comment: see the job's own output."]
    while _length(kept) > MOST_CHARACTERS:
        kept.pop()
    if sum(line.count("```") for line in kept) % 2:
        kept.append("```")
    return "\n".join(kept).rstrip() + "\n"


def _access(review: Review) -> Iterator[str]:
    shown = shown_by(review)
    yield markdown(review.access, shown).rstrip()
    yield from (f"\n> [!IMPORTANT]\n> {NEEDED[need]}" for need in review.needs)
    yield f"\nDigest of this review: `{review.digest}`. `up --reviewed DIGEST` applies this and nothing else."
    if review.proof and review.proof.weakened:
        yield f"\n### Proof weakened since {code(review.proof.base)}\n"
        yield from (f"- {code(each.where)}: {text(each.what)}" for each in review.proof.weakened)
    elif review.proof:
        yield from (f"\n{text(line[:1].upper() + line[1:])}." for line in review.proof.lines())
    if review.warnings or review.refused:
        yield ""
        yield from (f"- warning: {text(each)}" for each in review.warnings)
        yield from (f"- **{text(stack)}** is left alone: {text(why)}" for stack, why in review.refused.items())
    if review.replaced:
        yield "\n### Replaced\n"
        yield from (
            f"- {code(shown(each.where))} {text(each.message)} ({each.code}); {text(each.fix)}"
            for each in review.replaced
        )
    if review.removals:
        yield "\n### Manual changes by others that this update removes\n"
        yield from fence(_removals(review, shown), longest=LONGEST)


MOST_OF_REMOVALS = 12_000
"""Characters about what others made: with all documents, else without, else each sentence once."""


def _removals(review: Review, shown: Shown) -> list[str]:
    """What goes. Where it is too much for a comment, the documents are left out; then what is alike is one line."""
    whole = [line for each in review.removals for line in removal_lines(each, shown)]
    if _length(whole) <= MOST_OF_REMOVALS:
        return whole
    heads = [next(removal_lines(each, shown)) for each in review.removals]
    if _length(heads) <= MOST_OF_REMOVALS:
        return heads
    words = Counter(removal_words(each, "…") for each in review.removals)
    return [f"! {count} times: {each}" for each, count in words.items()]


def _stacks(result: JobResult) -> Iterator[str]:
    """One row for each stack that changes or fails; the others are counted."""
    shown_outcomes = {name: outcome for name, outcome in result.outcomes.items() if outcome.status != "unchanged"}
    yield "### Stacks"
    yield ""
    if shown_outcomes:
        yield from table(("stack", "", "resources"), (_row(name, outcome) for name, outcome in shown_outcomes.items()))
    if same := len(result.outcomes) - len(shown_outcomes):
        yield from [""] if shown_outcomes else []
        yield f"{same} unchanged."


def _row(name: str, outcome: Outcome) -> tuple[str, str, str]:
    counts = ", ".join(f"{count} {op}" for op, count in outcome.counts.items() if op not in QUIET)
    words = f"{outcome.status}: {outcome.error}" if outcome.error else outcome.status
    return text(name), text(words), text(counts)


def _resources(result: JobResult) -> Iterator[str]:
    found = [each for outcome in result.outcomes.values() for each in planned(outcome)]
    lines = [f"{each.stack}: {line}" for each in found for line in planned_lines(each)]
    if lines:
        yield "<details><summary>Resources</summary>\n"
        yield from fence(lines[:MOST_LINES], longest=LONGEST)
        if len(lines) > MOST_LINES:
            yield f"\n… and {len(lines) - MOST_LINES} lines more."
        yield "\n</details>"


def _length(lines: list[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


LONGEST_DRIFT_VALUE = 300
"""Characters of a value that are shown."""


def drift_markdown(result: JobResult) -> str:
    """The whole report, with a final line break."""
    found = [drift for drift in map(drift_of, result.outcomes.values()) if drift]
    failed = [outcome for outcome in result.outcomes.values() if not outcome.done]
    in_access = bool(result.drift and result.drift.found)
    lines = [f"## Drift: {_headline(len(found), len(failed), len(result.outcomes), in_access)}", ""]
    for outcome in failed:
        lines += [f"- **{text(outcome.stack)}** could not be checked: {text(outcome.error)}"]
    lines += [""] if failed else []
    for drift in found:
        rows = [row for resource in drift.resources for row in _rows(resource)]
        lines += [f"### {text(drift.stack)}", "", *table(("resource", "property", "deployed", "in AWS"), rows), ""]
    if result.drift is not None and result.drift.access.changes:
        shown = partial(display, accounts=result.drift.names)
        body, rest = change_lines(result.drift.access.changes, shown)
        lines += [f"### Access: {result.drift.access.verdict}", "", *fence(body, "diff"), ""]
        lines += [f"… and {rest}.", ""] if rest else []
        if reach := result.drift.access.reach:
            lines += ["Through other roles:", "", *fence(reach_lines(reach, shown), "diff"), ""]
    if result.drift is not None and result.drift.control:
        lines += ["### Control policies", "", *(f"- {text(each)}" for each in result.drift.control), ""]
    if result.status == "drifted":
        lines += ["`crossaccount up` restores what was deployed. First find out who changed it, and why.", ""]
    return "\n".join(lines)


def _headline(drifted: int, failed: int, total: int, in_access: bool) -> str:
    extent = f"{drifted} of {total} stacks" if drifted else "in access" if in_access else "none"
    return f"{extent}, {failed} not checked" if failed else extent


def _rows(resource: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    name = code(resource["name"])
    if resource["op"] == "delete":
        yield name, "", "there", "**gone**"
    for key, values in resource.get("properties", {}).items():
        yield name, text(key), _value(values["deployed"]), _value(values["live"])


def _value(value: Any) -> str:
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return code(words if len(words) <= LONGEST_DRIFT_VALUE else words[:LONGEST_DRIFT_VALUE] + "…")
