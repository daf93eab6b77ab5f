"""Properties between Pulumi's wire format (a protobuf ``Struct``) and this project's plain values.

What was secret on the way in is remembered by top-level property and marked again on the way out. Numbers are whole
numbers here and doubles on the wire.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from crossaccount.local.handlers.properties import UNKNOWN, UNKNOWN_ON_THE_WIRE, Properties, is_secret, plain, secret


@dataclass(frozen=True)
class Received:
    """Properties as they came: plain values, and the names of those that were secret. ``repr`` shows names only."""

    values: Properties = field(repr=False)
    secrets: frozenset[str] = frozenset()


def received(struct: Struct) -> Received:
    """Read properties off the wire."""
    raw: dict[str, Any] = json_format.MessageToDict(struct)
    return Received(plain(raw), frozenset(name for name, value in raw.items() if is_secret(value)))


def to_send(values: Properties, secrets: Collection[str] = ()) -> Struct:
    """Put properties on the wire, those named in ``secrets`` marked as secret."""
    struct = Struct()
    struct.update({name: _sent(value, name in secrets) for name, value in values.items() if value is not None})
    return struct


def _sent(value: Any, is_secret_value: bool) -> Any:
    known = _without_unknowns(value)
    return secret(known) if is_secret_value else known


def _without_unknowns(value: Any) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_ON_THE_WIRE
    if isinstance(value, dict):
        return {key: _without_unknowns(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_unknowns(each) for each in value]
    return value
