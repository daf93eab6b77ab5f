"""Before an update: its review, the plan that it must match, and the approvals that it needs."""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crossaccount.job.afterwards.verify import Verification
from crossaccount.job.events import Emit, Message, Refused, now
from crossaccount.job.loading import FOLDER, LOG, ConfigFiles, Loaded
from crossaccount.job.review.approval import (
    Approval,
    Approved,
    actor,
    decide,
    other_removal,
    other_review,
    record,
    refusals,
)
from crossaccount.job.review.order import (
    Restricting,
    Step,
    disappearing_and_named,
    forward,
    urns_of,
    with_control_policies,
    with_removals,
)
from crossaccount.job.review.plans import SavedPlan, new_plan
from crossaccount.job.review.review import AccessReviewed, Review
from crossaccount.job.review.reviewer import Reviewer
from crossaccount.job.running.result import JobResult, after_update
from crossaccount.settings.input_files import outside_of
from crossaccount.sources.proof import Proof


@dataclass(frozen=True)
class Gate:
    """Previews and updates stacks, each with its review. ``run`` and ``finish`` are those of ``Runs``."""

    loaded: Loaded
    files: ConfigFiles
    reviewer: Reviewer
    emit: Emit
    run: Callable[..., JobResult]
    finish: Callable[[JobResult], JobResult]

    def review(self, names: Collection[str]) -> Review:
        """Review an update and emit the review.

        Raises:
            SettingsError, BackendError: see :class:`~crossaccount.job.review.reviewer.Reviewer`.
        """
        return self._reported(self.reviewer.review(names, self.reviewer.backend.stacks()))

    def preview(
        self,
        names: Sequence[str],
        patterns: Collection[str],
        save_plan: Path | None,
        *,
        resources: bool = True,
        proof: Proof | None = None,
    ) -> JobResult:
        """Preview an update and its effect on access. ``save_plan`` is the folder that keeps it as a plan.

        Without ``resources`` the engine does not run, and no passphrase is needed. ``proof`` is shown with the review.
        """
        known = self.reviewer.backend.stacks()
        review = replace(self.reviewer.review(names, known), proof=proof)
        if not resources:
            return self.finish(JobResult("preview", "succeeded", review=self._reported(review)))
        plan = new_plan(save_plan, names, known) if save_plan else None
        for stack in plan.new if plan else ():
            text = "it is new: the engine saves no plan for it, so the update must match this review"
            self.emit(Message(stack=stack, severity="warning", text=text))

        def close(result: JobResult) -> JobResult:
            self._reported(review)
            if plan and result.ok:
                plan.save(review, patterns, self.loaded.now)
            return replace(result, review=review)

        return self._run("preview", names, review, known=known, plans=plan.folder if plan else None, close=close)

    def up(
        self,
        names: Sequence[str],
        patterns: Collection[str],
        approval: Approval,
        saved: SavedPlan | None,
        verification: Verification | None,
        *,
        expired: Collection[str] = (),
        **options: object,
    ) -> JobResult:
        """Review an update, compare it with its plan, get and record the approvals, then run it.

        ``expired`` names what has ended since the plan and AWS does not end: a plan that gives access is refused then,
        because it could give that access anew, without an end. ``options`` are passed to ``run``.
        """
        known = self.reviewer.backend.stacks()
        review = replace(self.reviewer.review(names, known), proof=Proof())
        because = saved.differences(review, patterns, known) if saved else ()
        if review.needs and saved:
            again = f"and the plan gives access; review again: preview --save-plan {saved.folder}"
            because = (*because, *(f"{each}, {again}" for each in expired))
        because = (*because, *other_review(review, approval))
        if approval.preview_first and not because:
            shown = self._run("preview", names, review, known=known)
            if not shown.ok:
                return self.finish(replace(shown, verb="up", review=review))
        self._reported(review)
        if because := because or self._approved(review, approval, str(saved.folder) if saved else ""):
            self.emit(Refused(because=because))
            return self.finish(JobResult("up", "refused", review=review))

        def close(result: JobResult) -> JobResult:
            unseen = [
                Message(stack=stack, severity="warning", text=text)
                for stack, outcome in result.outcomes.items()
                for text in self.reviewer.not_recorded(stack, outcome.changes)
            ]
            for each in unseen:
                self.emit(each)
            # What nobody saw has no approval, unless any broadening was approved.
            if unseen and result.ok and approval.needed and "broadening" not in approval.kinds:
                result = replace(result, status="failed")
            return after_update(self.loaded, replace(result, review=review), self.emit, verification)

        plans = saved.folder if saved else None
        return self._run("up", names, review, known=known, plans=plans, close=close, **options)

    def destroy(self, names: Sequence[str], approval: Approval) -> tuple[Review | None, tuple[str, ...]]:
        """Review the removal of deployed stacks, get and record its approvals. Nothing is run.

        Returns the review, None if the removal gives no access, and why the removal must not begin.
        """
        review = self.reviewer.removal(names, self.reviewer.backend.stacks())
        if review is None:
            return None, other_removal(approval)
        self._reported(review)
        because = other_review(review, approval)
        if not because and review.needs:
            because = self._approved(review, approval, "")
        return review, because

    def _run(self, verb: str, names: Sequence[str], review: Review, **options: object) -> JobResult:
        def refusal_of(stack: str) -> str:
            """Why a stack must not run, checked just before its run; empty if it may."""
            if stack in review.refused:
                return review.refused[stack]
            if not self.files.unchanged(stack):
                return "its config changed since the review, so nothing of it is applied; run the command again"
            return ""

        steps = forward(names, self.loaded.reads)
        if verb == "up" and review.transitions:
            steps = self._removing(steps, review, divide=options.get("plans") is None)
        if verb == "up" and review.control:
            steps = with_control_policies(steps, _restricting(review), divide=options.get("plans") is None)
        live = self.reviewer.before == "live"
        return self.run(verb, steps, hand_on=True, refresh=True, refusal_of=refusal_of, reviewed=live, **options)

    def _removing(self, steps: Sequence[Step], review: Review, *, divide: bool) -> list[Step]:
        """The steps in an order in which nothing is deleted while another stack names it.

        A plan describes one update of each stack, so with a plan no stack is updated in two steps.
        """
        found = with_removals(steps, review.transitions, divide=divide)
        backend = self.reviewer.backend
        for index, step in enumerate(found):
            if step.label:
                staying = disappearing_and_named(steps, review.transitions, step.stack)
                found[index] = replace(step, exclude=urns_of(staying, backend.state(step.stack)))
        return found

    def _reported(self, review: Review) -> Review:
        self.emit(AccessReviewed(review=review))
        return review

    def _approved(self, review: Review, approval: Approval, plan: str) -> tuple[str, ...]:
        """Why the update must not begin; empty if it is approved and the approval is recorded."""
        if not approval.needed:
            return ()
        decision = decide(review, approval)
        if decision.missing:
            return refusals(decision, review, approval.ask is not None)
        directory = self.loaded.project.directory
        log = approval.log or directory / FOLDER / LOG
        when, who = now(), actor()
        try:
            if approval.log is None and (outside := outside_of(log, directory)):
                raise OSError(errno.EXDEV, f"it {outside}")
            record(log, when, who, review, decision, plan)
        except OSError as error:
            what = f"the approval cannot be recorded ({error.strerror})"
            return (f"{log}: {what}; nothing is applied; free disk space, or name another file with --approvals",)
        approved = {str(question): how for question, how in decision.approved.items()}
        values = {"digest": review.digest, "verdict": review.verdict, "log": str(log)}
        self.emit(Approved(time=when, user=who.user, ci=who.ci, approved=approved, **values))
        return ()


def _restricting(review: Review) -> dict[str, Restricting]:
    """By stack: the direction in which its control policies change."""
    found = {}
    for stack, control in review.control.items():
        how = control.direction
        found[stack] = Restricting(how.widens, how.narrows, bool(control.managed))
    return found
