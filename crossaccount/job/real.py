"""The job as it runs against AWS: the user's CLI, login, state and stack files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crossaccount.engine.deployment import Program
from crossaccount.job.engine.automation_engine import AutomationEngine
from crossaccount.job.engine.retries import RetryingEngine
from crossaccount.job.states.backend import CliBackend
from crossaccount.job.work import StackEngine


@dataclass(frozen=True)
class RealFleet:
    """What a job needs to run as the user."""

    engine: StackEngine
    backend: CliBackend


@contextmanager
def real_fleet(directory: Path, program: Program) -> Iterator[RealFleet]:
    """The engine and backend of the project in ``directory``."""
    engine = AutomationEngine(program)
    yield RealFleet(RetryingEngine(engine), CliBackend(directory.resolve(), engine.command))
