"""A policy document in fewer characters that says exactly the same.

Statements that differ in their resources alone, or in their actions alone, become one; a resource or an action that a
pattern beside it covers is left out. Nothing is widened: no pattern is written that was not there. A statement with a
Sid is left as it is, because somebody refers to it; only what was one statement with that Sid is joined again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from crossaccount.iam.documents import Document, as_list, canonical, statements
from crossaccount.iam.matching import wildcard_match

_MERGED = ("Resource", "Action")


def compacted(document: Mapping[str, Any]) -> Document:
    """The document with as few statements and resources as mean the same, in canonical form."""
    content = canonical(document)
    while True:
        found: list[dict[str, Any]] = content["Statement"]
        for element in _MERGED:
            found = _merged((_without_covered(statement) for statement in found), element)
        shorter = canonical({**content, "Statement": found})
        if shorter == content:
            return content
        content = shorter


def _merged(items: Iterable[Mapping[str, Any]], element: str) -> list[dict[str, Any]]:
    """Statements that differ in ``element`` alone, as one."""
    result: dict[str, dict[str, Any]] = {}
    for item in items:
        rest = {key: value for key, value in item.items() if key != element}
        key = json.dumps([rest, element in item], sort_keys=True)
        values = [*as_list(result.get(key, {}).get(element)), *as_list(item.get(element))]
        result[key] = {**rest, **({element: sorted(set(values))} if values else {})}
    return list(result.values())


def _without_covered(statement: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(statement)
    if "Sid" in statement:
        return result
    for element in _MERGED:
        values = as_list(statement.get(element))
        kept = [each for each in values if not any(_covers(other, each) for other in values)]
        if values:
            result[element] = kept
    return result


def _covers(pattern: str, other: str) -> bool:
    """Whether everything that ``other`` matches ``pattern`` matches too, for sure.

    A ``?`` would take the star of ``other`` for a character, and what a variable stands for nobody knows: both are left
    alone.
    """
    if pattern == other or "*" not in pattern or "?" in pattern or "${" in pattern + other:
        return False
    return wildcard_match(pattern, other)


def pieces(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statements of a document, one for each resource: together they say the same."""
    found: list[dict[str, Any]] = []
    for statement in statements(canonical(document)):
        resources = as_list(statement.get("Resource"))
        found += [{**statement, "Resource": each} for each in resources] if resources else [statement]
    return found
