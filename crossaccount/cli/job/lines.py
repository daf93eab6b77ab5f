"""The events of a job as lines for people: each event, and the summary at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from crossaccount.access.diff.markdown import SIGNS
from crossaccount.access.diff.markdown import line as change_line
from crossaccount.iam.names import counted, display
from crossaccount.job import events
from crossaccount.job.afterwards.drift import AccessDrift
from crossaccount.job.afterwards.verify import ClosureChecked, TestTried
from crossaccount.job.review.approval import Approved
from crossaccount.job.review.resources import ResourcePlanned, planned_lines
from crossaccount.job.review.review import AccessReviewed, review_lines
from crossaccount.settings.yaml_writing import block_text

NAMES_SHOWN = 4
"""The most stacks that a line names."""

Line = tuple[str, str]
"""A Rich style, empty for none, and a text."""

VERBS = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}
PLANNED = {"create": "to create", "update": "to update", "delete": "to delete", "replace": "to replace"}


@dataclass
class Summary:
    """Collects the events of one job. Equal messages of several stacks are kept once."""

    finished: dict[tuple[str, str], events.StackFinished] = field(default_factory=dict)
    """By stack and step: a stack may be updated in two steps, and both count."""
    skipped: dict[str, str] = field(default_factory=dict)
    messages: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    """By severity and text: the stacks with that message, in their order."""

    def add(self, event: events.Event) -> bool:
        """Add an event. Returns whether it has something new."""
        match event:
            case events.StackFinished():
                self.finished[event.stack, event.step] = event
            case events.StackSkipped():
                self.skipped[event.stack] = event.because
            case events.Message():
                stacks = self.messages.setdefault((event.severity, self._in_common(event)), {})
                new = not stacks
                stacks[event.stack] = None
                return new
        return True

    def lines(self, end: events.JobFinished) -> Iterator[Line]:
        """The summary."""
        yield from self._failures()
        yield from self._blame()
        for (severity, text), stacks in self.messages.items():
            if severity == "warning" and len(stacks) > 1:
                yield "yellow", f"warning of {len(stacks)} stacks ({_some(stacks)}): {text}"
        came_to = "nothing was touched" if end.status == "refused" else self._counts(end)
        yield _style(end.status), f"{end.verb} {end.status}: {came_to}"

    def _failures(self) -> Iterator[Line]:
        for (stack, _), event in self.finished.items():
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
        return f"{counted(len(end.stacks), 'stack')}{f' ({stacks})' if stacks else ''}{changed}; {end.seconds:.1f} s"

    @staticmethod
    def _in_common(event: events.Message) -> str:
        """The text without the name of the stack's own file, so that equal messages of several stacks match."""
        return event.text.replace(f"Pulumi.{event.stack}.yaml: ", "")


ORDER = ("failed", "interrupted", "skipped", "changed")


def _worst_first(item: tuple[str, int]) -> tuple[int, str]:
    status = item[0]
    return (ORDER.index(status) if status in ORDER else len(ORDER), status)


def _style(status: str) -> str:
    return "bold green" if status == "succeeded" else "bold red"


def _some(stacks: Collection[str]) -> str:
    """Some names, and how many more."""
    names = sorted(stacks)
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


SIGN_STYLES = {"+": "red", "-": "green", "±": "yellow", "!": "bold red"}
STYLES = {"failed": "red", "interrupted": "red", "changed": "green", "drifted": "yellow"}


def event_lines(event: events.Event) -> Iterator[Line]:
    """The lines of an event for people; most events have none."""
    match event:
        case events.JobStarted(engine="in-process"):
            yield (
                "yellow",
                "a rehearsal without the pulumi CLI: everything is created in this process, and nothing is kept",
            )
        case events.Resource(stack=stack, op=op, name=name, state=state):
            yield "", f"{stack}: {op} {name}" + {"done": "", "found": ", found in AWS"}.get(state, f" {state}")
        case events.Message(stack=stack, severity=severity, text=text) if severity != "error":
            # An error is shown when its stack ends, with the fix.
            yield "yellow" if severity == "warning" else "", f"{stack}: {severity}: {text}"
        case events.Retrying(stack=stack, seconds=seconds, because=because):
            yield "yellow", f"{stack}: tried again in {seconds:.0f} s: {because}"
        case events.Stopping(text=text):
            yield "bold yellow", text
        case events.StackSkipped(stack=stack, because=because):
            yield "yellow", f"{stack}: skipped: {because}"
        case events.StackFinished():
            yield STYLES.get(event.status, ""), _finished(event)
        case events.StackStatus():
            yield "", _status(event)
        case events.StackOutputs(stack=stack, outputs=outputs):
            yield "bold", f"{stack}:" + ("" if outputs or event.result else " never deployed")
            if ended := RESULTS.get(event.result):
                yield "yellow", f"{stack}: {ended}; these outputs may be from the update before it"
            yield from (("", f"  {line}") for line in _yaml(_readable(outputs)))
        case events.Drift():
            yield from _drift(event)
        case AccessDrift():
            yield from _access_drift(event)
        case AccessReviewed(review=review):
            yield from ((SIGN_STYLES.get(line[:1], ""), line) for line in review_lines(review))
        case ResourcePlanned():
            yield from (("", line) for line in planned_lines(event))
        case Approved(user=user, approved=approved):
            yield "", f"approved by {user}: {', '.join(f'{question} ({how})' for question, how in approved.items())}"
        case ClosureChecked():
            yield from _closure(event)
        case TestTried():
            yield _tried(event)
        case events.Refused(because=because):
            yield from (("red", line) for line in because)


