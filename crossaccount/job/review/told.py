"""The events of a review, beside those of ``crossaccount.job.events``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from crossaccount.job.events import Event, StackEvent
from crossaccount.job.review.review import Review


@dataclass(frozen=True, kw_only=True)
class AccessReviewed(Event):
    """What an update does to access: ``verdict`` and ``changes`` as ``diff --json`` has them, and more beside them."""

    review: Review

    def to_json(self) -> dict[str, Any]:
        """The line of this event; nothing is left out."""
        return {
            **Event(time=self.time).to_json(),
            "event": "access-reviewed",
            **self.review.to_json(),
            "digest": self.review.digest,
        }


@dataclass(frozen=True, kw_only=True)
class Approved(Event):
    """An update may begin: who approved what, as it is recorded."""

    user: str
    digest: str
    verdict: str
    approved: Mapping[str, str]
    ci: Mapping[str, str] = field(default_factory=dict)
    log: str = ""
    """The file in which it is recorded."""


@dataclass(frozen=True, kw_only=True)
class ResourcePlanned(StackEvent):
    """What a preview would do to a resource, property by property; documents statement by statement."""

    op: str
    type: str
    name: str
    properties: tuple[Mapping[str, Any], ...] = ()

    ALWAYS: ClassVar[tuple[str, ...]] = ("properties",)
