"""Durations in a config: seconds, or a number with a unit."""

from __future__ import annotations

import re

_DURATION = re.compile(r"\A(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?\Z", re.ASCII)


def parse_duration(value: object) -> int:
    """Seconds of ``3600``, ``"3600"``, ``"1h"``, ``"90m"``, ``"1h30m"`` or ``"45s"``.

    Raises:
        ValueError: anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    match = _DURATION.match(value) if isinstance(value, str) and value else None
    if match is None:
        raise ValueError(f"not a length of time: {value!r}")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def duration_text(seconds: int) -> str:
    """``1h30m`` of 5400."""
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [f"{number}{unit}" for number, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if number]
    return "".join(parts) or "0s"
