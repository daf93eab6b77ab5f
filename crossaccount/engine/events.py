"""What an engine says while it runs a stack: a stream of small frozen values, one line of JSON each.

The job's own events are kinds of these; see ``crossaccount.job.events``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, ClassVar


def now() -> datetime:
    """The time at which an event happens."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened, at ``time``."""

    time: datetime = field(default_factory=now)

    ALWAYS: ClassVar[tuple[str, ...]] = ()
    """Keys that are told even where they are empty."""

    def to_json(self) -> dict[str, Any]:
        """The line of this event; keys that have nothing to say are left out."""
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", type(self).__name__).lower()
        own = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "time"}
        given = {key: value for key, value in own.items() if key in self.ALWAYS or value not in (None, "", (), {})}
        return {"time": self.time.isoformat(timespec="milliseconds"), "event": name, **given}


@dataclass(frozen=True, kw_only=True)
class StackEvent(Event):
    """Something about one stack."""

    stack: str


@dataclass(frozen=True, kw_only=True)
class Resource(StackEvent):
    """A resource's step ends. ``state``: ``done`` or ``failed``; ``found`` where a refresh met it changed in AWS.

    Resources that stay the same are not told.
    """

    op: str
    type: str
    name: str
    state: str


@dataclass(frozen=True, kw_only=True)
class Message(StackEvent):
    """What the program or the engine says: ``severity`` is ``info``, ``warning`` or ``error``."""

    severity: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Retrying(StackEvent):
    """A stack failed for a reason that passes, and is tried again after ``seconds``."""

    attempt: int
    seconds: float
    because: str


Emit = Callable[[Event], None]
"""Takes events as they happen; called from several threads, one call at a time."""
