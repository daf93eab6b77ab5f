"""What a job came to, for people: what failed first, with what to do; then what was skipped and whose fault it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from crossaccount.job import events

NAMES_SHOWN = 4
"""How many stacks are named where many are concerned."""

Line = tuple[str, str]
"""A Rich style, empty for none, and a text."""

VERBS = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}
PLANNED = {"create": "to create", "update": "to update", "delete": "to delete", "replace": "to replace"}


@dataclass
class Tally:
    """Collects the events of one job. What many stacks say in the same words is kept once."""

    finished: dict[str, events.StackFinished] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    said: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    """By severity and text: the stacks that say it, in their order."""

    def add(self, event: events.Event) -> bool:
        """Take an event; whether it says anything that was not said before."""
        match event:
            case events.StackFinished():
                self.finished[event.stack] = event
            case events.StackSkipped():
                self.skipped[event.stack] = event.because
            case events.Message():
                stacks = self.said.setdefault((event.severity, self._in_common(event)), {})
                new = not stacks
                stacks[event.stack] = None
                return new
        return True

    def lines(self, end: events.JobFinished) -> Iterator[Line]:
        """The summary."""
        yield from self._failures()
        yield from self._blame()
        for (severity, text), stacks in self.said.items():
            if severity == "warning" and len(stacks) > 1:
                yield "yellow", f"warning of {len(stacks)} stacks ({_some(stacks)}): {text}"
        came_to = "nothing was touched" if end.status == "refused" else self._counts(end)
        yield _style(end.status), f"{end.verb} {end.status}: {came_to}"

    def _failures(self) -> Iterator[Line]:
        for stack, event in self.finished.items():
            if event.status in ("failed", "interrupted"):
                yield "red", f"{stack}: {event.status}: {event.error}".rstrip(": ")
                if event.fix:
                    yield "", f"  {event.fix}"

    def _blame(self) -> Iterator[Line]:
        blamed: dict[str, list[str]] = {}
        for stack, because in self.skipped.items():
            blamed.setdefault(because, []).append(stack)
        for because, stacks in blamed.items():
            yield "yellow", f"skipped, because {because}: {_some(stacks)}"

    def _counts(self, end: events.JobFinished) -> str:
        statuses = Counter(end.stacks.values())
        stacks = ", ".join(f"{number} {status}" for status, number in sorted(statuses.items(), key=_worst_first))
        operations: Counter[str] = Counter()
        for event in self.finished.values():
            operations.update({op: count for op, count in event.changes.items() if op in VERBS})
        words = PLANNED if end.verb == "preview" else VERBS
        resources = ", ".join(f"{count} {words[op]}" for op, count in operations.items())
        changed = f"; resources: {resources}" if resources and end.verb in ("preview", "up", "destroy") else ""
        return f"{_number(len(end.stacks))}{f' ({stacks})' if stacks else ''}{changed}; {end.seconds:.1f} s"

    @staticmethod
    def _in_common(event: events.Message) -> str:
        """The text without the name of the stack's own file, which would make each of many the only one."""
        return event.text.replace(f"Pulumi.{event.stack}.yaml: ", "")


ORDER = ("failed", "interrupted", "skipped", "changed")


def _worst_first(item: tuple[str, int]) -> tuple[int, str]:
    status = item[0]
    return (ORDER.index(status) if status in ORDER else len(ORDER), status)


def _style(status: str) -> str:
    return "bold green" if status == "succeeded" else "bold red"


def _number(stacks: int) -> str:
    return "1 stack" if stacks == 1 else f"{stacks} stacks"


def _some(stacks: Collection[str]) -> str:
    """Some names, and how many more."""
    names = sorted(stacks)
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
