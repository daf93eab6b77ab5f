"""The decisions of the owners of paths: the report's CSV with its last columns filled in.

A decision is about a path with its conditions. If the conditions have changed, it is due again. A spreadsheet may
have reordered rows and columns; only those that name the path, its conditions and the decision are read.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from crossaccount.iam.problem import Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import MAX_YAML, read_text

KEYS = ("principal", "role", "conditions")
FILLED_IN = ("owner", "decision", "note")
"""The columns that people fill in."""
THROUGH = "through"
"""The column of the roles between the two ends of a way; it is empty for a path."""
Pair = tuple[str, str]


@dataclass(frozen=True)
class Decision:
    """An owner's decision about a path. ``conditions`` are those of the path at that time."""

    conditions: str
    owner: str
    decision: str
    note: str


@dataclass(frozen=True)
class Reviewed:
    """Decisions compared with paths: how many are decided, open, due again, and about paths that no longer exist."""

    decided: int
    open: int
    changed: int
    gone: int

    def to_json(self) -> dict[str, int]:
        """The member ``decisions`` of the command's JSON."""
        return {"decided": self.decided, "open": self.open, "changed": self.changed, "gone": self.gone}


def read_decisions(file: Path) -> dict[Pair, Decision]:
    """The rows of a CSV by principal and role.

    Raises:
        SettingsError: it cannot be read, lacks a column, or names a path twice.
    """
    where = str(file)
    rows = csv.DictReader(StringIO(read_text(file, where, MAX_YAML).removeprefix("\ufeff")))
    columns = list(rows.fieldnames or ())
    if missing := [name for name in (*KEYS, *FILLED_IN) if name not in columns]:
        what = f"has no column {', '.join(missing)}"
        raise SettingsError(
            [Problem(where, what, columns, "give the file that --csv wrote, with its columns filled in")]
        )
    found: dict[Pair, Decision] = {}
    problems = []
    for number, row in enumerate(rows, start=2):
        cells = {name: _text(row.get(name)) for name in (*KEYS, *FILLED_IN)}
        pair = cells["principal"], cells["role"]
        decided = any(cells[name] for name in FILLED_IN)
        if _text(row.get(THROUGH)):
            if decided:
                what = "a decision is about a path of one call, and this row is a way through other roles"
                problems.append(Problem(f"{where}:{number}", what, list(pair), "decide the paths that it consists of"))
        elif pair in found:
            problems.append(Problem(f"{where}:{number}", "the path is in the file twice", list(pair), "keep one row"))
        elif decided:
            found[pair] = Decision(cells["conditions"], cells["owner"], cells["decision"], cells["note"])
    if problems:
        raise SettingsError(problems)
    return found


def review(decisions: Mapping[Pair, Decision], paths: Iterable[tuple[Pair, str]]) -> Reviewed:
    """The decisions compared with the paths of a report, each with its conditions in words."""
    decided = changed = unanswered = 0
    left = dict(decisions)
    for pair, conditions in paths:
        found = left.pop(pair, None)
        if found is None or not found.decision:
            unanswered += 1
        elif found.conditions != conditions:
            changed += 1
        else:
            decided += 1
    return Reviewed(decided, unanswered, changed, len(left))


def cells_of(found: Decision | None, conditions: str) -> tuple[str, str, str]:
    """Owner, decision and note of a path. A decision about other conditions is a note: it is due again."""
    if found is None:
        return "", "", ""
    if found.conditions == conditions:
        return found.owner, found.decision, found.note
    was = f"was {found.decision!r} when it had the conditions: {found.conditions}" if found.decision else ""
    return found.owner, "", "; ".join(filter(None, (was, found.note)))


def _text(cell: str | None) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from computing it."""
    text = (cell or "").strip()
    return text[1:] if text[:1] == "'" and text[1:].lstrip()[:1] in "=+-@\t" else text
