"""What a job says while it runs: a stream of small frozen values, one line of JSON each.

Every line has ``time`` (UTC, ISO 8601), ``event`` and, where it is about one stack, ``stack``. The last line of a job
is ``job-finished`` and has its ``status``. Readers must ignore events and keys that they do not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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
        said = {key: value for key, value in own.items() if key in self.ALWAYS or value not in (None, "", (), {})}
        return {"time": self.time.isoformat(timespec="milliseconds"), "event": name, **said}


@dataclass(frozen=True, kw_only=True)
class JobStarted(Event):
    """The job begins: what it will do, on which stacks, each after those it waits for."""

    verb: str
    stacks: tuple[str, ...]
    parallel: int
    engine: str = ""
    """``pulumi``, or ``in-process``: a rehearsal without the CLI, and without a state."""


@dataclass(frozen=True, kw_only=True)
class JobFinished(Event):
    """The job ends. ``status``: ``succeeded``, ``failed``, ``refused``, ``interrupted``, or ``drifted``."""

    verb: str
    status: str
    stacks: Mapping[str, str]
    """The status of every stack."""
    seconds: float


@dataclass(frozen=True, kw_only=True)
class StackEvent(Event):
    """Something about one stack."""

    stack: str


@dataclass(frozen=True, kw_only=True)
class StackStarted(StackEvent):
    """The engine begins with a stack."""

    step: str = ""
    """Which of several steps, where it takes more than one; the last one has no name."""


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


@dataclass(frozen=True, kw_only=True)
class Stopping(Event):
    """Somebody asks the job to stop, for the ``asked``-th time; it still waits for the stacks ``waiting_for``."""

    asked: int
    by: str
    waiting_for: tuple[str, ...]
    text: str


@dataclass(frozen=True, kw_only=True)
class StackSkipped(StackEvent):
    """A stack is not touched. ``because`` says why; its status is ``skipped``."""

    because: str
    step: str = ""
    """Which of several steps, where it takes more than one; the last one has no name."""


@dataclass(frozen=True, kw_only=True)
class StackFinished(StackEvent):
    """A stack is done. ``status``: ``unchanged``, ``changed``, ``failed``, ``interrupted`` or ``absent``."""

    status: str
    seconds: float
    step: str = ""
    """Which of several steps, where it takes more than one; the last one has no name."""
    changes: Mapping[str, int] = field(default_factory=dict)
    """Resources by operation; ``same`` are those that need nothing."""
    error: str = ""
    fix: str = ""
    kind: str = ""
    """What sort of failure: see ``crossaccount.job.faults.failure``."""


@dataclass(frozen=True, kw_only=True)
class Refused(Event):
    """The job does not begin: each reason is a line for people. Its status is ``refused``."""

    because: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StackOutputs(StackEvent):
    """What a stack last deployed exports; ``[secret]`` in place of a secret. Nothing where it was never deployed."""

    outputs: Mapping[str, Any]

    ALWAYS: ClassVar[tuple[str, ...]] = ("outputs",)


@dataclass(frozen=True, kw_only=True)
class StackStatus(StackEvent):
    """How a stack stands. ``state``: ``deployed``, ``never-deployed``, ``destroyed`` or ``not-in-project``."""

    state: str
    account_id: str = ""
    updated: str = ""
    """When it was last deployed, ISO 8601 in UTC."""
    resources: int | None = None
    held_by: str = ""
    """Who has its lock, where the backend tells."""
    access: str = ""
    """Whether the config still says of access what was last deployed: ``unchanged`` or ``changed``; nothing where the
    state is not in files, and looking would take a call each."""
    fix: str = ""
    """What to do about a stack that is not in the project."""


@dataclass(frozen=True, kw_only=True)
class Drift(StackEvent):
    """AWS differs from what a stack deployed: one entry for every resource.

    Each is ``{"op", "type", "name", "properties"}``, with ``properties`` as ``{name: {"deployed", "live"}}``; ``op`` is
    ``update``, or ``delete`` for a resource that is gone.
    """

    resources: tuple[Mapping[str, Any], ...]


Tell = Callable[[Event], None]
"""Takes events as they happen; called from several threads, one call at a time."""
