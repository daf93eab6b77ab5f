"""The contract of a resource type: its inputs and outputs, its operations in AWS, and the effect of changed inputs.

A handler owns one pulumi-aws resource type. It knows AWS and pulumi-aws's property names, and neither Pulumi's engine
nor gRPC: the provider and the in-process engine pass inputs in and get the state back.

Changes follow the Terraform plugin SDK's plan and pulumi-terraform-bridge's ``Diff``. The new inputs are compared with
the last known *state*, not with the old inputs, so drift that a refresh has found is a change. An input that the
program leaves out is a change only if the state has a value for it and AWS does not compute it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.calls import Calls
from crossaccount.local.handlers.errors import ResourceError
from crossaccount.local.handlers.properties import Field, Kind, Properties, checked, equivalent, is_unknown

NONE: Mapping[str, str] = MappingProxyType({})
AUTO_NAMES = "the local AWS's provider makes up no names; give name"


class Handler(ABC):
    """One resource type. Subclasses declare its properties and implement four operations in AWS.

    ``fields`` are the inputs it takes, ``refused`` pulumi-aws's other inputs with the reason, ``outputs`` what the
    state has besides, ``secrets`` the properties that are secret whatever the program says, ``named_by`` the inputs
    that name the resource to a person, ``calls`` the calls of each operation. ``delete_before_replace`` holds where a
    replacement of the same name would destroy itself.
    """

    type: str
    fields: Mapping[str, Field]
    calls: Calls
    named_by: tuple[str, ...] = ("name",)
    outputs: ClassVar[frozenset[str]] = frozenset()
    refused: ClassVar[Mapping[str, str]] = NONE
    secrets: ClassVar[frozenset[str]] = frozenset()
    delete_before_replace: ClassVar[bool] = False

    @property
    def inputs(self) -> frozenset[str]:
        """Every input it accepts."""
        return frozenset(self.fields)

    @property
    def replaces(self) -> frozenset[str]:
        """The inputs whose change replaces the resource."""
        return frozenset(name for name, field in self.fields.items() if field.replaces)

    @property
    def taggable(self) -> bool:
        """Whether the provider's default tags go on it."""
        return "tags" in self.fields

    def label(self, inputs: Properties) -> str:
        """The resource's name for people: ``AssumingRole``, ``AssumingRole:AssumingRolePolicy``."""
        return ":".join(str(inputs[name]) for name in self.named_by if name in inputs)

    def check(self, inputs: Properties, default_tags: Mapping[str, str] = NONE) -> Properties:
        """The inputs with defaults as pulumi-aws sets them, and for a taggable type ``tagsAll``.

        Raises:
            CheckFailed: inputs that are missing, unknown, refused or of the wrong kind; all of them.
        """
        own = {name: value for name, value in inputs.items() if name != "tagsAll" and not name.startswith("__")}
        result = checked(self.type, self.fields, self.refused, own)
        if self.taggable:
            tags = result.get("tags", {})
            result["tagsAll"] = {**default_tags, **tags} if isinstance(tags, Mapping) else tags
        return result

    @abstractmethod
    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        """Create the resource from checked inputs. Returns its ID and its whole state. A failure leaves nothing
        behind.
        """

    def read(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties, Properties] | None:
        """Read the resource from AWS: its ID, the inputs of an import, and its state. None if it is gone.

        ``state`` is the last known state: empty for an import. Values that AWS does not return are taken from it.
        """
        found = self.find(aws, id, state)
        return None if found is None else (found[0], self.imported(found[1]), found[1])

    @abstractmethod
    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        """Find the resource in AWS: its ID and state; None if it is gone."""

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        """Update AWS from the state ``old`` to the inputs ``new``. Returns the whole state."""
        raise ResourceError(f"{self.type} {id}: it has no input that changes in place")

    @abstractmethod
    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        """Delete the resource. A missing resource counts as deleted."""

    def imported(self, state: Properties) -> Properties:
        """The inputs that an import takes from a state: required ones, and others that are not at their default."""
        return {
            name: state[name]
            for name, field in self.fields.items()
            if name in state and (field.required or not _is_blank(field, state[name]))
        }

    def refreshed(self, inputs: Properties, state: Properties) -> Properties:
        """The inputs after a refresh: the previous ones, with AWS's values.

        As in pulumi-aws's bridge a document keeps the program's text, whatever AWS has, and a list only loses members;
        the state tells what really changed.
        """
        return {
            name: self._refreshed(self.fields[name], value, state[name]) if name in self.fields else state[name]
            for name, value in inputs.items()
            if name in state
        }

    @staticmethod
    def _refreshed(field: Field, value: object, found: object) -> object:
        if field.kind is Kind.DOCUMENT:
            return value
        if isinstance(value, list) and isinstance(found, list):
            return [each for each in value if each in found]
        if isinstance(value, Mapping) and isinstance(found, Mapping):
            return {key: found[key] for key in value if key in found}
        return found


def _is_blank(field: Field, value: object) -> bool:
    if is_unknown(value):
        return False
    return value == field.default if field.default is not None else value in (None, "", 0, False, [], {})


def same_as_before(state: Properties, *names: str) -> Properties:
    """The named properties that a state has, which AWS does not return."""
    return {name: state[name] for name in names if name in state}


def timestamp(moment: datetime) -> str:
    """A time as pulumi-aws writes it: ``2026-01-31T12:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
        # As in Terraform an empty list or mapping counts as absent, but false and zero do not.
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
    """Changes of an unordered list: removed items have their old indices, added items their new ones."""
    removed = {index for index, each in enumerate(old) if each not in new}
    added = {index for index, each in enumerate(new) if each not in old}
    for index in sorted(removed | added):
        yield f"{name}[{index}]", "update" if index in removed & added else "delete" if index in removed else "add"


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
