"""The events of a running job: small frozen values, each written as one line of JSON; and the file that keeps them.

Every line has ``time`` (UTC, ISO 8601), ``event`` and, where it is about one stack, ``stack``. The last line of a job
is ``job-finished`` and has its ``status``. Readers must ignore events and keys that they do not know.

A full disk or a closed pipe must not stop an update in the middle. It is reported once, and the job goes on. The exit
code is about the stacks alone.
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
    """The job begins. ``stacks`` are in their order: each after those that it waits for."""

    verb: str
    stacks: tuple[str, ...]
    parallel: int
    engine: str = ""
    """``pulumi``; or ``in-process``, a rehearsal without the CLI and without state."""


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
    """The name of the step, if the stack takes more than one; the last step has no name."""


@dataclass(frozen=True, kw_only=True)
class Stopping(Event):
    """A request to stop, the ``asked``-th one. The job still waits for the stacks ``waiting_for``."""

    asked: int
    by: str
    waiting_for: tuple[str, ...]
    text: str


@dataclass(frozen=True, kw_only=True)
class StackSkipped(StackEvent):
    """A stack is not run. ``because`` gives the reason; its status is ``skipped``."""

    because: str
    step: str = ""
    """The name of the step, if the stack takes more than one; the last step has no name."""


@dataclass(frozen=True, kw_only=True)
class StackFinished(StackEvent):
    """A stack is done. ``status``: ``unchanged``, ``changed``, ``failed``, ``interrupted`` or ``absent``."""

    status: str
    seconds: float
    step: str = ""
    """The name of the step, if the stack takes more than one; the last step has no name."""
    changes: Mapping[str, int] = field(default_factory=dict)
    """The number of resources by operation; ``same`` are unchanged ones."""
    error: str = ""
    fix: str = ""
    kind: str = ""
    """The kind of failure, one of ``crossaccount.engine.failures``."""


@dataclass(frozen=True, kw_only=True)
class Refused(Event):
    """The job does not begin: each reason is a line for people. Its status is ``refused``."""

    because: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StackOutputs(StackEvent):
    """The outputs of a stack's last deployment, with ``[secret]`` in place of secrets; empty if it was never
    deployed.
    """

    outputs: Mapping[str, Any]
    result: str = ""
    """How its last update ended: ``succeeded``, ``failed`` or ``in-progress``. After a failure the outputs may be
    older."""

    ALWAYS: ClassVar[tuple[str, ...]] = ("outputs",)


@dataclass(frozen=True, kw_only=True)
class StackStatus(StackEvent):
    """The status of a stack. ``state``: ``deployed``, ``never-deployed``, ``destroyed`` or ``not-in-project``."""

    state: str
    account_id: str = ""
    updated: str = ""
    """The time of its last deployment, ISO 8601 in UTC."""
    result: str = ""
    """How its last update ended: ``succeeded``, ``failed`` or ``in-progress``. Empty if the backend does not keep
    files, because that would cost one CLI call for each stack."""
    resources: int | None = None
    held_by: str = ""
    """The holder of its lock, if the backend shows it."""
    access: str = ""
    """Whether the config declares the access that was last deployed: ``unchanged`` or ``changed``. Empty as for
    ``result``."""
    fix: str = ""
    """What to do about a stack that is not in the project."""


@dataclass(frozen=True, kw_only=True)
class Drift(StackEvent):
    """AWS differs from what a stack deployed. ``resources`` has one entry for each resource.

    Each is ``{"op", "type", "name", "properties"}``, with ``properties`` as ``{name: {"deployed", "live"}}``; ``op`` is
    ``update``, or ``delete`` for a resource that is gone.
    """

    resources: tuple[Mapping[str, Any], ...]


PRIVATE = 0o600


def until_it_fails(emit: Emit, where: str, complain: Callable[[str], None]) -> Emit:
    """``emit`` until its first failure, which is reported to ``complain``; then nothing."""
    lost = False

    def guarded_emit(event: Event) -> None:
        nonlocal lost
        if lost:
            return
        try:
            emit(event)
        except OSError as error:
            lost = True
            complain(f"{where}: can no longer be written ({error.strerror}); the job goes on without it")

    return guarded_emit


@contextmanager
def event_log(file: Path, complain: Callable[[str], None]) -> Iterator[Emit]:
    """Appends events to ``file`` as they happen, one line of JSON each. Only its owner can read it.

    Raises:
        SettingsError: the file cannot be opened. No stack has been run.
    """
    try:
        # Opening a pipe without a reader fails at once. Later writes may wait for the reader.
        log = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, PRIVATE)
        os.set_blocking(log, True)
    except OSError as error:
        what = f"cannot be opened ({error.strerror})"
        raise SettingsError([Problem("--log", what, str(file), "name another file")]) from None

    def write(event: Event) -> None:
        # One write per event: two jobs may append to one file.
        os.write(log, f"{json_text(event.to_json())}\n".encode())

    try:
        yield until_it_fails(write, f"--log {file}", complain)
    finally:
        os.close(log)
