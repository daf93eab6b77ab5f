"""Where stacks are run: threads of this process, any ``concurrent.futures.Executor``, or a cluster (``cluster``)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from crossaccount.engine.work import Outcome, StackEngine, Work
from crossaccount.job.events import Emit, Event

Submit = Callable[[Work], Future[Outcome]]
"""Hands one run to a worker."""


class Workers(Protocol):
    """Runs stacks side by side, ``parallel`` at most at once."""

    @property
    def parallel(self) -> int: ...

    def open(self, engine: StackEngine, emit: Emit) -> AbstractContextManager[Submit]:
        """Workers that are there until the context ends. What happens on them reaches ``emit``.

        Raises:
            WorkersError: there are none.
        """
        ...

    def interrupt(self, engine: StackEngine) -> None:
        """Ask whatever runs to stop cleanly, while :meth:`open`'s context lasts."""
        ...


@dataclass(frozen=True)
class Threads:
    """Threads of this process, as many as cores: the engine's work is done by the CLI's own processes."""

    parallel: int = field(default_factory=lambda: os.cpu_count() or 1)

    @contextmanager
    def open(self, engine: StackEngine, emit: Emit) -> Iterator[Submit]:
        """See :class:`Workers`."""
        with ThreadPoolExecutor(self.parallel) as executor:
            yield lambda work: executor.submit(engine.run, work, emit)

    def interrupt(self, engine: StackEngine) -> None:
        """See :class:`Workers`."""
        engine.interrupt()


@dataclass(frozen=True)
class OnExecutor:
    """Any executor. Work, engine and outcome must be picklable where it leaves this process.

    What happens there is told when a stack is done: an executor has no way to say it earlier. Nor can what runs there
    be asked to stop: an interrupt waits for it.
    """

    executor: Executor
    parallel: int

    @contextmanager
    def open(self, engine: StackEngine, emit: Emit) -> Iterator[Submit]:
        """See :class:`Workers`."""

        def submit(work: Work) -> Future[Outcome]:
            result: Future[Outcome] = Future()
            result.set_running_or_notify_cancel()
            running = self.executor.submit(run_collecting, engine, work)
            running.add_done_callback(lambda done: _pass_on(done, result, emit))
            return result

        yield submit

    def interrupt(self, engine: StackEngine) -> None:
        """See :class:`Workers`."""


def run_collecting(engine: StackEngine, work: Work) -> tuple[Outcome, list[Event]]:
    """Run ``work`` where its events cannot be told at once."""
    happened: list[Event] = []
    return engine.run(work, happened.append), happened


def _pass_on(done: Future[tuple[Outcome, list[Event]]], result: Future[Outcome], emit: Emit) -> None:
    error = done.exception()
    if error is not None:
        result.set_exception(error)
        return
    outcome, happened = done.result()
    for event in happened:
        emit(event)
    result.set_result(outcome)
