"""Answers about documents, found once for all documents that say the same.

An estate repeats the same few thousand documents in every account. Found again by their content and not by which object
they are, so that it does not matter who else holds or changes one.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Answer = TypeVar("Answer")

_MOST = 65_536


def content_of(document: Any) -> bytes | None:
    """What a document of plain data says: the same bytes for the same content in the same order; None of any other.

    Of the fast ways to tell data apart it is the one that refuses whatever is not plain. Version 2 of the format writes
    equal data equally: later ones also write which of their objects are the same.
    """
    try:
        return marshal.dumps(document, 2)
    except ValueError:
        return None


def by_content(function: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """A function of one document that remembers its last answers. They are shared, so they have to be frozen."""
    known: dict[bytes, Answer] = {}

    @wraps(function)
    def answer(document: Any) -> Answer:
        content = content_of(document)
        if content is None:
            return function(document)
        if content not in known:
            if len(known) >= _MOST:
                known.clear()
            known[content] = function(document)
        return known[content]

    return answer
