"""A policy document in fewer characters, or as several documents, that say exactly the same.

Statements that differ in their resources alone, or in their actions alone, become one; a resource or an action that a
pattern next to it covers is left out. Nothing is widened: no pattern is written that was not there. A statement with a
Sid is left as it is, because somebody refers to it; only what was one statement with that Sid is joined again.

A grant that is longer than one policy may be is split. Which part a resource goes to hangs on its own statement about
it alone (on the bits of a hash), never on its neighbours: adding one changes one part, or makes two of it; all others
stay what they are, byte for byte and by name. Parts are named after the bits: ``0``, ``10``, ``11``. A document that is
short enough is its own single part, named ``""``. Allows of several policies add up, and denies do, so that no verdict
changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from crossaccount.iam.documents import Document, as_list, canonical, size, statements
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

    A ``?`` would match the star of ``other`` as a character, and the value of a variable is unknown: both are left
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


_BITS = 256


class CannotSplit(ValueError):
    """One statement about one resource is longer than the limit: there is nothing left to split."""


def split(document: Mapping[str, Any], limit: int) -> dict[str, Document]:
    """The parts of a document by name, each at most ``limit`` characters without white space.

    Raises:
        CannotSplit: a single resource does not fit.
    """
    whole = compacted(document)
    if size(whole) <= limit:
        return {"": whole}
    head = {key: value for key, value in whole.items() if key != "Statement"}
    # Of the document as it is: what a pattern covers is left out within its part: a new pattern changes one.
    hashed = [(_bits(piece), piece) for piece in pieces(document)]
    return dict(_parts(head, hashed, "", limit))


def _parts(
    head: Mapping[str, Any], hashed: Sequence[tuple[str, Mapping[str, Any]]], name: str, limit: int
) -> list[tuple[str, Document]]:
    if not hashed:
        return []
    document = compacted({**head, "Statement": [piece for _, piece in hashed]})
    if name and size(document) <= limit:
        return [(name, document)]
    if len(hashed) == 1 or len(name) == _BITS:
        raise CannotSplit(f"one statement has {size(document)} characters, more than {limit}")
    return [
        part
        for bit in "01"
        for part in _parts(head, [each for each in hashed if each[0].startswith(name + bit)], name + bit, limit)
    ]


def _bits(piece: Mapping[str, Any]) -> str:
    digest = sha256(json.dumps(piece, sort_keys=True).encode()).digest()
    return "".join(f"{byte:08b}" for byte in digest)
