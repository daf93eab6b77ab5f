"""Prints of a config's values: whether what the engine makes of a stack's files is what was read of them.

The engine hands a program text: a text as it is, everything else as JSON, nothing as an empty text. A print is of the
value, not of its form: the order of keys and ``1.0`` for ``1`` make no difference. Who signs in, and where, is not
compared: the keys may be given anew for a run, and a stack's account is guarded by ``aws:allowedAccountIds``. Values
that only the engine can read (encrypted ones, dates) have no print; only that there is such a key is compared.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from crossaccount.iam.documents import value_text
from crossaccount.iam.problem import Problem
from crossaccount.settings.raw import is_encrypted

SIGNING_IN = frozenset({"aws:accessKey", "aws:endpoints", "aws:profile", "aws:secretKey", "aws:token"})
"""Keys that are not compared."""
_TEXT, _DATA, _ONLY_THERE = "text", "data", ""


def prints(config: Mapping[str, object]) -> dict[str, str]:
    """The prints of a config as it was read, by key."""
    return {key: _print(value) for key, value in config.items() if key not in SIGNING_IN}


def differences(reviewed: Mapping[str, str], resolved: Mapping[str, object]) -> tuple[str, ...]:
    """The keys that ``resolved``, the config that the engine hands on, does not have as ``reviewed`` has them."""
    keys = sorted({*reviewed, *resolved} - SIGNING_IN)
    return tuple(key for key in keys if key not in reviewed or not _is_of(reviewed[key], resolved.get(key)))


def not_reviewed(keys: Sequence[str]) -> Problem:
    """The message about differing keys."""
    what, fix = "what the engine makes of the stack's files is not what was reviewed", "run the command again"
    return Problem("config", what, ", ".join(keys), fix)


def _is_of(expected: str, text: object) -> bool:
    if not isinstance(text, str):
        return False
    if expected.startswith(_DATA):
        try:
            return expected == _print(json.loads(text), _DATA)
        except (ValueError, RecursionError):
            return False
    return expected in (_ONLY_THERE, _print(text))


def _print(value: object, kind: str = "") -> str:
    if value is None and not kind:
        value = ""
    kind = kind or (_TEXT if isinstance(value, str) else _DATA)
    try:
        text = json.dumps(_plain(value), sort_keys=True)
    except (TypeError, ValueError):
        return _ONLY_THERE
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()}"


def _plain(value: Any) -> Any:
    """``value`` in one form.

    Raises:
        ValueError: only the engine can read it.
    """
    if isinstance(value, Mapping):
        if is_encrypted(value):
            raise ValueError
        return {value_text(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**64:
        value = float(value)  # it was one before it was written in digits
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError
        # The digits are those that are written, which for a large one are not all that it has.
        return int(Decimal(repr(value))) if value.is_integer() else value
    return value
