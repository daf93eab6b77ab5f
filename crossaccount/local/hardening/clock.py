"""The time by which the local AWS evaluates date conditions: the present, or another one that a root has set.

A rehearsal tries both sides of a date with it. It is the value of ``aws:CurrentTime`` and ``aws:EpochTime`` alone:
sessions, signatures and codes of MFA devices stay with the real time.
"""

from __future__ import annotations

from datetime import UTC, datetime

_KEYS = ("aws:currenttime", "aws:epochtime")


class Clock:
    """The clock of one local AWS."""

    def __init__(self) -> None:
        self._set: datetime | None = None

    def obey(self, text: str) -> None:
        """Set the time as a header says.

        Raises:
            ValueError: it is neither ``now`` nor a time with a time zone.
        """
        moment = None if text == "now" else datetime.fromisoformat(text)
        if moment is not None and moment.tzinfo is None:
            raise ValueError(f"a time needs its time zone, got {text!r}")
        self._set = moment

    def value(self, key: str) -> str | None:
        """The value of a condition key in lower case; None if it is no key of the time, or the time is the present."""
        if self._set is None or key not in _KEYS:
            return None
        return self._set.astimezone(UTC).isoformat() if key == _KEYS[0] else str(int(self._set.timestamp()))


CLOCK = Clock()
"""The clock of the local AWS in this process."""
