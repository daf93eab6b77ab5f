"""Runs the steps of a job, ``parallel`` at once, each after those that it waits for.

Workers never hold more than ``parallel`` steps, so memory depends on the parallelism and not on the number of stacks. A
step whose predecessor failed is skipped and names it; all other steps run. After a request to stop, no further step
begins, the engine is interrupted, and the running steps are awaited.
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
"""How long a request to stop may wait, in seconds."""


@dataclass
class Run:
    """The outcomes of the steps by key, in the order in which they ended."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    interrupted: bool = False
    faults: list[Exception] = field(default_factory=list)
    """Unexpected exceptions: bugs of this program, each of a stack that failed."""


def run_steps(
    steps: Iterable[Step],
    submit: Callable[[Step, Run], Future[Outcome]],
    parallel: int,
    *,
    on_end: Callable[[Step, Outcome], None],
    stop: Stop,
    interrupt: Callable[[int, str, Sequence[str]], None],
) -> Run:
    """Run every step. ``submit`` hands one to a worker; ``on_end`` is called for each, skipped ones included.

    For every request in ``stop``, ``interrupt`` is called with its number, its cause and the running steps. The graph
    of the steps has no circle: settings refuse one.
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
    """The graph of the steps by key: each waits for those of its predecessors that are in the job."""
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(steps, ()))
    for key, step in steps.items():
        sorter.add(key, *(before for before in step.after if before in steps))
    sorter.prepare()
    return sorter


def _failed_before(step: Step, run: Run) -> str:
    """Why a step cannot run; empty if it can."""
    failed = [key for key in sorted(step.after) if key in run.outcomes and not run.outcomes[key].done]
    return f"{failed[0]} {run.outcomes[failed[0]].status}" if failed else ""


def _submitted(submit: Callable[[Step, Run], Future[Outcome]], step: Step, run: Run) -> Future[Outcome]:
    """The future of a step. If all workers are gone, it has failed."""
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
    # A lost worker, or a bug of this program: the stack has failed, and the others go on.
    if _is_fault(error):
        run.faults.append(error)
    return Outcome(step.stack, "failed", error=f"{type(error).__name__}: {error}", kind="worker")


def _is_fault(error: BaseException) -> TypeGuard[Exception]:
    """Whether an error is a bug of this program, and not the loss of a worker or of the network."""
    gone = isinstance(error, (OSError, BrokenExecutor, CancelledError)) or type(error).__module__.startswith(
        "distributed"
    )
    return isinstance(error, Exception) and not gone
