"""Policy documents as plain values: one canonical form, one serialisation, one size, one answer per content.

Canonical: keys sorted, ``Statement`` a sorted list without repeats, every list of strings sorted without repeats and,
when it has one member, the bare string; empty ``Condition`` dropped; condition values as the strings that IAM compares.
The same policy written in another order is the same text byte for byte.

An estate repeats the same few thousand documents in every account. ``by_content`` finds the answer about a document
again by its content and not by which object it is, so that it does not matter who else holds or changes one.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html (which allows a bare string
wherever a list of one would stand) and reference_iam-quotas.html ("IAM doesn't count white space").
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

Document = dict[str, Any]

VERSION = "2012-10-17"

_STRING_LISTS = ("Action", "NotAction", "Resource", "NotResource")
_PRINCIPALS = ("Principal", "NotPrincipal")


def as_list(value: Any) -> list[Any]:
    """IAM's "one or many": a list as it is, nothing as no member, anything else as one member."""
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return list(value)
    return [value]


def statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statements of a document, whether it holds one or a list."""
    return [dict(statement) for statement in as_list(document.get("Statement"))]


def canonical(document: Mapping[str, Any]) -> Document:
    """The canonical form of a valid document; the input is left alone."""
    ordered = {_text(statement): statement for statement in map(_canonical_statement, statements(document))}
    result: Document = {key: value for key, value in document.items() if key != "Statement"}
    result["Statement"] = [ordered[key] for key in sorted(ordered)]
    return dict(sorted(result.items()))


def to_json(document: Mapping[str, Any]) -> str:
    """The canonical text of a document: what is sent to AWS."""
    return _text(canonical(document))


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two documents are the same policy, however they were written down."""
    return to_json(one) == to_json(other)


def size(document: Mapping[str, Any] | str) -> int:
    """The length that IAM's quotas count: characters that are not white space.

    A mapping is measured in its canonical text.
    """
    text = document if isinstance(document, str) else to_json(document)
    return len("".join(text.split()))


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _canonical_statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key in sorted(statement):
        value = statement[key]
        if key in _STRING_LISTS:
            result[key] = _strings(as_list(value))
        elif key in _PRINCIPALS and isinstance(value, Mapping):
            result[key] = {kind: _strings(as_list(value[kind])) for kind in sorted(value)}
        elif key == "Condition" and isinstance(value, Mapping):
            condition = _canonical_condition(value)
            if condition:
                result[key] = condition
        else:
            result[key] = value
    return result


def _canonical_condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    return {
        operator: {key: _strings(as_list(keys[key])) for key in sorted(keys)}
        for operator, keys in sorted(condition.items())
        if keys
    }


def _strings(values: Sequence[Any]) -> str | list[str]:
    texts = sorted({value_text(value) for value in values})
    return texts[0] if len(texts) == 1 else texts


def value_text(value: Any) -> str:
    """A scalar of a policy as IAM compares it: ``true`` and ``false`` for booleans, digits for numbers."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


Answer = TypeVar("Answer")

_MOST = 65_536


def content_of(document: Any) -> bytes | None:
    """A fingerprint of a document of plain data: equal bytes for equal content in equal order; None for other data.

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
