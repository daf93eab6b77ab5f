"""The events of a running stack: small frozen values, each written as one line of JSON.

The events of a job are subclasses of these; see ``crossaccount.job.events``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, ClassVar


def now() -> datetime:
    """The present time, for a new event."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Event:
    """An event at ``time``."""

    time: datetime = field(default_factory=now)

    ALWAYS: ClassVar[tuple[str, ...]] = ()
    """Keys that are written even if they are empty."""

    def to_json(self) -> dict[str, Any]:
        """The event as a JSON object, without empty keys."""
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", type(self).__name__).lower()
        own = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "time"}
        given = {key: value for key, value in own.items() if key in self.ALWAYS or value not in (None, "", (), {})}
        return {"time": self.time.isoformat(timespec="milliseconds"), "event": name, **given}


@dataclass(frozen=True, kw_only=True)
class StackEvent(Event):
    """An event of one stack."""

    stack: str


@dataclass(frozen=True, kw_only=True)
class Resource(StackEvent):
    """A resource's step ends. ``state``: ``done`` or ``failed``; or ``found``, if a refresh found it changed in AWS.

    Unchanged resources have no event.
    """

    op: str
    type: str
    name: str
    state: str


@dataclass(frozen=True, kw_only=True)
class Message(StackEvent):
    """A message of the program or the engine. ``severity`` is ``info``, ``warning`` or ``error``."""

    severity: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Retrying(StackEvent):
    """A stack failed for a temporary reason, and is tried again after ``seconds``."""

    attempt: int
    seconds: float
    because: str


Emit = Callable[[Event], None]
"""Receives events as they happen. Several threads call it, one at a time."""
