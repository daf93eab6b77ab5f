"""Drift: what AWS has that a stack did not deploy, resource by resource, as the engine's refresh finds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crossaccount.engine.work import Change, Outcome
from crossaccount.job import events
from crossaccount.job.states.standing import masked

DRIFTED = ("update", "delete")


def drift_of(outcome: Outcome) -> events.Drift | None:
    """What a refresh that changed nothing found; nothing where all is as it was deployed."""
    found = tuple(_entry(each) for each in _drifted(outcome.changes))
    return events.Drift(stack=outcome.stack, resources=found) if found else None


def _drifted(changes: Iterable[Change]) -> Iterable[Change]:
    return (each for each in changes if each.op in DRIFTED and not each.type.startswith("pulumi:"))


def _entry(change: Change) -> Mapping[str, Any]:
    entry: dict[str, Any] = {"op": change.op, "type": change.type, "name": change.name}
    if change.op == "update" and change.before and change.after:
        before, after = change.before.outputs, change.after.outputs
        entry["properties"] = {
            name: {"deployed": masked(before.get(name)), "live": masked(after.get(name))} for name in change.properties
        }
    return entry
