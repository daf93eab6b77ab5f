"""Pulumi's special values among plain ones: unknowns in a preview, and secrets.

On the wire a secret is an object with a signature key and an unknown is one of a few fixed strings (see
https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go). Inside this room there are only
plain values and :data:`UNKNOWN`; who hands properties in remembers which of them were secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Properties = dict[str, Any]
"""Properties of a resource by pulumi-aws's camelCase wire names: text, whole numbers, booleans, lists, mappings."""

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"

_UNKNOWNS = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # text, and by far the most frequent
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
UNKNOWN_ON_THE_WIRE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class Unknown:
    """The type of :data:`UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()
"""A value that a preview does not know yet."""


def plain(value: Any) -> Any:
    """``value`` with secrets unwrapped, resources as their IDs, unknowns as :data:`UNKNOWN`, whole floats as ints.

    An object key whose value is null is left out, as pulumi-aws does.
    """
    if isinstance(value, Mapping):
        kind = value.get(SIGNATURE)
        if kind == SECRET:
            return plain(value.get("value"))
        if kind == RESOURCE:
            return plain(value.get("id", UNKNOWN_ON_THE_WIRE))
        return {key: plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value in _UNKNOWNS:
        return UNKNOWN
    return value


def is_unknown(value: Any) -> bool:
    """Whether ``value`` or anything in it is not known yet."""
    if isinstance(value, Mapping):
        return any(is_unknown(each) for each in value.values())
    if isinstance(value, list):
        return any(is_unknown(each) for each in value)
    return value is UNKNOWN


def is_secret(value: Any) -> bool:
    """Whether a value as it came from Pulumi is a secret or has one in it."""
    if isinstance(value, Mapping):
        return value.get(SIGNATURE) == SECRET or any(is_secret(each) for each in value.values())
    if isinstance(value, (list, tuple)):
        return any(is_secret(each) for each in value)
    return False


def secret(value: Any) -> dict[str, Any]:
    """``value`` as Pulumi marks a secret."""
    return {SIGNATURE: SECRET, "value": value}
