"""What a job did, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crossaccount.engine.retries import together
from crossaccount.engine.work import Outcome
from crossaccount.job.drifting.access import AccessDrift
from crossaccount.job.review.review import Review
from crossaccount.job.running.runner import Run
from crossaccount.job.verify.closure import Closure
from crossaccount.job.verify.trying import Tried

BAD = ("failed", "interrupted", "skipped")


@dataclass(frozen=True)
class JobResult:
    """What a job did. ``status``: ``succeeded``, ``failed``, ``refused``, ``interrupted``, or ``drifted``."""

    verb: str
    status: str
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    """By stack, failed ones first."""
    seconds: float = 0.0
    review: Review | None = None
    """Of a preview and an update: what it does to access."""
    closure: Closure | None = None
    """Of an update that changed anything: whether what stacks export fits together."""
    tried: tuple[Tried, ...] = ()
    """Of an update that was to be verified: what came of the access tests."""
    drift: AccessDrift | None = None
    """Of drift: what it does to access."""
    faults: tuple[Exception, ...] = ()
    """Faults of this program itself, by which stacks failed."""

    @property
    def ok(self) -> bool:
        """Whether everything that was asked for is done."""
        return self.status == "succeeded"


def result_of(verb: str, run: Run, seconds: float) -> JobResult:
    """The result of the steps that were run."""
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
    """The outcomes of stacks: what the steps of each came to together."""
    found: dict[str, Outcome] = {}
    for each in run.outcomes.values():
        before = found.get(each.stack)
        if before is None:
            found[each.stack] = each
        elif before.done:
            found[each.stack] = together(before, each)
    return found
