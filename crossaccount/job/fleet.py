"""The job as a library: the stacks of a project, and what can be done with all of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from crossaccount.job import events
from crossaccount.job.approval import Approval
from crossaccount.job.backend import Backend, KnownStack
from crossaccount.job.drift import drift_of
from crossaccount.job.gate import Gate
from crossaccount.job.loading import Loaded, load
from crossaccount.job.order import Step, all_at_once, backward, forward, selected
from crossaccount.job.plans import plan_file, read_plan
from crossaccount.job.readiness import Readiness, SignIn
from crossaccount.job.removal import Removal, removal_of
from crossaccount.job.result import JobResult, result_of
from crossaccount.job.review import Review, Reviewer
from crossaccount.job.review.live import LiveAccounts
from crossaccount.job.review.resources import planned
from crossaccount.job.review.reviewer import Before, ReadLive
from crossaccount.job.runner import Run, run_steps
from crossaccount.job.standing import outputs_of, statuses
from crossaccount.job.stopping import Stop, heeding_signals, interrupter
from crossaccount.job.unchanged import ConfigFiles
from crossaccount.job.verify.run import Verification, verified
from crossaccount.job.work import Outcome, StackEngine, Work
from crossaccount.job.workers import Submit, Threads, Workers

__all__ = ["Fleet", "JobResult"]


class Fleet:
    """The stacks of the project in ``directory``, run by ``engine``.

    ``on_event`` takes what happens, as it happens. ``workers`` say where stacks are run, and how many at once; by
    default as many threads as cores. ``live`` reads accounts for the review; by default with the stacks' credentials.
    With ``sign_in`` a stack whose credentials are of another account is refused before it begins.
    """

    def __init__(
        self,
        directory: Path,
        engine: StackEngine,
        backend: Backend,
        *,
        workers: Workers | None = None,
        on_event: events.Tell | None = None,
        live: ReadLive | None = None,
        accounts: LiveAccounts | None = None,
        sign_in: SignIn | None = None,
    ) -> None:
        self.loaded: Loaded = load(directory)
        self._files = ConfigFiles.of(self.loaded)
        self._accounts = accounts or LiveAccounts(self.loaded.project.stacks)
        self._live = live or self._accounts
        self._readiness = Readiness(self.loaded, backend, sign_in)
        self._engine = engine
        self._backend = backend
        self._workers = workers or Threads()
        self.parallel = self._workers.parallel
        self._on_event = on_event
        self._telling = threading.Lock()
        self.stop = Stop()
        """Asked to stop by signals while stacks run, where that is in the main thread; or by whoever calls ``ask``."""

    def review(self, stacks: Collection[str] = (), *, before: Before = "live") -> Review:
        """What ``up`` would do to access, without the engine. ``before``: accounts as AWS has them, or as deployed."""
        return self._gate(before).review(selected(stacks, self.loaded.stacks))

    def preview(
        self, stacks: Collection[str] = (), *, before: Before = "live", save_plan: Path | None = None
    ) -> JobResult:
        """What ``up`` would change, each dependant seeing its upstreams' planned outputs; and what that does to access.

        ``save_plan`` is a folder for what ``up`` can be held to.
        """
        return self._gate(before).preview(selected(stacks, self.loaded.stacks), stacks, save_plan)

    def up(
        self,
        stacks: Collection[str] = (),
        *,
        approval: Approval | None = None,
        before: Before = "live",
        plan: Path | None = None,
        recover: bool = False,
        gone: Collection[str] = (),
        secrets_provider: str = "",
        verify: float | None = None,
    ) -> JobResult:
        """Bring stacks to what is declared, upstreams first.

        With ``approval`` the update is reviewed first, and refused where a yes is missing; without, whoever calls has
        decided. With ``plan`` what was reviewed is what is applied, and anything else is refused. With ``recover`` what
        a killed update left is repaired first; ``gone`` are machines that no longer are, whose locks are stale.
        ``secrets_provider`` encrypts the secrets of stacks that are new. Afterwards what stacks export is held against
        each other; ``verify`` also tries the access tests in AWS, giving IAM so many seconds to spread what changed.
        """
        saved = read_plan(plan) if plan else None
        names = selected(stacks or (saved.patterns if saved else ()), self.loaded.stacks)
        verification = None if verify is None else Verification.of(self.loaded, self._accounts, verify)
        options: dict[str, Any] = {"recover": recover, "gone": tuple(gone), "secrets_provider": secrets_provider}
        if approval is None and saved is None:
            options["close"] = lambda result: verified(self.loaded, result, self.tell, verification)
            return self._run("up", forward(names, self.loaded.reads), hand_on=True, refresh=True, **options)
        return self._gate(before).up(names, stacks, approval or Approval(), saved, verification, **options)

    def refresh(self, stacks: Collection[str] = ()) -> JobResult:
        """Take what AWS has into the states."""
        names = selected(stacks, self.loaded.stacks)
        return self._run("refresh", all_at_once(names), deployed_only=True)

    def drift(self, stacks: Collection[str] = ()) -> JobResult:
        """What AWS has that stacks did not deploy; nothing is changed. The result is ``drifted`` where there is any."""
        names = selected(stacks, self.loaded.stacks)
        return self._run("drift", all_at_once(names), deployed_only=True, engine_verb="refresh", preview_only=True)

    def destroy(
        self,
        stacks: Collection[str] = (),
        *,
        leave_readers: bool = False,
        approve: Callable[[Removal], bool] | None = None,
    ) -> JobResult:
        """Delete what stacks made, readers first.

        Refused where a deployed stack that stays reads what would go, unless ``leave_readers``; where something is
        protected; and where ``approve``, asked last, says no.
        """
        names = selected(stacks, self.loaded.stacks)
        removal = removal_of(names, self.loaded.reads, self._backend)
        because = removal.refusals(leave_readers)
        if not because and removal.stacks and approve is not None and not approve(removal):
            because = ("nobody agreed",)
        if because:
            return self._refused("destroy", because)
        return self._run("destroy", backward(names, self.loaded.reads), deployed_only=True)

    def outputs(self, stacks: Collection[str] = ()) -> Mapping[str, Mapping[str, Any]]:
        """What stacks last deployed and export, secrets masked; empty for one that never was."""
        begun, known = time.monotonic(), self._backend.stacks()
        names, found = selected(stacks, self.loaded.stacks), {}
        with ThreadPoolExecutor(self.parallel) as readers:
            for name, state in zip(names, readers.map(partial(self._state, known), names), strict=True):
                found[name] = outputs_of(name, state)
                self.tell(events.StackOutputs(stack=name, outputs=found[name]))
        self._looked("outputs", {name: "deployed" if each else "never-deployed" for name, each in found.items()}, begun)
        return found

    def status(self, stacks: Collection[str] = ()) -> tuple[events.StackStatus, ...]:
        """How stacks stand, those that the backend knows and the project no longer has among them."""
        begun, known = time.monotonic(), self._backend.stacks()
        everywhere = (*self.loaded.stacks, *sorted(set(known) - set(self.loaded.stacks)))
        found = tuple(statuses(self.loaded, known, selected(stacks, everywhere)))
        for each in found:
            self.tell(each)
        self._looked("status", {each.stack: each.state for each in found}, begun)
        return found

    def tell(self, event: events.Event) -> None:
        """Pass an event on; one at a time, from whichever thread."""
        with self._telling:
            if self._on_event:
                self._on_event(event)

    def _run(
        self,
        verb: str,
        steps: Sequence[Step],
        *,
        hand_on: bool = False,
        plans: Path | None = None,
        deployed_only: bool = False,
        engine_verb: str = "",
        known: Mapping[str, KnownStack] | None = None,
        keeps: Callable[[str], str] = lambda _: "",
        close: Callable[[JobResult], JobResult] = lambda result: result,
        reviewed: bool = False,
        **options: Any,
    ) -> JobResult:
        begun = time.monotonic()
        known = self._backend.stacks() if known is None else known
        stacks = tuple(dict.fromkeys(step.stack for step in steps))
        self.tell(events.JobStarted(verb=verb, stacks=stacks, parallel=self.parallel, engine=self._engine.name))
        absent = self._absent(steps, known) if deployed_only else {}
        steps = [step for step in steps if step.key not in absent]
        recover = bool(options.get("recover"))
        unready = self._readiness.unready(
            verb, {step.stack for step in steps}, known, recover=recover, reviewed=reviewed
        )

        def hand_over(submit: Submit, step: Step, run: Run) -> Future[Outcome]:
            self.tell(events.StackStarted(stack=step.stack, step=step.label))
            if because := keeps(step.stack):
                return done(Outcome(step.stack, "failed", error=because, kind="review"))
            if step.stack in unready:
                return done(unready[step.stack])
            if because := hopeless(run):
                return done(Outcome(step.stack, "skipped", error=because))
            fresh = any(run.outcomes[key].status == "changed" for key in step.after if key in run.outcomes)
            work = replace(self._work(engine_verb or verb, step, known, plans), fresh=fresh, **options)
            if hand_on:
                work = replace(work, references=self._handed_on(step.stack, run))
            return submit(work)

        stops = interrupter(lambda: self._workers.interrupt(self._engine), self.tell)
        with self._workers.open(self._engine, self.tell) as submit, heeding_signals(self.stop):
            run = run_steps(
                steps,
                partial(hand_over, submit),
                self.parallel,
                on_end=partial(self._ended, verb),
                stop=self.stop,
                interrupt=stops,
            )
        result = close(result_of(verb, Run({**absent, **run.outcomes}, run.interrupted), time.monotonic() - begun))
        return self._told(result)

    def _gate(self, before: Before) -> Gate:
        reviewer = Reviewer(self.loaded, self._backend, self._live, before)
        return Gate(self.loaded, self._files, reviewer, self.tell, self._run, self._told)

    def _state(self, known: Mapping[str, KnownStack], stack: str) -> Mapping[str, Any]:
        return self._backend.state(stack) if stack in known else {}

    def _absent(self, steps: Sequence[Step], known: Mapping[str, KnownStack]) -> dict[str, Outcome]:
        """The steps that have nothing to do because their stack is not deployed."""
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
            new=step.stack not in known,
            exclude=step.exclude,
            plan=plan_file(plans, step.stack),
        )

    def _handed_on(self, stack: str, run: Run) -> dict[str, Mapping[str, Any]]:
        """The outputs of upstreams that take part, planned or just deployed; others are read where they are deployed.

        A stack reference would give the same after an ``up``, and cost the CLI a key derivation for each (0.3 s with a
        passphrase).
        """
        upstreams = self.loaded.upstreams(stack)
        return {account: run.outcomes[name].outputs for account, name in upstreams.items() if name in run.outcomes}

    def _ended(self, verb: str, step: Step, outcome: Outcome) -> None:
        if verb == "drift" and (drift := drift_of(outcome)):
            self.tell(drift)
        for each in planned(outcome) if verb == "preview" else ():
            self.tell(each)
        if outcome.status == "skipped":
            self.tell(events.StackSkipped(stack=step.stack, step=step.label, because=outcome.error))
            return
        self.tell(
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

    def _refused(self, verb: str, because: Sequence[str]) -> JobResult:
        self.tell(events.Refused(because=tuple(because)))
        return self._told(JobResult(verb, "refused"))

    def _looked(self, verb: str, stacks: Mapping[str, str], begun: float) -> None:
        self._told(JobResult(verb, "succeeded", seconds=round(time.monotonic() - begun, 2)), stacks)

    def _told(self, result: JobResult, stacks: Mapping[str, str] | None = None) -> JobResult:
        statuses = {key: outcome.status for key, outcome in result.outcomes.items()} if stacks is None else stacks
        self.tell(events.JobFinished(verb=result.verb, status=result.status, stacks=statuses, seconds=result.seconds))
        return result


def hopeless(run: Run) -> str:
    """Why no other stack can be done either; empty where they may. One passphrase is for all of them."""
    found = [outcome.stack for outcome in run.outcomes.values() if outcome.kind == "passphrase"]
    return f"the passphrase is wrong, as {found[0]} shows" if found else ""


def done(outcome: Outcome) -> Future[Outcome]:
    """What was not handed to anybody, as if it were."""
    future: Future[Outcome] = Future()
    future.set_result(outcome)
    return future
