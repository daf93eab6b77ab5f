"""The rules of the CLI for keys under ``config`` in ``Pulumi.yaml``. A file that the CLI refuses is refused here.

A key of the project itself (``size``, ``demo:size``) may have a type and a default. A key of a package
(``aws:region``) has a value alone. Types are checked where a default is given.

Source: ``Project.Validate`` and ``ValidateConfigValue`` in ``sdk/go/common/workspace/project.go`` and ``project.json``
of https://github.com/pulumi/pulumi, 3.260
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from crossaccount.iam.problem import NOT_GIVEN, Problem

TYPES = ("string", "integer", "boolean", "array", "object")
_MEMBERS = ("type", "items", "description", "secret", "default", "value")
_INTEGER = re.compile(r"[+-]?[0-9]+")


def declaration_problems(config: Mapping[Any, Any], project: str, file: str) -> Iterator[Problem]:
    """Problems for which the CLI refuses a project's ``config``, and for a key that is written in both of its forms."""
    for key, given in config.items():
        place = f"{file}: {key}"
        if not isinstance(key, str):
            yield Problem(place, "a key must be a text", key, "write it in quotes")
            continue
        own = ":" not in key or key.startswith(f"{project}:")
        if ":" not in key and f"{project}:{key}" in config:
            what = "is the same key as the one with the project's name, and the engine may take either"
            yield Problem(place, what, f"{project}:{key}", "keep one of them")
        if isinstance(given, Mapping):
            yield from _of_declaration(place, given, own)
        elif given is None or not isinstance(given, (str, int, list)):
            yield Problem(place, "must be a text, a whole number, true or false, or a list", given, "write {value: …}")


def _of_declaration(place: str, given: Mapping[Any, Any], own: bool) -> Iterator[Problem]:
    declares = not {"type", "default", "value"}.isdisjoint(given)
    if declares and (unknown := [key for key in given if key not in _MEMBERS]):
        known = ", ".join(_MEMBERS)
        yield Problem(place, f"a key is declared by {known}", unknown[0], "write what the key holds under value:")
        return
    kind, default = given.get("type"), given.get("default")
    if default is not None and given.get("value") is not None:
        yield Problem(place, "cannot have both a default and a value", default, "keep one of them")
    if not own and (kind is not None or default is not None):
        what = "only a key of the project itself has a type or a default"
        yield Problem(place, what, kind if kind is not None else default, "write {value: …}")
    elif kind is not None and kind not in TYPES:
        yield Problem(place, f"a type is one of {', '.join(TYPES)}", kind, "write one of them")
    elif kind == "array" and not isinstance(given.get("items"), Mapping):
        yield Problem(place, "an array needs the type of its items", NOT_GIVEN, "write items: {type: string}")
    elif kind is not None and default is not None and not _is_of(kind, given.get("items"), default):
        yield Problem(place, f"the default is not of the type {kind}", default, "correct the default or the type")


def _is_of(kind: Any, items: Any, value: Any) -> bool:
    if kind == "string":
        return isinstance(value, str)
    if kind == "integer":
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return (whole and not isinstance(value, bool)) or (isinstance(value, str) and bool(_INTEGER.fullmatch(value)))
    if kind == "boolean":
        return isinstance(value, bool) or value in ("true", "false")
    if kind == "object":
        return isinstance(value, Mapping)
    if not isinstance(value, list) or not isinstance(items, Mapping):
        return False
    return all(_is_of(items.get("type"), items.get("items"), each) for each in value)
