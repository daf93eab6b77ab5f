"""A diff as Markdown for a pull request: the verdict, and one line for each change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from crossaccount.access.chains.way import alternatives_in_words
from crossaccount.access.diff.change import AccessDiff, Change, Reach
from crossaccount.access.diff.folding import folded
from crossaccount.access.diff.levels import RANK, by_level, by_power
from crossaccount.access.requirements import ALWAYS, Requirements
from crossaccount.access.requirements.words import in_words
from crossaccount.markdown import fence

Shown = Callable[[str], str]
"""Shows an ARN to people."""

MOST_LINES = 100
MOST_CHARACTERS, SHORTER = 30_000, 302
"""Characters of all lines in a comment, and of one line where they are more."""
SIGNS = {"broadening": "+", "narrowing": "-", "neutral": "!"}
"""The sign before a change. A neutral change is a credential of a user without roles."""
_VERDICTS = {
    "broadening": "**broadening**: somebody can do more than before",
    "narrowing": "**narrowing**: somebody can do less than before, nobody more",
    "mixed": "**mixed**: some can do more than before, some less",
    "neutral": "**neutral**: nobody's access changes",
}
_MOST_LISTED = 5


def markdown(found: AccessDiff, shown: Shown = str, unknown: Sequence[str] = ()) -> str:
    """The whole diff, and what is ``unknown`` of its sources.

    A comment on a pull request has its limits: what is alike is one line, and after a hundred lines the rest is
    counted. Nothing that broadens is among that rest.
    """
    lines = ["### Access", "", f"This change is {_VERDICTS[found.verdict]}."]
    lines += ["", "It gives new credentials."] if found.hands_out else []
    if found.changes:
        first, rest = change_lines(found.changes, shown)
        much = sum(map(len, first)) > MOST_CHARACTERS
        lines += ["", *fence(first, "diff", **({"longest": SHORTER} if much else {}))]
        lines += ["", f"… and {rest}."] if rest else []
    if found.reach:
        lines += ["", "Through other roles:", "", *fence(reach_lines(found.reach, shown), "diff")]
    if unknown:
        more = [f"… and {len(unknown) - MOST_UNKNOWN} more"] if len(unknown) > MOST_UNKNOWN else []
        lines += ["", "Not known before the update, and so not compared:", ""]
        lines += fence([*unknown[:MOST_UNKNOWN], *more], "text")
    return "\n".join(lines) + "\n"


MOST_UNKNOWN = 20
MOST_REACH_LINES = 20


def reach_lines(reach: Sequence[Reach], shown: Shown = str) -> list[str]:
    """What is opened and closed through other roles, a line each; what is opened first, the rest counted."""
    ordered = sorted(reach, key=lambda each: not each.opens)
    lines = [f"{'+' if each.opens else '-'} {reach_line(each, shown)}" for each in ordered[:MOST_REACH_LINES]]
    left = len(reach) - len(lines)
    return [*lines, f"… and {left} more"] if left else lines


def reach_line(each: Reach, shown: Shown = str) -> str:
    """``kim → tooling → ProdAdmin: always``."""
    alternatives = each.after if each.after is not None else each.before or ()
    words = alternatives_in_words(alternatives)
    return f"{' → '.join(map(shown, (each.principal, *each.via, each.role)))}: {words}"


def change_lines(changes: Sequence[Change], shown: Shown = str, most: int = MOST_LINES) -> tuple[list[str], str]:
    """A line for each change or for several that are alike, and in words how many more there are.

    Nothing that broadens is among those that are only counted.
    """
    groups, rest = folded(changes, most)
    lines = [f"{SIGNS[each.first.direction]} {line(each.first, shown, each.rest(shown))}" for each in groups]
    return lines, rest


def line(change: Change, shown: Shown = str, rest: str = "") -> str:
    """One change in a line: ``auth/user/Bo → workload/role/Deployer, broadening: with MFA; granted by …``.

    ``rest`` says which others the line stands for.
    """
    direction = "assumes nothing" if change.direction == "neutral" else change.direction
    return f"{subject(change, shown)}{rest}, {direction}{_detail(change)}"


def subject(change: Change, shown: Shown = str) -> str:
    """The principal, and the access that it gains or loses."""
    if change.is_path:
        return f"{shown(change.principal or '')} → {shown(change.role or '')}"
    if change.credential:
        return f"{shown(change.principal or '')}: {change.credential} {change.kind.rpartition('-')[2]}"
    ends = " → ".join(shown(end) for end in (change.principal, change.role) if end)
    if change.whole:
        return f"{ends}: {change.whole} on {_some(shown(each) for each in change.resources)}"
    level = f" ({levels})" if (levels := _levels(change)) else ""
    what = _some(by_power(change.actions) if len(change.actions) > _MOST_LISTED else change.actions)
    if change.principal is not None and change.role is not None:
        return f"{ends}: {what}{level}"
    return f"{ends}: {what} on {_some(shown(each) for each in change.resources)}{level}"


def conditions(change: Change) -> str:
    """The conditions of a change, if it has any; of a path its present or last ones."""
    if change.kind in ("path-loosened", "path-tightened"):
        return f"{_words(change.before)} → {_words(change.after)}"
    alternatives = change.after if change.after is not None else change.before
    return "" if alternatives in (None, ALWAYS) else _words(alternatives)


def _detail(change: Change) -> str:
    parts = [part for part in (conditions(change), change.why) if part]
    return f": {'; '.join(dict.fromkeys(parts))}" if parts else ""


def _words(alternatives: Requirements | None) -> str:
    return "" if alternatives is None else in_words(alternatives)


def _some(items: Iterable[str]) -> str:
    listed = list(items)
    more = f" and {len(listed) - _MOST_LISTED} more" if len(listed) > _MOST_LISTED else ""
    return ", ".join(listed[:_MOST_LISTED]) + more


def _levels(change: Change) -> str:
    """The access levels of the actions: the level of all, or the number at each level, the highest first.

    For ``*`` only the highest level.
    """
    if change.access_level is None or "*" in change.actions:
        return change.access_level or ""
    found = by_level(change.actions)
    if len(found) <= 1:
        return change.access_level
    listed = [f"{found[level]} {level}" for level in reversed(RANK) if level in found]
    return ", ".join([*listed, *([f"{found[None]} unknown"] if None in found else [])])
