"""The one reader of JSON texts that come from outside: from files, from state, from values within documents.

Python's own parser takes texts that no service writes and that later code cannot handle. Refused are a nesting that is
too deep, a key twice in one object, numbers that JSON does not have (``NaN``, ``1e999``), and half of a character.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

_SPACE = re.compile(r"[ \t\r\n]*")
MAX_DEPTH = 100
"""Levels of lists and mappings in each other. A policy document within a stack's config has about fifteen."""
TOO_DEEP = f"is nested more than {MAX_DEPTH} levels deep"


class JsonError(ValueError):
    """A text is not JSON, or goes beyond the limits. ``str()`` is the reason, on one line."""


def parse_json(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        JsonError: it is not JSON, or goes beyond the limits.
    """
    with _in_words():
        value = json.loads(text, object_pairs_hook=_mapping, parse_constant=_no_number, parse_float=_number)
    if is_too_deep(value):
        raise JsonError(TOO_DEEP)
    if "\\ud" in text or "\\uD" in text:
        _check_characters(value)
    return value


def parse_json_texts(text: str) -> list[Any]:
    """The values of JSON texts that follow each other, as several commands write them to one file; at least one.

    Raises:
        JsonError: one is not JSON, or goes beyond the limits.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_mapping, parse_constant=_no_number, parse_float=_number)
    found: list[Any] = []
    at = 0
    while at < len(text):
        blank = _SPACE.match(text, at)
        start = blank.end() if blank else at
        if found and start == len(text):
            break
        with _in_words():
            _, end = decoder.raw_decode(text, start)
        found.append(parse_json(text[start:end]))
        at = end
    return found or [parse_json(text)]


@contextmanager
def _in_words() -> Iterator[None]:
    """What Python's parser refuses, as a reason."""
    try:
        yield
    except RecursionError:
        raise JsonError(TOO_DEEP) from None
    except JsonError:
        raise
    except json.JSONDecodeError as error:
        raise JsonError(f"is not JSON ({error})") from None
    except ValueError:
        raise JsonError(f"has a number with more than {sys.get_int_max_str_digits()} digits") from None


def is_too_deep(value: object) -> bool:
    """Whether lists and mappings are in each other beyond the limit. Walks level by level, without recursion."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [member for members in inner for member in members if isinstance(member, (dict, list))]
        if not level:
            return False
    return bool(level)


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise JsonError(f"has a key twice in one object: {json.dumps(twice)}")
    return found


def _no_number(text: str) -> NoReturn:
    raise JsonError(f"is not JSON ({text} is not a number)")


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise JsonError(f"has a number that is too large: {text[:20]}")
    return number


def _check_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise JsonError(f"has half of a character (\\u{ord(half):04x}) in a text") from None
