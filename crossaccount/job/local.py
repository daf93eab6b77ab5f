"""``--local``: the job on a fresh local AWS, with states of its own, gone at the end.

With the pulumi CLI it has a state, a home and copies of the stacks' files of its own; without, stacks are made in this
process, and what was made is all that there is of a state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from crossaccount.engine.automation_engine import AutomationEngine, on_local_aws
from crossaccount.engine.deployers import make_deployers
from crossaccount.engine.deployment import Program, Stack
from crossaccount.engine.local_aws import InProcessEngine
from crossaccount.engine.own_program import own_program
from crossaccount.engine.work import Outcome, StackEngine
from crossaccount.job.recovery.recover import recover
from crossaccount.job.states.backend import Backend, CliBackend, KnownStack
from crossaccount.local.server import LocalAws
from crossaccount.settings import read_project

E = TypeVar("E", bound=StackEngine, covariant=True)


@dataclass(frozen=True)
class LocalParts(Generic[E]):
    """What a job needs to run on ``aws``."""

    aws: LocalAws
    engine: E
    backend: Backend


@contextmanager
def local_parts(directory: Path, program: Program) -> Iterator[LocalParts[AutomationEngine]]:
    """A local AWS, and the pulumi CLI for the project in ``directory``, deploying there."""
    project = read_project(directory)
    stacks, own = [Stack.of(project, name) for name in project.stacks], own_program(project)
    with LocalAws() as aws:
        deployer = make_deployers(aws, stacks)
        with on_local_aws(aws, program, directory, stacks, deployer, own, recover) as engine:
            backend = CliBackend(engine.folder or directory, engine.command, engine.environment)
            yield LocalParts(aws, engine, backend)


@contextmanager
def in_process_parts(directory: Path, program: Program) -> Iterator[LocalParts[InProcessEngine]]:
    """A local AWS, and an engine that makes the stacks of the project in ``directory`` there."""
    project = read_project(directory)
    stacks, own = [Stack.of(project, name) for name in project.stacks], own_program(project)
    with LocalAws() as aws:
        engine = InProcessEngine(program, aws.gateway, make_deployers(aws, stacks), own)
        yield LocalParts(aws, engine, Remembered(engine.deployed))


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

    def last_result(self, stack: str) -> str:
        """See :class:`~crossaccount.job.states.backend.Backend`."""
        return "succeeded" if stack in self.deployed else ""
