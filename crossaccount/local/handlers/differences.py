"""What changes between what is and what a program asks for, by pulumi-aws's rules.

Source: the plan of the Terraform plugin SDK and pulumi-terraform-bridge's ``Diff``: the new inputs are held against the
last known *state* (not against the old inputs), so that a drift which a refresh has found is a change; what the program
leaves out is a change only if it was something and AWS does not fill it in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from crossaccount.local.handlers.base import Handler
from crossaccount.local.handlers.documents import equivalent
from crossaccount.local.handlers.fields import Field, Kind
from crossaccount.local.handlers.values import Properties, is_unknown

ChangeKind = Literal["add", "update", "delete"]


@dataclass(frozen=True)
class Change:
    """One changed property: ``users[2]``, ``tags.team``, ``policy``."""

    path: str
    kind: ChangeKind
    replaces: bool = False

    @property
    def property(self) -> str:
        """The input it is in."""
        return self.path.split(".", 1)[0].split("[", 1)[0]


def changes(handler: Handler, state: Properties, inputs: Properties, ignored: Sequence[str] = ()) -> list[Change]:
    """The changes from a state to checked inputs, without what Pulumi was told to ignore (property paths)."""
    fields: dict[str, Field] = dict(handler.fields)
    if handler.taggable:
        fields["tagsAll"] = Field(Kind.MAP)
    found = [
        Change(path, kind, field.replaces)
        for name, field in fields.items()
        for path, kind in _changed(name, field, state.get(name), inputs.get(name))
    ]
    return [change for change in found if not _is_ignored(change.path, ignored)]


def must_delete_first(handler: Handler, inputs: Properties) -> bool:
    """Whether a replacement has to delete before it creates.

    As the bridge does it: always where the type says so, and wherever the program names the resource itself.
    """
    return handler.delete_before_replace or "name" in inputs


def with_ignored(state: Properties, inputs: Properties, ignored: Sequence[str]) -> Properties:
    """The inputs with ignored properties as they are in the state."""
    result = dict(inputs)
    for name in ignored:
        if name in state:
            result[name] = state[name]
        elif name in result:
            del result[name]
    return result


def _changed(name: str, field: Field, old: Any, new: Any) -> Iterator[tuple[str, ChangeKind]]:
    if new is None:
        if not field.computed and old not in (None, "", 0, False, [], {}):
            yield name, "delete"
        return
    if is_unknown(new):
        yield name, "add" if old is None else "update"
    elif old is None:
        # An empty list or mapping is not there, as in Terraform; a false or a zero is.
        if new not in ([], {}, ""):
            yield name, "add"
    elif field.kind is Kind.DOCUMENT:
        if not equivalent(old, new):
            yield name, "update"
    elif field.kind is Kind.TEXTS:
        yield from _members(name, old, new)
    elif field.kind is Kind.MAP:
        yield from _keys(name, old, new)
    elif old != new:
        yield name, "update"


def _members(name: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[str, ChangeKind]]:
    """Changes of a list whose order means nothing: indices of what goes are the old ones, of what comes the new."""
    going = {index for index, each in enumerate(old) if each not in new}
    coming = {index for index, each in enumerate(new) if each not in old}
    for index in sorted(going | coming):
        yield f"{name}[{index}]", "update" if index in going & coming else "delete" if index in going else "add"


def _keys(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, ChangeKind]]:
    for key in sorted({*old, *new}):
        path = f"{name}.{key}" if key.isidentifier() else f'{name}["{key}"]'
        if key not in new:
            yield path, "delete"
        elif key not in old:
            yield path, "add"
        elif old[key] != new[key]:
            yield path, "update"


def _is_ignored(path: str, ignored: Sequence[str]) -> bool:
    return any(path == each or path.startswith((f"{each}.", f"{each}[")) for each in ignored)
