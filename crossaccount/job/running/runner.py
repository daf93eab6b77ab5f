"""Runs the steps of a job: as many at once as wanted, each after what it waits for.

No more than ``parallel`` steps are ever handed to workers, so that memory follows the parallelism and not the
number of stacks. A step whose predecessor failed is skipped and names it; all other steps run. When somebody asks to
stop, no further step is handed out, the engine is told, and the running steps are waited for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import TypeGuard

from crossaccount.engine.work import Outcome
from crossaccount.job.review.order import Step
from crossaccount.job.running.stopping import Stop

INTERRUPTED = "the job was interrupted"
HEED_SECONDS = 0.2
"""How soon a request to stop is heeded."""


@dataclass
class Run:
    """What came of the steps, by key, in the order in which they ended."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    interrupted: bool = False
    faults: list[Exception] = field(default_factory=list)
    """What nobody foresaw, as it was raised: faults of this program, each of a stack that failed."""


def run_steps(
    steps: Iterable[Step],
    submit: Callable[[Step, Run], Future[Outcome]],
    parallel: int,
    *,
    on_end: Callable[[Step, Outcome], None],
    stop: Stop,
    interrupt: Callable[[int, str, Sequence[str]], None],
) -> Run:
    """Run every step. ``submit`` hands one to a worker; ``on_end`` is told of each, skipped ones included.

    Whenever ``stop`` is asked, ``interrupt`` is told how often by now, by what, and which steps run. The steps' graph
    has no circle: settings refuse one.
    """
    by_key = {step.key: step for step in steps}
    sorter, ready = _sorter(by_key), deque[Step]()
    run, handled = Run(), 0
    running: dict[Future[Outcome], Step] = {}

    def next_step() -> Step | None:
        ready.extend(by_key[key] for key in sorter.get_ready())
        return ready.popleft() if ready and (len(running) < parallel or run.interrupted) else None

    def end(step: Step, outcome: Outcome) -> None:
        run.outcomes[step.key] = outcome
        sorter.done(step.key)
        on_end(step, outcome)

    while sorter.is_active():
        for by in stop.requests()[handled:]:
            handled, run.interrupted = handled + 1, True
            interrupt(handled, by, [step.key for step in running.values()])
        while (step := next_step()) is not None:
            if run.interrupted:
                end(step, Outcome(step.stack, "skipped", error=INTERRUPTED))
            elif failed := _failed_before(step, run):
                end(step, Outcome(step.stack, "skipped", error=failed))
            else:
                running[_submitted(submit, step, run)] = step
        done, _ = wait(running, HEED_SECONDS, FIRST_COMPLETED) if running else (set(), None)
        for future in done:
            step = running.pop(future)
            end(step, _result(step, future, run))
    return run


def _sorter(steps: Mapping[str, Step]) -> TopologicalSorter[str]:
    """The steps that take part, by key, in their order; each after those of them that it waits for."""
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(steps, ()))
    for key, step in steps.items():
        sorter.add(key, *(before for before in step.after if before in steps))
    sorter.prepare()
    return sorter


def _failed_before(step: Step, run: Run) -> str:
    """Why a step cannot be done; empty where it can."""
    failed = [key for key in sorted(step.after) if key in run.outcomes and not run.outcomes[key].done]
    return f"{failed[0]} {run.outcomes[failed[0]].status}" if failed else ""


def _submitted(submit: Callable[[Step, Run], Future[Outcome]], step: Step, run: Run) -> Future[Outcome]:
    """The step's future; one that cannot be handed over, because all workers are gone, has failed."""
    try:
        return submit(step, run)
    except (RuntimeError, OSError) as error:  # BrokenExecutor is a RuntimeError
        failed: Future[Outcome] = Future()
        failed.set_exception(error)
        return failed


def _result(step: Step, future: Future[Outcome], run: Run) -> Outcome:
    error = future.exception()
    if error is None:
        return future.result()
    # A worker that went away, or a fault of ours: either way the stack is not done, and the others go on.
    if _is_fault(error):
        run.faults.append(error)
    return Outcome(step.stack, "failed", error=f"{type(error).__name__}: {error}", kind="worker")


def _is_fault(error: BaseException) -> TypeGuard[Exception]:
    """Whether an error is this program's own, and not that of a worker or a network that went away."""
    gone = isinstance(error, (OSError, BrokenExecutor, CancelledError)) or type(error).__module__.startswith(
        "distributed"
    )
    return isinstance(error, Exception) and not gone
