"""The contract of every engine: what is asked for one stack, and what came of it.

Plain values, which travel to workers. What an engine says meanwhile is in ``crossaccount.engine.events``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from crossaccount.engine.deployment import DeploymentError, Resource, Stack
from crossaccount.engine.events import Emit
from crossaccount.settings import CompiledStack

QUIET = ("same", "read", "read-replacement", "discard", "discard-replaced", "refresh")
"""Operations on resources that change nothing in AWS."""

SECRET = "[secret]"
"""What is shown in place of a secret."""

Unsupported = Literal["skip", "stop"]
"""What to do about a resource that a local AWS cannot make: go on without it, or not at all."""

DONE = ("unchanged", "changed", "absent")
"""The statuses of a stack that let its dependants go on."""


@dataclass(frozen=True)
class Work:
    """One run of one stack."""

    verb: str
    """``preview``, ``up``, ``refresh`` or ``destroy``."""
    project: str
    stack: str
    directory: Path
    """The folder of ``Pulumi.yaml``: where ``crossaccount:include`` looks."""
    account_id: str
    config: Mapping[str, Any] = field(default_factory=dict)
    """The stack's effective config by full key, as it was reviewed."""
    file: Mapping[str, Any] = field(default_factory=dict)
    """The stack's file as it was reviewed, which the engine gets; empty: the one in the folder."""
    compiled: CompiledStack | None = field(default=None, repr=False)
    """The stack as it was reviewed, its included files too, for a program that runs in this process."""
    references: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Upstream outputs by account name that are handed on; accounts that are not here are read by stack reference."""
    new: bool = False
    """Whether the state backend has no such stack yet."""
    secrets_provider: str = ""
    """What encrypts the secrets of a stack that is new; empty: what the CLI takes by itself."""
    refresh: bool = False
    preview_only: bool = False
    """For ``refresh`` and ``destroy``: say what would change, and change nothing."""
    plan: Path | None = None
    """``preview`` writes it, ``up`` is held to it."""
    exclude: tuple[str, ...] = ()
    """URNs that this run leaves alone."""
    recover: bool = False
    """For ``up``: first repair what a killed update left."""
    gone: tuple[str, ...] = ()
    """Machines of which a person says that they are gone: their locks are stale."""
    fresh: bool = False
    """Whether this job has just changed a stack that this one reads: IAM takes seconds to spread that."""

    @classmethod
    def up_of(cls, stack: Stack) -> Work:
        """The first ``up`` of a stack, which hands nothing on."""
        return cls("up", stack.project, stack.name, stack.directory, stack.account_id, stack.config, new=True)

    def as_stack(self) -> Stack:
        """The stack with its config."""
        return Stack(self.project, self.stack, self.config, self.directory)


@dataclass(frozen=True)
class Change:
    """One resource's step, planned or done. ``op`` is Pulumi's: ``create``, ``update``, ``delete``, ``replace``, …"""

    op: str
    urn: str
    type: str
    name: str
    before: Resource | None
    after: Resource | None
    """What it was and will be, where that is planned, or was and is, where it was found in AWS."""
    properties: tuple[str, ...] = ()
    """Names of the properties that differ, where the provider says."""


@dataclass(frozen=True)
class Outcome:
    """How a stack's run ended.

    ``status``: ``unchanged``, ``changed`` (in a preview: would change), ``failed``, ``interrupted``, ``skipped``, or
    ``absent``: never deployed, and the verb is about what is.
    """

    stack: str
    status: str
    seconds: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    """Resources by operation, ``same`` among them."""
    changes: tuple[Change, ...] = ()
    """Every step that changes something; of a preview those that do not, too."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """Exports as they are after the run, or would be. Secrets are masked."""
    error: str = ""
    fix: str = ""
    kind: str = ""
    """What sort of failure; see ``crossaccount.engine.failures``."""
    passing: bool = False
    """Whether the failure may pass by itself."""

    @property
    def done(self) -> bool:
        """Whether dependants may go on."""
        return self.status in DONE


class NotDone(Exception):
    """A run was given up. ``str()`` says why, ``fix`` what a person can do, ``kind`` what sort of failure it is."""

    def __init__(self, message: str, fix: str, kind: str) -> None:
        super().__init__(message)
        self.fix = fix
        self.kind = kind


class StackEngine(Protocol):
    """Runs stacks, several at a time. It can be pickled: a worker elsewhere makes the same one."""

    name: str

    def run(self, work: Work, emit: Emit) -> Outcome:
        """Do ``work``. Failures are an ``Outcome`` with status ``failed``; nothing a user can cause is raised."""
        ...

    def interrupt(self) -> None:
        """Ask every run in this process to stop cleanly, from another thread."""
        ...


def not_made_text(type_: str, name: str) -> str:
    """What is said of a resource that a local AWS cannot make."""
    return f"{type_} {name}: the local AWS cannot make it; it is left out"


def deploy(engine: StackEngine, stack: Stack, emit: Emit = lambda _: None) -> Outcome:
    """Deploy ``stack``, which is new, and give back what came of it.

    Raises:
        DeploymentError: it failed.
    """
    outcome = engine.run(Work.up_of(stack), emit)
    if not outcome.done:
        raise DeploymentError(stack.name, outcome.error)
    return outcome
