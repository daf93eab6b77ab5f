"""One input of a resource type as pulumi-aws declares it, and how inputs are checked against it.

The source of every declaration is the resource's schema in
https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service (``Required``, ``Default``, ``ForceNew``,
``Computed``) with pulumi-aws's camelCase names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from crossaccount.local.handlers.errors import CheckFailed
from crossaccount.local.handlers.values import Properties, is_unknown


class Kind(Enum):
    """What an input holds, as a person says it."""

    TEXT = "text"
    NUMBER = "a whole number"
    FLAG = "true or false"
    TEXTS = "a list of texts"
    MAP = "a mapping of texts to texts"
    DOCUMENT = "a JSON object, as text or as an object"


@dataclass(frozen=True)
class Field:
    """One input.

    ``replaces``: a change makes a new resource (ForceNew). ``computed``: AWS or the provider fills in what the program
    leaves out, so leaving it out is never a change. ``refuse`` answers what is wrong with a value, or nothing.
    """

    kind: Kind = Kind.TEXT
    required: bool = False
    default: Any = None
    replaces: bool = False
    computed: bool = False
    refuse: Callable[[Any], str | None] | None = None


def checked(type_: str, fields: Mapping[str, Field], refused: Mapping[str, str], inputs: Properties) -> Properties:
    """The inputs with defaults filled in; unknown values pass.

    Raises:
        CheckFailed: inputs that are missing, not known, refused, or not of their kind.
    """
    failures = [
        (name, refused.get(name, f"{type_} has no such input; it has {', '.join(sorted(fields))}"))
        for name in sorted(inputs)
        if name not in fields
    ]
    result: Properties = {}
    for name, field in fields.items():
        value = inputs.get(name)
        if value is None:
            if field.required:
                failures.append((name, "is required, and the local AWS's provider makes up no names"))
            elif field.default is not None:
                result[name] = field.default
            continue
        try:
            result[name] = value if is_unknown(value) else _value(field, value)
        except ValueError as problem:
            failures.append((name, str(problem)))
    if failures:
        raise CheckFailed(type_, failures)
    return result


def _value(field: Field, value: Any) -> Any:
    """The value in its kind's one form. No message repeats the value: it may be a secret."""
    if field.kind is Kind.DOCUMENT:
        value = _document(value)
    elif not _FITS[field.kind](value):
        raise ValueError(f"must be {field.kind.value}")
    problem = field.refuse(value) if field.refuse else None
    if problem:
        raise ValueError(problem)
    return value


def _document(value: Any) -> str:
    if isinstance(value, Mapping):
        return json.dumps(value)
    if not isinstance(value, str):
        raise ValueError(f"must be {Kind.DOCUMENT.value}")
    try:
        parsed = json.loads(value)
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise ValueError(f"must be {Kind.DOCUMENT.value}")
    return value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_FITS: Mapping[Kind, Callable[[Any], bool]] = {
    Kind.TEXT: _is_text,
    Kind.NUMBER: lambda value: isinstance(value, int) and not isinstance(value, bool),
    Kind.FLAG: lambda value: isinstance(value, bool),
    Kind.TEXTS: lambda value: isinstance(value, list) and all(map(_is_text, value)),
    Kind.MAP: lambda value: isinstance(value, Mapping) and all(map(_is_text, value.values())),
}


def between(least: int, most: int, *also: int) -> Callable[[Any], str | None]:
    """Refuse a number outside ``least`` … ``most``, the numbers in ``also`` excepted."""
    others = "".join(f" or {each}" for each in also)

    def refuse(value: Any) -> str | None:
        return None if least <= value <= most or value in also else f"must be {least}–{most}{others}, got {value}"

    return refuse


def one_of(*choices: str) -> Callable[[Any], str | None]:
    """Refuse a text that is none of ``choices``."""
    return lambda value: None if value in choices else f"must be {' or '.join(choices)}, got {value!r}"
