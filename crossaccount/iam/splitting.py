"""A grant that is longer than one policy may be, as several that say the same together.

Which part a resource goes to hangs on its own statement about it alone (on the bits of a hash), never on its
neighbours: adding one changes one part, or makes two of it; all others stay what they are, byte for byte and by name.
Parts are named after the bits: ``0``, ``10``, ``11``. A document that is short enough is its own single part, named
``""``.

Allows of several policies add up, and denies do, so that no verdict changes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from crossaccount.iam.compaction import compacted, pieces
from crossaccount.iam.documents import Document, size

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
