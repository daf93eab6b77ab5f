"""A diff as Markdown, fit for a pull request: the verdict, and a line for each change."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from crossaccount.access.alternatives import ALWAYS, Alternatives
from crossaccount.access.alternatives.words import in_words
from crossaccount.access.diff.change import AccessDiff, Change

Shown = Callable[[str], str]
"""How an ARN is shown to people."""

MOST_LINES = 100
SIGNS = {"broadening": "+", "narrowing": "-"}
_VERDICTS = {
    "broadening": "**broadening**: somebody can do more than before",
    "narrowing": "**narrowing**: somebody can do less than before, nobody more",
    "mixed": "**mixed**: some can do more than before, some less",
    "neutral": "**neutral**: nobody's access changes",
}
_MOST_LISTED = 5


def markdown(found: AccessDiff, shown: Shown = str) -> str:
    """The whole diff. A comment on a pull request has its limits: after a hundred lines the rest is counted."""
    lines = ["### Access", "", f"This change is {_VERDICTS[found.verdict]}."]
    if found.changes:
        body = [f"{SIGNS[change.direction]} {line(change, shown)}" for change in found.changes]
        lines += ["", "```diff", *map(_plain, body[:MOST_LINES]), "```"]
        if len(body) > MOST_LINES:
            lines += ["", f"… and {len(body) - MOST_LINES} more."]
    return "\n".join(lines) + "\n"


def line(change: Change, shown: Shown = str) -> str:
    """One change in a line: ``auth/user/Bo → workload/role/Deployer, broadening: with MFA; granted by …``."""
    return f"{subject(change, shown)}, {change.direction}{_detail(change)}"


def subject(change: Change, shown: Shown = str) -> str:
    """Who, and what they may do or no longer do."""
    if change.is_path:
        return f"{shown(change.principal or '')} → {shown(change.role or '')}"
    ends = " → ".join(shown(end) for end in (change.principal, change.role) if end)
    level = f" ({change.access_level})" if change.access_level else ""
    what = _some(change.actions)
    if change.principal is not None and change.role is not None:
        return f"{ends}: {what}{level}"
    return f"{ends}: {what} on {_some(shown(each) for each in change.resources)}{level}"


def conditions(change: Change) -> str:
    """The conditions of a change, where it has any: of a path as it is now, or was last."""
    if change.kind in ("path-loosened", "path-tightened"):
        return f"{_words(change.before)} → {_words(change.after)}"
    alternatives = change.after if change.after is not None else change.before
    return "" if alternatives in (None, ALWAYS) else _words(alternatives)


def _detail(change: Change) -> str:
    said = [part for part in (conditions(change), change.why) if part]
    return f": {'; '.join(dict.fromkeys(said))}" if said else ""


def _words(alternatives: Alternatives | None) -> str:
    return "" if alternatives is None else in_words(alternatives)


def _some(items: Iterable[str]) -> str:
    listed = list(items)
    more = f" and {len(listed) - _MOST_LISTED} more" if len(listed) > _MOST_LISTED else ""
    return ", ".join(listed[:_MOST_LISTED]) + more


def _plain(text: str) -> str:
    """On one line, and unable to end the code block."""
    return " ".join(text.split()).replace("```", "'''")
