"""What a resource type is to this room: its inputs, its outputs and what is done with AWS to create, read, change it.

A handler owns one pulumi-aws resource type. It knows AWS and pulumi-aws's property names, and neither Pulumi's engine
nor gRPC: the provider and the in-process engine bring it inputs and take away the state.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import ClassVar

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.errors import ResourceError
from crossaccount.local.handlers.fields import Field, Kind, checked
from crossaccount.local.handlers.values import Properties, is_unknown

NONE: Mapping[str, str] = MappingProxyType({})
AUTO_NAMES = "the local AWS's provider makes up no names; give name"


class Handler(ABC):
    """One resource type. Subclasses say what it has, and do four things with AWS.

    ``fields`` are the inputs it takes, ``refused`` pulumi-aws's other inputs with the reason, ``outputs`` what the
    state has besides, ``secrets`` the properties that are secret whatever the program says, ``named_by`` the inputs
    that name the resource to a person. ``delete_before_replace`` holds where a replacement of the same name would
    destroy itself.
    """

    type: str
    fields: Mapping[str, Field]
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
        """The resource's name to a person: ``AssumingRole``, ``AssumingRole:AssumingRolePolicy``."""
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
        """Create the resource from checked inputs; its ID and its whole state. Nothing is left behind by a failure."""

    def read(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties, Properties] | None:
        """What AWS has now: ID, inputs as an import takes them, state. Nothing if it is gone.

        ``state`` is the last known state: empty for an import. What AWS does not tell is carried over from it.
        """
        found = self.find(aws, id, state)
        return None if found is None else (found[0], self.imported(found[1]), found[1])

    @abstractmethod
    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        """ID and state of what AWS has now, or nothing if it is gone."""

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        """Bring AWS from the state ``old`` to the inputs ``new``; the whole state."""
        raise ResourceError(f"{self.type} {id}: it has no input that changes in place")

    @abstractmethod
    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        """Delete the resource. What is not there any more is deleted."""

    def imported(self, state: Properties) -> Properties:
        """The inputs that an import takes from a state: required ones, and others that are not at their default."""
        return {
            name: state[name]
            for name, field in self.fields.items()
            if name in state and (field.required or not _is_blank(field, state[name]))
        }

    def refreshed(self, inputs: Properties, state: Properties) -> Properties:
        """The inputs as a refresh leaves them: those that were there, at AWS's values.

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
    """The named properties of a state, where it has them: what AWS does not tell."""
    return {name: state[name] for name in names if name in state}


def timestamp(moment: datetime) -> str:
    """A time as pulumi-aws writes it: ``2026-01-31T12:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
