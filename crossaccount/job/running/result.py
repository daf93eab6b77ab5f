"""The result of a job as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from crossaccount.engine.retries import together
from crossaccount.engine.work import Outcome
from crossaccount.job.afterwards.drift import AccessDrift
from crossaccount.job.afterwards.trying import Tried
from crossaccount.job.afterwards.verify import Closure, Verification, check_closure, try_tests
from crossaccount.job.events import Emit
from crossaccount.job.loading import Loaded
from crossaccount.job.review.review import Review
from crossaccount.job.running.runner import Run

BAD = ("failed", "interrupted", "skipped")


@dataclass(frozen=True)
class JobResult:
    """The result of a job. ``status``: ``succeeded``, ``failed``, ``refused``, ``interrupted``, or ``drifted``."""

    verb: str
    status: str
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    """The outcomes by stack, failed ones first."""
    seconds: float = 0.0
    review: Review | None = None
    """The review of a preview or an update."""
    closure: Closure | None = None
    """Whether the exports fit together, after an update that changed something."""
    tried: tuple[Tried, ...] = ()
    """The results of the access tests, after an update with verification."""
    drift: AccessDrift | None = None
    """The drift in access, for the verb ``drift``."""
    faults: tuple[Exception, ...] = ()
    """Bugs of this program that made stacks fail."""

    @property
    def ok(self) -> bool:
        """Whether the whole job succeeded."""
        return self.status == "succeeded"


def result_of(verb: str, run: Run, seconds: float) -> JobResult:
    """The result of the steps that ran."""
    ordered = sorted(
        by_stack(run).items(), key=lambda item: BAD.index(item[1].status) if item[1].status in BAD else len(BAD)
    )
    outcomes = dict(ordered)
    status = "interrupted" if run.interrupted else "succeeded"
    if not run.interrupted and not all(each.done for each in outcomes.values()):
        status = "failed"
    elif not run.interrupted and verb == "drift" and any(each.status == "changed" for each in outcomes.values()):
        status = "drifted"
    return JobResult(verb, status, outcomes, round(seconds, 2), faults=tuple(run.faults))


def by_stack(run: Run) -> dict[str, Outcome]:
    """The outcome of each stack, with all its steps combined."""
    found: dict[str, Outcome] = {}
    for each in run.outcomes.values():
        before = found.get(each.stack)
        if before is None:
            found[each.stack] = each
        elif before.done:
            found[each.stack] = together(before, each)
    return found


def after_update(loaded: Loaded, result: JobResult, emit: Emit, verification: Verification | None) -> JobResult:
    """The result of an update with the checks after it. It failed if an access test failed."""
    outcomes = result.outcomes.values()
    closure = check_closure(loaded, outcomes, emit) or result.closure
    tried = try_tests(verification, loaded, outcomes, emit) if verification else result.tried
    wrong = any(each.outcome == "does not" for each in tried) or bool(closure and closure.problems)
    status = "failed" if wrong and result.ok else result.status
    return replace(result, closure=closure, tried=tried, status=status)
