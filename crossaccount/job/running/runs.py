"""Runs the stacks of one project for any verb: orders them, hands them to workers and emits their events."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from crossaccount.engine.work import Outcome, StackEngine, Work
from crossaccount.job import events
from crossaccount.job.afterwards.drift import drift_of
from crossaccount.job.loading import Loaded
from crossaccount.job.review.order import Step
from crossaccount.job.review.plans import plan_file
from crossaccount.job.review.readiness import Readiness
from crossaccount.job.review.resources import planned
from crossaccount.job.running.result import JobResult, result_of
from crossaccount.job.running.runner import Run, run_steps
from crossaccount.job.running.stopping import Stop, heeding_signals, interrupter
from crossaccount.job.running.workers import Submit, Workers
from crossaccount.job.states import Backend, KnownStack


@dataclass(frozen=True)
class Runs:
    """Runs the stacks of one project, verb by verb. ``emit`` takes events, one at a time."""

    loaded: Loaded
    engine: StackEngine
    backend: Backend
    workers: Workers
    readiness: Readiness
    stop: Stop
    emit: events.Emit

    def run(
        self,
        verb: str,
        steps: Sequence[Step],
        *,
        hand_on: bool = False,
        plans: Path | None = None,
        deployed_only: bool = False,
        engine_verb: str = "",
        known: Mapping[str, KnownStack] | None = None,
        refusal_of: Callable[[str], str] = lambda _: "",
        close: Callable[[JobResult], JobResult] = lambda result: result,
        reviewed: bool = False,
        **options: Any,
    ) -> JobResult:
        """Run ``steps``. ``refusal_of`` returns why a stack must not run; ``close`` completes the result.

        ``engine_verb`` is the engine's verb, if it differs from the job's. ``options`` are those of ``Work``.

        Raises:
            BackendError, WorkersError: nothing can be run.
        """
        started = time.monotonic()
        known = self.backend.stacks() if known is None else known
        stacks = tuple(dict.fromkeys(step.stack for step in steps))
        self.emit(events.JobStarted(verb=verb, stacks=stacks, parallel=self.workers.parallel, engine=self.engine.name))
        absent = self._absent(steps, known) if deployed_only else {}
        steps = [step for step in steps if step.key not in absent]
        recover = bool(options.get("recover"))
        unready = self.readiness.unready(
            verb, {step.stack for step in steps}, known, recover=recover, reviewed=reviewed
        )

        def hand_over(submit: Submit, step: Step, run: Run) -> Future[Outcome]:
            self.emit(events.StackStarted(stack=step.stack, step=step.label))
            if because := refusal_of(step.stack):
                return done(Outcome(step.stack, "failed", error=because, kind="review"))
            if step.stack in unready:
                return done(unready[step.stack])
            if because := blocking_failure(run):
                return done(Outcome(step.stack, "skipped", error=because))
            fresh = any(run.outcomes[key].status == "changed" for key in step.after if key in run.outcomes)
            work = replace(self._work(engine_verb or verb, step, known, plans), fresh=fresh, **options)
            if hand_on:
                work = replace(work, references=self._handed_on(step.stack, run))
            return submit(work)

        stops = interrupter(lambda: self.workers.interrupt(self.engine), self.emit)
        with self.workers.open(self.engine, self.emit) as submit, heeding_signals(self.stop):
            run = run_steps(
                steps,
                partial(hand_over, submit),
                self.workers.parallel,
                on_end=partial(self._ended, verb),
                stop=self.stop,
                interrupt=stops,
            )
        result = close(
            result_of(verb, Run({**absent, **run.outcomes}, run.interrupted, run.faults), time.monotonic() - started)
        )
        return self.finish(result)

    def _absent(self, steps: Sequence[Step], known: Mapping[str, KnownStack]) -> dict[str, Outcome]:
        """The steps with nothing to do, because their stack is not deployed."""
        gone = [step for step in steps if not known.get(step.stack, KnownStack(step.stack)).deployed]
        for step in gone:
            self._ended("", step, Outcome(step.stack, "absent"))
        return {step.key: Outcome(step.stack, "absent") for step in gone}

    def _work(self, verb: str, step: Step, known: Mapping[str, KnownStack], plans: Path | None) -> Work:
        project, settings = self.loaded.project, self.loaded.settings[step.stack]
        return Work(
            verb=verb,
            project=project.name,
            stack=step.stack,
            directory=project.directory.resolve(),
            account_id=settings.account_id,
            config=project.stacks[step.stack],
            file=project.files[step.stack],
            compiled=self.loaded.compiled[step.stack],
            new=step.stack not in known,
            now=self.loaded.now,
            exclude=step.exclude,
            plan=plan_file(plans, step.stack),
        )

    def _handed_on(self, stack: str, run: Run) -> dict[str, Mapping[str, Any]]:
        """The planned or new outputs of the upstreams in the job. Other upstreams are read from their deployment.

        After an ``up`` a stack reference would have the same values, but would cost the CLI one key derivation each
        (0.3 s with a passphrase).
        """
        upstreams = self.loaded.upstreams(stack)
        return {account: run.outcomes[name].outputs for account, name in upstreams.items() if name in run.outcomes}

    def _ended(self, verb: str, step: Step, outcome: Outcome) -> None:
        if verb == "drift" and (drift := drift_of(outcome)):
            self.emit(drift)
        for each in planned(outcome) if verb == "preview" else ():
            self.emit(each)
        if outcome.status == "skipped":
            self.emit(events.StackSkipped(stack=step.stack, step=step.label, because=outcome.error))
            return
        self.emit(
            events.StackFinished(
                stack=step.stack,
                step=step.label,
                status=outcome.status,
                seconds=outcome.seconds,
                changes=outcome.counts,
                error=outcome.error,
                fix=outcome.fix,
                kind=outcome.kind,
            )
        )

    def finish(self, result: JobResult, stacks: Mapping[str, str] | None = None) -> JobResult:
        """Emit the end of a job, and return its result. ``stacks`` are the statuses if there are no outcomes."""
        statuses = {key: outcome.status for key, outcome in result.outcomes.items()} if stacks is None else stacks
        self.emit(events.JobFinished(verb=result.verb, status=result.status, stacks=statuses, seconds=result.seconds))
        return result


def blocking_failure(run: Run) -> str:
    """Why all other stacks would fail too; empty if they would not. All stacks share one passphrase."""
    found = [outcome.stack for outcome in run.outcomes.values() if outcome.kind == "passphrase"]
    return f"the passphrase is wrong, as {found[0]} shows" if found else ""


def done(outcome: Outcome) -> Future[Outcome]:
    """The future of a step that was not handed to a worker."""
    future: Future[Outcome] = Future()
    future.set_result(outcome)
    return future
