"""What the provider answers about one resource without asking AWS: checks, differences, what a preview shows."""

from __future__ import annotations

from collections.abc import Sequence

from pulumi.runtime.proto import provider_pb2 as proto

from crossaccount.local.handlers.base import Handler
from crossaccount.local.handlers.differences import Change, changes, must_delete_first
from crossaccount.local.handlers.values import UNKNOWN, Properties

_KINDS = {
    ("add", False): proto.PropertyDiff.ADD,
    ("add", True): proto.PropertyDiff.ADD_REPLACE,
    ("update", False): proto.PropertyDiff.UPDATE,
    ("update", True): proto.PropertyDiff.UPDATE_REPLACE,
    ("delete", False): proto.PropertyDiff.DELETE,
    ("delete", True): proto.PropertyDiff.DELETE_REPLACE,
}


def refusal(failures: Sequence[tuple[str, str]]) -> proto.CheckResponse:
    """A check that failed, with a reason for each property."""
    named = [proto.CheckFailure(property=name, reason=reason) for name, reason in failures]
    return proto.CheckResponse(failures=named)


def difference(handler: Handler, state: Properties, inputs: Properties, ignored: Sequence[str]) -> proto.DiffResponse:
    """What changes from a state to checked inputs, and whether that replaces the resource."""
    found = changes(handler, state, inputs, ignored)
    replaces = _properties([change for change in found if change.replaces])
    return proto.DiffResponse(
        changes=proto.DiffResponse.DIFF_SOME if found else proto.DiffResponse.DIFF_NONE,
        replaces=replaces,
        stables=sorted(handler.replaces - set(replaces)),
        deleteBeforeReplace=bool(replaces) and must_delete_first(handler, inputs),
        diffs=_properties(found),
        detailedDiff={change.path: proto.PropertyDiff(kind=_KINDS[change.kind, change.replaces]) for change in found},
        hasDetailedDiff=True,
    )


def planned(handler: Handler, inputs: Properties, state: Properties | None = None) -> Properties:
    """What a preview knows of a resource after its creation, or after its update from ``state``."""
    if state is not None:
        kept = {name: value for name, value in state.items() if name not in handler.fields or name in inputs}
        return {**kept, **inputs}
    unknown = dict.fromkeys(
        handler.outputs | {name for name, field in handler.fields.items() if field.computed}, UNKNOWN
    )
    return {**unknown, **inputs}


def _properties(found: Sequence[Change]) -> list[str]:
    return sorted({change.property for change in found})
