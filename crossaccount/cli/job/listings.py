"""What the job's verbs list, as records: for ``--format`` of ``status``, ``outputs``, ``drift`` and ``preview``.

Stdout has the list alone. All else that a job says (messages, failures, the summary) goes to stderr.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from crossaccount.access.diff import AccessDiff
from crossaccount.cli.diffs import changes_listing
from crossaccount.cli.job.lines import RESULTS, STATES
from crossaccount.cli.tables import Format, Output
from crossaccount.iam.names import display
from crossaccount.job import events
from crossaccount.job.afterwards.drift import AccessDrift
from crossaccount.job.review.resources import ResourcePlanned
from crossaccount.job.review.review import AccessReviewed, Review, review_notes, shown_by
from crossaccount.listing import Listing, Row

E = TypeVar("E", bound=events.Event)


class ListView:
    """Receives a verb's events. Its list is printed when the verb ends; ``say`` takes the other events at once."""

    def __init__(self, verb: str, out: Output, say: events.Emit, note: Callable[[str], None]) -> None:
        self._verb, self._out, self._say, self._note = verb, out, say, note
        self._found: list[events.Event] = []

    def __call__(self, event: events.Event) -> None:
        """Keep an event for the list, or say it."""
        if isinstance(event, _LISTED.get(self._verb, ())):
            self._found.append(event)
            if isinstance(event, AccessReviewed):
                for line in review_notes(event.review):
                    self._note(line)
            if isinstance(event, AccessDrift):
                for stack, why in event.unread.items():
                    self._note(f"{stack}: its account cannot be read: {why}; its access is not compared")
                for line in event.control:
                    self._note(line)
            return
        if isinstance(event, events.JobFinished) and event.verb == self._verb:
            self._out.show(*self._listings())
            self._found.clear()
        self._say(event)

    def _listings(self) -> Iterator[Listing]:
        if self._verb == "status":
            yield status_listing(self._of(events.StackStatus), accounts_apart=self._out.format is not Format.table)
        elif self._verb == "outputs":
            yield outputs_listing(self._of(events.StackOutputs))
        elif self._verb == "drift":
            yield drift_listing(self._of(events.Drift))
            for each in self._of(AccessDrift):
                yield self._changes(each.access, each.names)
        else:
            for reviewed in self._of(AccessReviewed):
                yield self._changes(reviewed.review.access, reviewed.review)
            yield planned_listing(self._of(ResourcePlanned))

    def _changes(self, access: AccessDiff, names: Mapping[str, str] | Review) -> Listing:
        shown = shown_by(names) if isinstance(names, Review) else partial(display, accounts=names)
        return changes_listing(access, shown, self._out)

    def _of(self, kind: type[E]) -> list[E]:
        return [each for each in self._found if isinstance(each, kind)]


_LISTED: Mapping[str, tuple[type[events.Event], ...]] = {
    "status": (events.StackStatus,),
    "outputs": (events.StackOutputs,),
    "drift": (events.Drift, AccessDrift),
    "preview": (AccessReviewed, ResourcePlanned),
}


def status_listing(found: Iterable[events.StackStatus], *, accounts_apart: bool = True) -> Listing:
    """A row for each stack. A terminal has no room for a column of accounts: they are below the stack's name."""

    def row(each: events.StackStatus) -> Row:
        ends = (each.stack, each.account_id) if accounts_apart else (f"{each.stack}\n{each.account_id}".strip(),)
        notes = (
            RESULTS.get(each.result, ""),
            f"held by {each.held_by}" if each.held_by else "",
            "access in the config has changed since" if each.access == "changed" else "",
            each.fix,
        )
        updated = f"{each.updated[:16].replace('T', ' ')} UTC" if each.updated else ""
        resources = "" if each.resources is None else str(each.resources)
        return (*ends, STATES.get(each.state, each.state), updated, resources, "\n".join(filter(None, notes)))

    ends = ("stack", "account") if accounts_apart else ("stack",)
    return Listing((*ends, "state", "last update", "resources", "notes"), map(row, found))


def outputs_listing(found: Iterable[events.StackOutputs]) -> Listing:
    """A row for each value of each output. The lines of ``access`` are values, by entity."""
    rows = ((each.stack, *row) for each in found for key, value in each.outputs.items() for row in _values(key, value))
    return Listing(("stack", "output", "name", "value"), rows)


def _values(key: str, value: object) -> Iterator[tuple[str, str, str]]:
    for path, leaf in _leaves(value):
        if key == "access" and leaf is True:
            yield key, path[0], path[-1]
        else:
            yield key, ".".join(path), leaf if isinstance(leaf, str) else json.dumps(leaf, ensure_ascii=False)


def _leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _leaves(each, (*path, str(key)))
    else:
        yield path, value


def drift_listing(found: Iterable[events.Drift]) -> Listing:
    """A row for each property that differs, and for each resource that is gone."""

    def rows() -> Iterator[Row]:
        for each in found:
            for resource in each.resources:
                if resource["op"] == "delete":
                    yield each.stack, resource["name"], "", "", "it is gone"
                for key, values in resource.get("properties", {}).items():
                    yield each.stack, resource["name"], key, _text(values["deployed"]), _text(values["live"])

    return Listing(("stack", "resource", "property", "deployed", "live"), rows())


def planned_listing(found: Iterable[ResourcePlanned]) -> Listing:
    """A row for each resource that would change."""
    rows = ((each.stack, each.op, each.type.rsplit(":", 1)[-1], each.name) for each in found)
    return Listing(("stack", "operation", "type", "resource"), rows)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