def _closure(event: ClosureChecked) -> Iterator[Line]:
    yield from (("red", problem) for problem in event.problems)
    for each in event.findings:
        yield "yellow", f"{each['severity']}: {each['code']} {each['where']}: {each['message']}; {each['fix']}"
    if event.unlisted:
        yield "yellow", f"closure: {', '.join(event.unlisted)} export too little to be compared; run crossaccount check"


def _tried(event: TestTried) -> Line:
    style = {"works": "green", "does not": "bold red"}.get(event.outcome, "yellow")
    what = {"works": f"{event.expected}, as expected", "does not": f"not {event.expected}, as the test expects"}
    reason = f": {event.said}" if event.said and event.outcome != "works" else ""
    return style, f"{event.name}: {what.get(event.outcome, event.outcome)}{reason}"


def _finished(event: events.StackFinished) -> str:
    changes = ", ".join(f"{count} {op}" for op, count in event.changes.items() if op not in ("same", "discard"))
    what = f"{event.stack}: {event.status} in {event.seconds:.1f} s" + (f" ({changes})" if changes else "")
    return what + (f": {event.error}" if event.error else "")


RESULTS = {"failed": "its last update failed", "in-progress": "its last update did not end"}
"""The words for the end of a stack's last update."""


STATES = {"never-deployed": "never deployed", "not-in-project": "not in the project"}
"""The words for the states of a stack that are not words already."""


def _status(event: events.StackStatus) -> str:
    parts = [STATES.get(event.state, event.state)]
    if event.updated:
        parts.append(f"last {event.updated[:16].replace('T', ' ')} UTC")
    if ended := RESULTS.get(event.result):
        parts.append(ended)
    if event.resources:
        parts.append(f"{event.resources} resources")
    if event.held_by:
        parts.append(f"held by {event.held_by}")
    if event.access == "changed":
        parts.append("access in the config has changed since")
    account = f" ({event.account_id})" if event.account_id else ""
    return f"{event.stack}{account}: {', '.join(parts)}" + (f"; {event.fix}" if event.fix else "")


def _drift(event: events.Drift) -> Iterator[Line]:
    for resource in event.resources:
        if resource["op"] == "delete":
            yield "yellow", f"{event.stack}: {resource['name']} is gone"
        for key, values in resource.get("properties", {}).items():
            yield (
                "yellow",
                f"{event.stack}: {resource['name']}: {key} is {values['live']!r}, not {values['deployed']!r}",
            )


def _access_drift(event: AccessDrift) -> Iterator[Line]:
    for stack, why in event.unread.items():
        yield "red", f"{stack}: its account cannot be read: {why}; its access is not compared"
    for change in event.access.changes:
        sign = SIGNS[change.direction]
        yield SIGN_STYLES[sign], f"{sign} {change_line(change, partial(display, accounts=event.names))}"
    yield from (("yellow", f"! {each}") for each in event.control)
    if event.access.changes:
        yield "", f"access: {event.access.verdict}, outside the stacks"


def _readable(outputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Outputs for people: the lines of ``access`` as lists. Keys of YAML that are as long would be ``? … : true``."""
    access = outputs.get("access")
    if not isinstance(access, Mapping):
        return outputs
    return {**outputs, "access": {entity: _lines_of(each) for entity, each in access.items()}}


def _lines_of(entity: Any) -> Any:
    is_lines = isinstance(entity, Mapping) and entity and all(value is True for value in entity.values())
    return list(entity) if is_lines else entity


def _yaml(outputs: Mapping[str, Any]) -> list[str]:
    if not outputs:
        return []
    return block_text(outputs).splitlines()
