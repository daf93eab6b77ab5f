"""``--local`` without a pulumi CLI: stacks are made in this process, on a fresh local AWS. A rehearsal, and it says so.

There is ``preview`` (everything would be made) and ``up`` (everything is made): nothing is updated, deleted or found
again, and what was made is remembered for as long as the job lasts. Stacks go one after the other: Pulumi's test
monitor knows no threads, and the local AWS takes as much time as the program does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks

from crossaccount.engine.deployers import make_deployers
from crossaccount.engine.deployment import Deployment, DeploymentError, Program, Resource, Stack
from crossaccount.engine.in_process import ORGANIZATION, run_in_process
from crossaccount.engine.local_aws import CreatingMocks
from crossaccount.engine.local_config import connect
from crossaccount.engine.recording import record
from crossaccount.job import events
from crossaccount.job.faults.failure import failure_of
from crossaccount.job.states.backend import KnownStack
from crossaccount.job.states.standing import SECRET
from crossaccount.job.work import Change, Outcome, Work
from crossaccount.local.clients import Credentials
from crossaccount.local.handlers import HANDLERS, ResourceError
from crossaccount.local.server import LocalAws
from crossaccount.settings import read_project

VERBS = ("preview", "up", "outputs")
"""The verbs that need no CLI."""


@dataclass(frozen=True)
class InProcessFleet:
    """What a job needs to run in this process."""

    aws: LocalAws
    engine: InProcessStacks
    backend: Remembered


@contextmanager
def in_process_fleet(directory: Path, program: Program) -> Iterator[InProcessFleet]:
    """A local AWS, and an engine for the project in ``directory`` that makes its stacks there."""
    project = read_project(directory)
    stacks = {name: Stack.of(project, name) for name in project.stacks}
    with LocalAws() as aws:
        engine = InProcessStacks(program, stacks, aws.endpoint, make_deployers(aws, list(stacks.values())))
        yield InProcessFleet(aws, engine, Remembered(engine.deployed))


class InProcessStacks:
    """Makes ``stacks`` on the local AWS at ``endpoint``, one at a time.

    ``deployer`` assumes the roles of those that are deployed through roles.
    """

    name = "in-process"

    def __init__(
        self, program: Program, stacks: Mapping[str, Stack], endpoint: str, deployer: Credentials | None = None
    ) -> None:
        self._program = program
        self._stacks = stacks
        self._endpoint = endpoint
        self._deployer = deployer
        self._one_at_a_time = threading.Lock()
        self._stopping = False
        self.deployed: dict[str, Outcome] = {}

    def run(self, work: Work, tell: events.Tell) -> Outcome:
        """See :class:`~crossaccount.job.work.StackEngine`."""
        with self._one_at_a_time:
            if self._stopping:
                return Outcome(work.stack, "interrupted", error="stopped before it began")
            begun = time.monotonic()
            try:
                made = self._preview(work) if work.verb == "preview" else self._up(work, tell)
            except (DeploymentError, ResourceError) as error:
                failure, seconds = failure_of(work.stack, [str(error)], ""), time.monotonic() - begun
                return Outcome(work.stack, "failed", seconds, error=failure.message, fix=failure.fix, kind=failure.kind)
            seconds = round(time.monotonic() - begun, 2)
            outcome = _outcome(made, seconds, planning=work.verb == "preview")
        for text in made.messages:
            tell(events.Message(stack=work.stack, severity="warning", text=text))
        if work.verb == "up":
            self.deployed[work.stack] = outcome
        return outcome

    def interrupt(self) -> None:
        """See :class:`~crossaccount.job.work.StackEngine`. What runs is finished: it takes a moment."""
        self._stopping = True

    def _preview(self, work: Work) -> Deployment:
        deployed = {**self._exports(work), **self._own_name(work)}
        stack = self._stacks[work.stack]
        return record(stack, self._program, references=work.references, deployed=deployed, preview=True)

    def _up(self, work: Work, tell: events.Tell) -> Deployment:
        stack = self._stacks[work.stack]
        program = partial(self._program, references=work.references, root=work.directory)
        with connect(stack, self._endpoint, self._deployer) as aws:
            creating = CreatingMocks(aws, {**self._own_name(work), **self._exports(work)}, None)
            return run_in_process(stack, program, _Telling(creating, work.stack, tell))

    def _exports(self, work: Work) -> dict[str, Mapping[str, Any]]:
        """What stack references find: outputs by the stacks' full names."""
        return {f"{ORGANIZATION}/{work.project}/{name}": each.outputs for name, each in self.deployed.items()}

    def _own_name(self, work: Work) -> dict[str, Mapping[str, Any]]:
        """A stack may read itself before its first deployment."""
        return {f"{ORGANIZATION}/{work.project}/{work.stack}": {}}


class _Telling(Mocks):
    """Tells of each resource when it is made."""

    def __init__(self, inner: Mocks, stack: str, tell: events.Tell) -> None:
        self._inner = inner
        self._stack = stack
        self._tell = tell

    def call(self, args: MockCallArgs) -> Any:
        return self._inner.call(args)

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        say: Callable[[str], None] = lambda state: self._say(args, state)  # noqa: E731
        try:
            made = self._inner.new_resource(args)
        except BaseException:
            say("failed")
            raise
        say("done")
        return made

    def _say(self, args: MockResourceArgs, state: str) -> None:
        if not args.typ.startswith("pulumi:"):
            self._tell(events.Resource(stack=self._stack, op="create", type=args.typ, name=args.name, state=state))


@dataclass(frozen=True)
class Remembered:
    """What was made in this process: the nearest thing to a state that there is."""

    deployed: Mapping[str, Outcome]
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))

    in_files = True

    def stacks(self) -> Mapping[str, KnownStack]:
        """See :class:`~crossaccount.job.states.backend.Backend`."""
        updated = self.begun.isoformat()
        return {name: KnownStack(name, updated, len(each.changes)) for name, each in self.deployed.items()}

    def state(self, stack: str) -> Mapping[str, Any]:
        """See :class:`~crossaccount.job.states.backend.Backend`."""
        if stack not in self.deployed:
            return {}
        exports = self.deployed[stack].outputs
        return {"resources": [{"urn": stack, "type": "pulumi:pulumi:Stack", "outputs": exports}]}

    def was_updated(self, stack: str) -> bool:
        """See :class:`~crossaccount.job.states.backend.Backend`."""
        return stack in self.deployed


def _outcome(made: Deployment, seconds: float, *, planning: bool) -> Outcome:
    changes = tuple(
        Change("create", each.urn, each.type, each.name, None, _masked(each) if planning else None)
        for each in _of_the_account(made)
    )
    # The engine counts the stack itself, too.
    return Outcome(made.stack, "changed", seconds, {"create": len(changes) + 1}, changes, made.outputs)


def _of_the_account(made: Deployment) -> list[Resource]:
    return [each for each in made.resources if not each.type.startswith("pulumi:")]


def _masked(resource: Resource) -> Resource:
    handler = HANDLERS.get(resource.type)
    secret = handler.secrets if handler else frozenset[str]()

    def shown(values: Mapping[str, Any]) -> dict[str, Any]:
        return {key: SECRET if key in secret else value for key, value in values.items()}

    return Resource(
        resource.urn, resource.type, resource.name, shown(resource.inputs), shown(resource.outputs), resource.id
    )
