"""Where stacks run: threads of this process, any ``concurrent.futures.Executor``, or a cluster (``cluster``)."""

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
    """Runs stacks in parallel, at most ``parallel`` at once."""

    @property
    def parallel(self) -> int: ...

    def open(self, engine: StackEngine, emit: Emit) -> AbstractContextManager[Submit]:
        """Start workers for the duration of the context. Their events are passed to ``emit``.

        Raises:
            WorkersError: there are none.
        """
        ...

    def interrupt(self, engine: StackEngine) -> None:
        """Ask the running stacks to stop cleanly, within the context of :meth:`open`."""
        ...


@dataclass(frozen=True)
class Threads:
    """Threads of this process, by default one per core: the CLI's own processes do the work."""

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
    """Any executor. Work, engine and outcome must be picklable if it uses other processes.

    An executor cannot pass on events early, so the events of a stack are emitted when it is done. It cannot interrupt a
    stack either: after a request to stop, the job waits for it.
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
    """Run ``work``, and return its outcome with its events."""
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
