"""Runs the steps of a job on an executor: as many at once as wanted, each after what it waits for.

No more than ``parallel`` steps are ever handed to the executor, so that memory follows the parallelism and not the
fleet. A step whose predecessor failed is skipped and says whose fault it is; everything else goes on. An interrupt
stops handing out, lets the engine stop what runs, and waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field

from crossaccount.job.order import Step
from crossaccount.job.work import Outcome

INTERRUPTED = "the job was interrupted"


@dataclass
class Run:
    """What came of the steps, by key, in the order in which they ended."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    interrupted: bool = False


def run_steps(
    steps: Iterable[Step],
    submit: Callable[[Step, Executor, Run], Future[Outcome]],
    executor: Executor,
    parallel: int,
    *,
    on_end: Callable[[Step, Outcome], None],
    interrupt: Callable[[], None],
) -> Run:
    """Run every step. ``submit`` hands one to the executor; ``on_end`` is told of each, skipped ones included.

    The steps' graph has no circle: settings refuse one.
    """
    run, waiting = Run(), {step.key: step for step in steps}
    running: dict[Future[Outcome], Step] = {}

    def end(step: Step, outcome: Outcome) -> None:
        run.outcomes[step.key] = outcome
        on_end(step, outcome)

    while waiting or running:
        try:
            for step in _ready(waiting, run) if not run.interrupted else ():
                if blame := _blame(step, run):
                    end(waiting.pop(step.key), Outcome(step.stack, "skipped", error=blame))
                elif len(running) < parallel:
                    running[submit(step, executor, run)] = waiting.pop(step.key)
            if run.interrupted:
                for key in list(waiting):
                    end(step := waiting.pop(key), Outcome(step.stack, "skipped", error=INTERRUPTED))
            done, _ = wait(running, return_when=FIRST_COMPLETED) if running else (set(), None)
            for future in done:
                step = running.pop(future)
                end(step, _result(step, future))
        except KeyboardInterrupt:
            run.interrupted = True
            interrupt()
    return run


def _ready(waiting: dict[str, Step], run: Run) -> list[Step]:
    known = set(waiting)
    return [step for step in waiting.values() if all(key in run.outcomes or key not in known for key in step.after)]


def _blame(step: Step, run: Run) -> str:
    """Why a step cannot be done; empty where it can."""
    failed = [key for key in sorted(step.after) if key in run.outcomes and not run.outcomes[key].done]
    return f"{failed[0]} {run.outcomes[failed[0]].status}" if failed else ""


def _result(step: Step, future: Future[Outcome]) -> Outcome:
    error = future.exception()
    if error is None:
        return future.result()
    # A worker that went away, or a mistake of ours: either way the stack is not done, and the others go on.
    return Outcome(step.stack, "failed", error=f"{type(error).__name__}: {error}", kind="worker")
