"""A config with the same meaning in another order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def shuffled(value: Any) -> Any:
    """``value`` with every list and every mapping turned around."""
    if isinstance(value, Mapping):
        return {key: shuffled(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return [shuffled(each) for each in reversed(value)]
    return value
