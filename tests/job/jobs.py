"""Projects of many small stacks, and a backend and an engine for them that touch nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from crossaccount.engine.work import Outcome, Work
from crossaccount.job import events
from crossaccount.job.running.workers import Threads
from crossaccount.job.stacks import Stacks
from crossaccount.job.states import KnownStack

WHEN = "2026-01-02T03:04:05Z"


def write_project(folder: Path, reads: Mapping[str, tuple[str, ...]]) -> Path:
    """A project of stacks that read each other as said; each has one role."""
    accounts = {name: {"id": f"{number:012}", "stack": name} for number, name in enumerate(reads, 100000000000)}
    book = {"crossaccount:accounts": {"value": accounts}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "fleet", "runtime": "python", "config": book}))
    for name, read in reads.items():
        config = {
            "aws:allowedAccountIds": [accounts[name]["id"]],
            "crossaccount:account": name,
            "crossaccount:reads": list(read),
            "crossaccount:trusting": {"roles": {"Auditor": {"trust": [{"principals": [next(iter(reads))]}]}}},
        }
        (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))
    return folder


@dataclass
class ScriptedEngine:
    """Answers as ``outcomes`` say, ``unchanged`` otherwise, and keeps what it was asked."""

    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    before: Callable[[Work, events.Emit], None] | None = None
    name = "scripted"

    def __post_init__(self) -> None:
        self.asked: list[Work] = []

    def run(self, work: Work, emit: events.Emit) -> Outcome:
        self.asked.append(work)
        if self.before:
            self.before(work, emit)
        return self.outcomes.get(work.stack, Outcome(work.stack, "unchanged", outputs={"of": work.stack}))

    def interrupt(self) -> None:
        pass


@dataclass
class MemoryBackend:
    """The backend that has ``known``, with ``states``."""

    known: dict[str, KnownStack] = field(default_factory=dict)
    states: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: int = 0
    results: dict[str, str] = field(default_factory=dict)
    """How the last update of a stack ended, where it did not succeed; empty of one that was only made."""

    in_files = True

    def stacks(self) -> Mapping[str, KnownStack]:
        self.asked += 1
        return self.known

    def state(self, stack: str) -> Mapping[str, Any]:
        return self.states.get(stack, {})

    def last_result(self, stack: str) -> str:
        return self.results.get(stack, "succeeded")


def deployed(*names: str, resources: int | None = 3) -> MemoryBackend:
    """A backend in which these stacks are deployed."""
    return MemoryBackend({name: KnownStack(name, WHEN, resources) for name in names})


@dataclass
class Job:
    """The stacks of a project, and the events that they told."""

    stacks: Stacks
    engine: ScriptedEngine
    backend: MemoryBackend
    told: list[events.Event]

    def of(self, kind: type[events.Event]) -> list[Any]:
        """The events of one kind."""
        return [each for each in self.told if isinstance(each, kind)]


def empty(stack: str, account_id: str) -> Mapping[str, Any]:
    """An account that has nothing, read live."""
    del stack, account_id
    return {}


def job(
    folder: Path,
    engine: ScriptedEngine | None = None,
    backend: MemoryBackend | None = None,
    at_once: int = 1,
    accounts: Any = empty,
) -> Job:
    """The job over the project in ``folder``."""
    told: list[events.Event] = []
    engine, backend = engine or ScriptedEngine(), backend or MemoryBackend()
    stacks = Stacks(folder, engine, backend, workers=Threads(at_once), on_event=told.append, accounts=accounts)
    return Job(stacks, engine, backend, told)
