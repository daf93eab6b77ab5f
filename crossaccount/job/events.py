"""What a job says while it runs: a stream of small frozen values, one line of JSON each; and the file that keeps them.

Every line has ``time`` (UTC, ISO 8601), ``event`` and, where it is about one stack, ``stack``. The last line of a job
is ``job-finished`` and has its ``status``. Readers must ignore events and keys that they do not know.

A full disk or a reader that went away must not stop what is half done in AWS. It is said once; the job goes on, and its
exit code is about its stacks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from crossaccount.engine.events import Emit, Event, Message, Resource, Retrying, StackEvent, now
from crossaccount.escaping import json_text
from crossaccount.iam.problem import Problem
from crossaccount.settings import SettingsError

__all__ = [
    "Drift",
    "Emit",
    "Event",
    "JobFinished",
    "JobStarted",
    "Message",
    "Refused",
    "Resource",
    "Retrying",
    "StackEvent",
    "StackFinished",
    "StackOutputs",
    "StackSkipped",
    "StackStarted",
    "StackStatus",
    "Stopping",
    "now",
]


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
class StackStarted(StackEvent):
    """The engine begins with a stack."""

    step: str = ""
    """Which of several steps, where it takes more than one; the last one has no name."""


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
    """What sort of failure: see ``crossaccount.engine.failures``."""


@dataclass(frozen=True, kw_only=True)
class Refused(Event):
    """The job does not begin: each reason is a line for people. Its status is ``refused``."""

    because: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StackOutputs(StackEvent):
    """What a stack last deployed exports; ``[secret]`` in place of a secret. Nothing where it was never deployed."""

    outputs: Mapping[str, Any]
    result: str = ""
    """How its last update ended: ``succeeded``, ``failed`` or ``in-progress``. A failed one may have left other outputs
    than it would have exported."""

    ALWAYS: ClassVar[tuple[str, ...]] = ("outputs",)


@dataclass(frozen=True, kw_only=True)
class StackStatus(StackEvent):
    """How a stack stands. ``state``: ``deployed``, ``never-deployed``, ``destroyed`` or ``not-in-project``."""

    state: str
    account_id: str = ""
    updated: str = ""
    """When it was last deployed, ISO 8601 in UTC."""
    result: str = ""
    """How its last update ended: ``succeeded``, ``failed`` or ``in-progress``; nothing where the state is not in files,
    and looking would take a call each."""
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


PRIVATE = 0o600


def until_it_fails(emit: Emit, where: str, complain: Callable[[str], None]) -> Emit:
    """``emit``, until it fails for the first time, which is said to ``complain``."""
    lost = False

    def guarded_emit(event: Event) -> None:
        nonlocal lost
        if lost:
            return
        try:
            emit(event)
        except OSError as error:
            lost = True
            complain(f"{where}: cannot be written any more ({error.strerror}); the job goes on without it")

    return guarded_emit


@contextmanager
def event_log(file: Path, complain: Callable[[str], None]) -> Iterator[Emit]:
    """Appends events to ``file``, one line of JSON each, as they happen. It is for its owner only.

    Raises:
        SettingsError: the file cannot be opened; nothing has begun.
    """
    try:
        # A pipe that nobody reads is an error, and is not waited for. What is written later may wait for its reader.
        log = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, PRIVATE)
        os.set_blocking(log, True)
    except OSError as error:
        what = f"cannot be opened ({error.strerror})"
        raise SettingsError([Problem("--log", what, str(file), "name another file")]) from None

    def write(event: Event) -> None:
        # In one piece: two jobs may write to one file.
        os.write(log, f"{json_text(event.to_json())}\n".encode())

    try:
        yield until_it_fails(write, f"--log {file}", complain)
    finally:
        os.close(log)
