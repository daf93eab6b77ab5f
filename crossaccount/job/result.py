"""What a job did, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crossaccount.job.review.review import Review
from crossaccount.job.runner import Run
from crossaccount.job.work import Outcome

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

    @property
    def ok(self) -> bool:
        """Whether everything that was asked for is done."""
        return self.status == "succeeded"


def result_of(verb: str, run: Run, seconds: float) -> JobResult:
    """The result of the steps that were run."""
    ordered = sorted(
        run.outcomes.items(), key=lambda item: BAD.index(item[1].status) if item[1].status in BAD else len(BAD)
    )
    outcomes = dict(ordered)
    status = "interrupted" if run.interrupted else "succeeded"
    if not run.interrupted and not all(each.done for each in outcomes.values()):
        status = "failed"
    elif not run.interrupted and verb == "drift" and any(each.status == "changed" for each in outcomes.values()):
        status = "drifted"
    return JobResult(verb, status, outcomes, round(seconds, 2))
