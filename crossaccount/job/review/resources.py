"""The engine's changes of resources, for people: by property, and policy documents by statement.

Secrets are masked: those that the engine elides and those that a state has encrypted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from crossaccount.engine.work import QUIET, SECRET, Change, Outcome
from crossaccount.iam.documents import canonical, statements
from crossaccount.iam.json_text import parse_json
from crossaccount.job.events import StackEvent
from crossaccount.job.states import masked

DOCUMENTS = ("policy", "assumeRolePolicy", "inlinePolicy")
"""The properties that hold a policy document as text."""
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's placeholder for a value that is known only after an update."""
NOT_KNOWN_YET = "known after the update"
OWN = ("pulumi:", "crossaccount:")
"""The prefixes of types that have no resource in AWS: Pulumi's own, and our components."""
INTERNAL = ("__defaults",)
SIGNS = {"create": "+", "delete": "-", "replace": "±", "update": "~"}
LONGEST = 160


@dataclass(frozen=True, kw_only=True)
class ResourcePlanned(StackEvent):
    """The planned change of a resource, by property; policy documents by statement."""

    op: str
    type: str
    name: str
    properties: tuple[Mapping[str, Any], ...] = ()

    ALWAYS: ClassVar[tuple[str, ...]] = ("properties",)


def planned(outcome: Outcome) -> Iterator[ResourcePlanned]:
    """The planned changes of a stack, one for each resource; unchanged resources are left out."""
    for change in outcome.changes:
        if change.op not in QUIET and not change.type.startswith(OWN):
            found = tuple(_properties(change))
            yield ResourcePlanned(
                stack=outcome.stack, op=change.op, type=change.type, name=change.name, properties=found
            )


def planned_lines(event: ResourcePlanned) -> Iterator[str]:
    """The lines of a planned change for people, without the name of the stack."""
    kind = event.type.rsplit(":", 1)[-1]
    yield f"{SIGNS.get(event.op, event.op)} {kind} {event.name}"
    for each in event.properties:
        if "added" in each:
            yield from (f"    {each['name']}: + {_short(statement)}" for statement in each["added"])
            yield from (f"    {each['name']}: - {_short(statement)}" for statement in each["removed"])
        else:
            yield f"    {each['name']}: {_short(each['before'])} → {_short(each['after'])}"


def _properties(change: Change) -> Iterator[Mapping[str, Any]]:
    """The changed properties. Of a created or deleted resource only the policy documents are shown.

    Manual changes are in what the provider found (outputs), not in what was declared (inputs).
    """
    before = masked(change.before.inputs) if change.before else {}
    after = masked(change.after.inputs) if change.after else {}
    found = masked(change.before.outputs) if change.before else {}
    before = {**before, **{key: found[key] for key in change.properties if key in found and key in after}}
    whole = change.before is None or change.after is None
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        hidden = old == SECRET and name in change.properties
        if name in INTERNAL or (old == new and not hidden):
            continue
        if name in DOCUMENTS and (changed := _document(name, old, new)) is not None:
            if changed["added"] or changed["removed"]:
                yield changed
        elif not whole:
            yield {"name": name, "before": _known(old), "after": _known(new)}


def _document(name: str, old: Any, new: Any) -> Mapping[str, Any] | None:
    """The added and removed statements; None if one of the two is not a document."""
    try:
        one, other = _statements(old), _statements(new)
    except (ValueError, TypeError, AttributeError):
        return None
    return {
        "name": name,
        "added": [each for each in other if each not in one],
        "removed": [each for each in one if each not in other],
    }


def _statements(text: Any) -> list[dict[str, Any]]:
    if text is None:
        return []
    parsed = parse_json(text)
    return statements(canonical(parsed))


def _known(value: Any) -> Any:
    return NOT_KNOWN_YET if value == UNKNOWN else value


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
