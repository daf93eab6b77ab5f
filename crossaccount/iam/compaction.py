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
    alike: dict[str, tuple[dict[str, Any], set[str]]] = {}
    for item in items:
        rest = {key: value for key, value in item.items() if key != element}
        key = json.dumps([rest, element in item], sort_keys=True)
        alike.setdefault(key, (rest, set()))[1].update(as_list(item.get(element)))
    return [{**rest, element: sorted(values)} if values else rest for rest, values in alike.values()]


def _without_covered(statement: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(statement)
    if "Sid" in statement:
        return result
    for element in _MERGED:
        values = as_list(statement.get(element))
        patterns = [each for each in values if _is_pattern(each)]  # most of a long grant are none
        if patterns:
            result[element] = [each for each in values if not any(_replaces(other, each) for other in patterns)]
    return result


def _is_pattern(text: str) -> bool:
    return "*" in text and "?" not in text and "${" not in text


def _replaces(pattern: str, other: str) -> bool:
    """Whether ``other`` can go because of ``pattern``. Of two that cover each other (``*`` and ``**``) one stays."""
    if not _covers(pattern, other):
        return False
    return not _covers(other, pattern) or (len(pattern), pattern) < (len(other), other)


def _covers(pattern: str, other: str) -> bool:
    """Whether everything that ``other`` matches ``pattern`` matches too, for sure.

    A ``?`` would take the star of ``other`` for a character, and what a variable stands for nobody knows: both are left
    alone.
    """
    if pattern == other or not _is_pattern(pattern) or "${" in other:
        return False
    return wildcard_match(pattern, other)


def pieces(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statements of a document, one for each resource: together they say the same."""
    found: list[dict[str, Any]] = []
    for statement in statements(canonical(document)):
        resources = as_list(statement.get("Resource"))
        found += [{**statement, "Resource": each} for each in resources] if resources else [statement]
    return found
