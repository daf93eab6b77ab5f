"""Retries stacks that failed for a temporary reason, with random, growing delays and an upper bound.

The provider retries each AWS call (pulumi-aws: 25 times). If a call still fails, the stack fails, and the job runs the
stack again, because an update may be repeated. This happens only if every reason is temporary (``failures``): AWS
throttles or has an outage, or IAM has not yet propagated a principal that this job created in another account
(``fresh``). If the job created none, an unknown principal is a mistake, and waiting does not help.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from crossaccount.engine.events import Emit, Retrying
from crossaccount.engine.work import QUIET, Outcome, StackEngine, Work

PROPAGATION = "propagation"


@dataclass(frozen=True)
class Patience:
    """The bounds of retries, which apply together. Times are waiting times in seconds."""

    attempts: int = 4
    first: float = 5.0
    longest: float = 60.0
    total: float = 180.0

    def wait(self, attempt: int, waited: float, chance: float) -> float | None:
        """How long to wait after the failed ``attempt`` (from 1); None to stop. ``chance`` is from 0 to 1.

        The wait is between half of the time and all of it, so that stacks that were throttled together separate.
        """
        if attempt >= self.attempts:
            return None
        seconds = min(self.longest, self.first * 2 ** (attempt - 1)) * (0.5 + chance / 2)
        return seconds if waited + seconds <= self.total else None


@dataclass
class RetryingEngine:
    """An engine that retries the stacks of ``engine`` if that may help."""

    engine: StackEngine
    patience: Patience = Patience()
    chance: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        self.name = self.engine.name
        self._stopping = threading.Event()

    def __reduce__(self) -> Any:
        return type(self), (self.engine, self.patience)

    def run(self, work: Work, emit: Emit) -> Outcome:
        """See :class:`~crossaccount.engine.work.StackEngine`."""
        started, waited, before = time.monotonic(), 0.0, Outcome(work.stack, "unchanged")
        for attempt in range(1, self.patience.attempts + 1):
            outcome = together(before, self.engine.run(work, emit))
            wait = self.patience.wait(attempt, waited, self.chance()) if may_pass(work, outcome) else None
            if wait is None:
                break
            first_line = outcome.error.partition("\n")[0]
            emit(Retrying(stack=work.stack, attempt=attempt + 1, seconds=round(wait, 1), because=first_line))
            if self._stopping.wait(wait):
                break
            waited, before = waited + wait, outcome
        return replace(outcome, seconds=round(time.monotonic() - started, 2))

    def interrupt(self) -> None:
        """See :class:`~crossaccount.engine.work.StackEngine`."""
        self._stopping.set()
        self.engine.interrupt()


def may_pass(work: Work, outcome: Outcome) -> bool:
    """Whether a retry of ``work`` may help."""
    return outcome.status == "failed" and outcome.passing and (outcome.kind != PROPAGATION or work.fresh)


def together(before: Outcome, after: Outcome) -> Outcome:
    """The combined outcome of two runs of a stack: the end of the second, and the changes of both."""
    done = {op: count for op, count in before.counts.items() if op not in QUIET}
    if not done:
        return after
    counts = dict(after.counts)
    for op, count in done.items():
        counts[op] = counts.get(op, 0) + count
    # The second run finds unchanged what the first one created or changed.
    counts["same"] = max(0, counts.get("same", 0) - sum(count for op, count in done.items() if op != "delete"))
    changes = {change.urn: change for change in (*before.changes, *after.changes)}
    status = "changed" if after.status == "unchanged" else after.status
    return replace(after, status=status, counts=counts, changes=tuple(changes.values()))
