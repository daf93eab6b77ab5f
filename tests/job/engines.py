"""Engines that do nothing, for tests of what stands around an engine. They can be pickled."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from crossaccount.engine.work import Outcome, Work
from crossaccount.job import events


def work(stack: str) -> Work:
    """An ``up`` of a stack that is nowhere."""
    return Work("up", "project", stack, Path(), "111111111111")


@dataclass
class SleepingEngine:
    """Says where it is, sleeps ``seconds`` and is done; an interrupt wakes it."""

    seconds: float = 0.0
    marks: Path | None = None
    """A folder in which it leaves a file for each stack that it begins with."""

    name = "sleeping"

    def __post_init__(self) -> None:
        self._interrupted = False

    def run(self, work: Work, emit: events.Emit) -> Outcome:
        emit(events.Message(stack=work.stack, severity="info", text="begins"))
        if self.marks:
            (self.marks / work.stack).touch()
        until = time.monotonic() + self.seconds
        while time.monotonic() < until:
            if self._interrupted:
                return Outcome(work.stack, "interrupted")
            time.sleep(0.02)
        return Outcome(work.stack, "unchanged", outputs={"stack": work.stack})

    def interrupt(self) -> None:
        self._interrupted = True


class FailingEngine(SleepingEngine):
    """Raises, as only a mistake of ours would."""

    def run(self, work: Work, emit: events.Emit) -> Outcome:
        super().run(work, emit)
        raise ZeroDivisionError("mistake")
