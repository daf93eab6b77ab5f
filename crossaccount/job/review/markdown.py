"""A preview as Markdown, fit for a pull request: access first, then what goes that others made, then resources."""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.access.diff import markdown
from crossaccount.job.result import JobResult
from crossaccount.job.review.resources import planned, planned_lines
from crossaccount.job.review.review import Review
from crossaccount.job.review.text import removal_lines, shown_by

MOST_LINES = 200
"""Of resources: a comment on a pull request has its limits."""
NEEDED = {
    "broadening": "It broadens access: `up --approve broadening`, or a yes of its own at the terminal.",
    "replacement": "It replaces users or roles: `up --approve replacement`, or a yes of its own at the terminal.",
}


def preview_markdown(result: JobResult) -> str:
    """The whole preview; it ends with a line break."""
    lines: list[str] = []
    if result.review is not None:
        lines += [*_access(result.review), ""]
    lines += [*_stacks(result), "", *_resources(result)]
    return "\n".join(lines).rstrip() + "\n"


def _access(review: Review) -> Iterator[str]:
    shown = shown_by(review)
    yield markdown(review.access, shown).rstrip()
    yield from (f"\n> [!IMPORTANT]\n> {NEEDED[need]}" for need in review.needs)
    if review.warnings or review.refused:
        yield ""
        yield from (f"- warning: {_cell(each)}" for each in review.warnings)
        yield from (f"- **{stack}** is left alone: {_cell(why)}" for stack, why in review.refused.items())
    if review.replaced:
        yield "\n### Replaced\n"
        yield from (
            f"- `{shown(each.where)}` {_cell(each.message)} ({each.code}); {each.fix}" for each in review.replaced
        )
    if review.removals:
        yield "\n### What others made by hand and this takes away\n\n```"
        yield from (_plain(text) for each in review.removals for text in removal_lines(each, shown))
        yield "```"


def _stacks(result: JobResult) -> Iterator[str]:
    yield "### Stacks\n\n| stack | | resources |\n| --- | --- | --- |"
    for name, outcome in result.outcomes.items():
        counts = ", ".join(f"{count} {op}" for op, count in outcome.counts.items())
        said = f"{outcome.status}: {outcome.error}" if outcome.error else outcome.status
        yield f"| {name} | {_cell(said)} | {counts} |"


def _resources(result: JobResult) -> Iterator[str]:
    found = [each for outcome in result.outcomes.values() for each in planned(outcome)]
    lines = [f"{each.stack}: {text}" for each in found for text in planned_lines(each)]
    if lines:
        yield "<details><summary>Resources</summary>\n\n```"
        yield from (_plain(text) for text in lines[:MOST_LINES])
        yield "```"
        if len(lines) > MOST_LINES:
            yield f"\n… and {len(lines) - MOST_LINES} lines more."
        yield "\n</details>"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _plain(text: str) -> str:
    """Unable to end the code block."""
    return text.replace("\n", " ").replace("```", "'''")
