"""The events of what is looked at after an update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from crossaccount.job.events import Event


@dataclass(frozen=True, kw_only=True)
class ClosureChecked(Event):
    """What deployed stacks export of each other. ``findings`` are grants that meet no trust, as ``check`` has them."""

    findings: tuple[Mapping[str, str], ...] = ()
    problems: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    """Stacks that export too little to be judged."""

    ALWAYS: ClassVar[tuple[str, ...]] = ("findings",)


@dataclass(frozen=True, kw_only=True)
class TestTried(Event):
    """An access test, tried in AWS. ``outcome``: ``works`` (as the test expects), ``does not``, or ``not tried``."""

    __test__: ClassVar[bool] = False

    name: str
    principal: str
    role: str
    expected: str
    outcome: str
    said: str = ""
    """What AWS said, or why it was not tried."""
    attempts: int = 0

    def to_json(self) -> dict[str, Any]:
        """The line of this event."""
        return {**super().to_json(), "event": "test-tried"}
