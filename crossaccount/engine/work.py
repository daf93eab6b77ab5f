"""The contract of every engine: the work for one stack, and its outcome.

Plain values that can be sent to workers. The events of a run are in ``crossaccount.engine.events``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from crossaccount.engine.deployment import DeploymentError, Resource, Stack
from crossaccount.engine.events import Emit
from crossaccount.settings import CompiledStack

QUIET = ("same", "read", "read-replacement", "discard", "discard-replaced", "refresh")
"""Operations on resources that change nothing in AWS."""

SECRET = "[secret]"
"""The text in place of a secret."""

Unsupported = Literal["skip", "stop"]
"""How to treat a resource that a local AWS cannot create: continue without it, or stop."""

DONE = ("unchanged", "changed", "absent")
"""The statuses with which a stack's dependants run."""


@dataclass(frozen=True)
class Work:
    """One run of one stack."""

    verb: str
    """``preview``, ``up``, ``refresh`` or ``destroy``."""
    project: str
    stack: str
    directory: Path
    """The folder of ``Pulumi.yaml``, from which ``crossaccount:include`` is read."""
    account_id: str
    config: Mapping[str, Any] = field(default_factory=dict)
    """The stack's reviewed config by full key."""
    file: Mapping[str, Any] = field(default_factory=dict)
    """The reviewed stack file for the engine; empty for the one in the folder."""
    compiled: CompiledStack | None = field(default=None, repr=False)
    """The reviewed stack with its included files, for a program in this process."""
    references: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Outputs of upstreams by account name. Accounts without an entry are read by stack reference."""
    new: bool = False
    """Whether the state backend has no such stack yet."""
    secrets_provider: str = ""
    """The secrets provider of a new stack; empty for the CLI's default."""
    refresh: bool = False
    preview_only: bool = False
    """For ``refresh`` and ``destroy``: only preview the changes."""
    plan: Path | None = None
    """The file of the plan, which ``preview`` writes and ``up`` must match."""
    exclude: tuple[str, ...] = ()
    """The URNs that this run excludes."""
    recover: bool = False
    """For ``up``: first repair what a killed update left open."""
    gone: tuple[str, ...] = ()
    """Hosts that are known to be gone, so that their locks are stale."""
    now: datetime | None = None
    """The time of the run, by which the program decides what has ended; None for the present time."""
    fresh: bool = False
    """Whether this job has just changed an upstream: IAM takes seconds to propagate changes."""

    @classmethod
    def up_of(cls, stack: Stack) -> Work:
        """The first ``up`` of a stack, without upstream outputs."""
        place = (stack.project, stack.name, stack.directory, stack.account_id)
        return cls("up", *place, stack.config, new=True, now=stack.now)

    def as_stack(self) -> Stack:
        """The stack with its config."""
        return Stack(self.project, self.stack, self.config, self.directory, now=self.now)

    @property
    def run_at(self) -> dict[str, Any]:
        """The argument ``now`` of a program that has to compile the stack itself."""
        return {"now": self.now} if self.now is not None and self.compiled is None else {}


@dataclass(frozen=True)
class Change:
    """One planned or completed step of a resource. ``op`` is Pulumi's: ``create``, ``update``, ``delete``, ``replace``,
    …
    """

    op: str
    urn: str
    type: str
    name: str
    before: Resource | None
    after: Resource | None
    """The properties before and after: as planned, or as found in AWS."""
    properties: tuple[str, ...] = ()
    """The names of the changed properties, if the provider returns them."""


@dataclass(frozen=True)
class Outcome:
    """How a stack's run ended.

    ``status``: ``unchanged``, ``changed`` (in a preview: would change), ``failed``, ``interrupted``, ``skipped``, or
    ``absent`` (never deployed, so the verb has nothing to do).
    """

    stack: str
    status: str
    seconds: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    """Resources by operation, ``same`` among them."""
    changes: tuple[Change, ...] = ()
    """All steps with a change; for a preview also those without."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """The outputs after the run or, for a preview, the planned ones. Secrets are masked."""
    error: str = ""
    fix: str = ""
    kind: str = ""
    """The kind of failure; see ``crossaccount.engine.failures``."""
    passing: bool = False
    """Whether the failure is temporary."""

    @property
    def done(self) -> bool:
        """Whether dependants may run."""
        return self.status in DONE


class NotDone(Exception):
    """A run was abandoned. ``str()`` has the reason, ``fix`` the remedy for people, ``kind`` the kind of failure."""

    def __init__(self, message: str, fix: str, kind: str) -> None:
        super().__init__(message)
        self.fix = fix
        self.kind = kind


class StackEngine(Protocol):
    """Runs stacks, several at a time. Picklable: each remote worker has a copy."""

    name: str

    def run(self, work: Work, emit: Emit) -> Outcome:
        """Run ``work``. A failure is an ``Outcome`` with status ``failed``; nothing that a user can cause is raised."""
        ...

    def interrupt(self) -> None:
        """Ask all runs in this process to stop cleanly. Another thread may call this."""
        ...


def not_made_text(type_: str, name: str) -> str:
    """The message about a resource that a local AWS cannot create."""
    return f"{type_} {name}: the local AWS cannot create it; it is left out"


def deploy(engine: StackEngine, stack: Stack, emit: Emit = lambda _: None) -> Outcome:
    """Deploy ``stack``, which is new, and return its deployment.

    Raises:
        DeploymentError: it failed.
    """
    outcome = engine.run(Work.up_of(stack), emit)
    if not outcome.done:
        raise DeploymentError(stack.name, outcome.error)
    return outcome
