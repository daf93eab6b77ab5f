"""The present time of a run. It is read once, and passed on: a run that passes midnight judges by one date.

What a config lets end depends on it. A saved plan keeps it.
"""

from __future__ import annotations

from datetime import UTC, datetime


def present() -> datetime:
    """The present time in UTC, to the second: dates in AWS's policies have no more."""
    return datetime.now(UTC).replace(microsecond=0)
