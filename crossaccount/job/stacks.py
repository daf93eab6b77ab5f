"""The job as a library: the stacks of a project, and the verbs that run on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossaccount.engine.deployment import Program
from crossaccount.engine.work import StackEngine
from crossaccount.job import events
from crossaccount.job.afterwards.drift import access_drift
from crossaccount.job.afterwards.verify import Verification
from crossaccount.job.gate import Gate
from crossaccount.job.loading import ConfigFiles, Loaded, load
from crossaccount.job.review import Review, Reviewer
from crossaccount.job.review.approval import Approval
from crossaccount.job.review.order import all_at_once, backward, forward, selected
from crossaccount.job.review.plans import read_plan
from crossaccount.job.review.readiness import Readiness, Removal, SignIn, removal_of
from crossaccount.job.review.reviewer import Before, ReadLive
from crossaccount.job.running.result import JobResult, after_update
from crossaccount.job.running.runs import Runs
from crossaccount.job.running.stopping import Stop
from crossaccount.job.running.workers import Threads, Workers
from crossaccount.job.sign_in.live_accounts import LiveAccounts
from crossaccount.job.states import Backend, KnownStack, outputs_of, statuses
from crossaccount.sources.proof import Proof, proof_since

if TYPE_CHECKING:
    from crossaccount.job.opening import Opened

__all__ = ["JobResult", "Stacks"]


class Stacks:
    """The stacks of the project in ``directory``, run by ``engine``.

    ``on_event`` receives events as they happen. ``workers`` run the stacks; by default one thread per core. ``live``
    reads accounts for the review; by default with the stacks' credentials. With ``sign_in`` a stack whose credentials
    are of another account is refused before it begins. ``event_log`` is the file that ``on_event`` writes, if any: no
    part of the project's program. ``now`` decides what of the config has ended; default: the present time.
    """

    def __init__(
        self,
        directory: Path,
        engine: StackEngine,
        backend: Backend,
        *,
        workers: Workers | None = None,
        on_event: events.Emit | None = None,
        live: ReadLive | None = None,
        accounts: LiveAccounts | None = None,
        sign_in: SignIn | None = None,
        event_log: Path | None = None,
        now: datetime | None = None,
    ) -> None:
        self.loaded: Loaded = load(directory, now).leaving_out(event_log)
        self._accounts = accounts or LiveAccounts(self.loaded.project.stacks)
        self._live = live or self._accounts
        self._backend = backend
        self._on_event = on_event
        self._emitting = threading.Lock()
        self.stop = Stop()
        """Receives requests to stop: from signals while stacks run in the main thread, or from calls of ``request``."""
        workers = workers or Threads()
        self.parallel = workers.parallel
        readiness = Readiness(self.loaded, backend, sign_in)
        self._runs = Runs(self.loaded, engine, backend, workers, readiness, self.stop, self.emit)
        self._files = ConfigFiles.of(self.loaded)

    @classmethod
    def at(
        cls,
        directory: str | Path,
        program: Program,
        *,
        parallel: int | None = None,
        on_event: events.Emit | None = None,
        workers: Workers | None = None,
        event_log: Path | None = None,
    ) -> Stacks:
        """The stacks of the project in ``directory``, run by the CLI with your login, states and credentials.

        ``workers`` run the stacks; by default ``parallel`` threads.

        Raises:
            SettingsError: the project's settings are wrong, or there is no CLI.
        """
        from crossaccount.job.opening import open_as_user

        return cls._of(
            Path(directory), open_as_user(Path(directory), program, _workers(workers, parallel)), on_event, event_log
        )

    @classmethod
    @contextmanager
    def local(
        cls,
        directory: str | Path,
        program: Program,
        *,
        parallel: int | None = None,
        on_event: events.Emit | None = None,
        workers: Workers | None = None,
        event_log: Path | None = None,
    ) -> Iterator[Stacks]:
        """The same stacks on a fresh local AWS with its own states. Both end with the context.

        Without a CLI only ``preview``, ``up`` and ``outputs`` work.

        Raises:
            SettingsError: the project's settings are wrong.
        """
        from crossaccount.job.opening import open_on_local_aws

        with open_on_local_aws(Path(directory), program, _workers(workers, parallel)) as opened:
            yield cls._of(Path(directory), opened, on_event, event_log)

    @classmethod
    def _of(cls, directory: Path, opened: Opened, on_event: events.Emit | None, event_log: Path | None) -> Stacks:
        return cls(
            directory,
            opened.engine,
            opened.backend,
            workers=opened.workers,
            on_event=on_event,
            accounts=opened.accounts,
            sign_in=opened.sign_in,
            event_log=event_log,
        )

    def review(self, stacks: Collection[str] = (), *, before: Before = "live") -> Review:
        """Review the effect of ``up`` on access, without the engine. ``before``: the live accounts, or what was last
        deployed.
        """
        return self._gate(before).review(selected(stacks, self.loaded.stacks))

    def preview(
        self,
        stacks: Collection[str] = (),
        *,
        before: Before = "live",
        save_plan: Path | None = None,
        resources: bool = True,
        base: str = "",
    ) -> JobResult:
        """Preview ``up`` and its effect on access. Each stack sees the planned outputs of its upstreams.

        ``save_plan`` is the folder of a plan for ``up``. Without ``resources`` only access is reviewed: no engine runs,
        so neither a passphrase nor a plugin is needed. With ``base`` the access tests are compared with those of that
        git revision.

        Raises:
            SettingsError, AccessTestsError: there is no such revision, or the access tests are wrong.
        """
        names = selected(stacks, self.loaded.stacks)
        proof = proof_since(self.loaded.project.directory, base, self.loaded.now) if base else Proof()
        return self._gate(before, save_plan).preview(names, stacks, save_plan, resources=resources, proof=proof)

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
        """Deploy the stacks, upstreams first.

        With ``approval`` the update is reviewed first, and refused if an approval is missing; without it the caller has
        decided. With ``plan`` only what the plan contains is applied, and any difference is refused. ``recover`` first
        repairs what a killed update left; ``gone`` are hosts that are known to be gone, so their locks are stale.
        ``secrets_provider`` encrypts the secrets of new stacks. After the update the exports of all stacks are
        compared. ``verify`` also tries the access tests in AWS, and gives IAM that many seconds to propagate changes.
        """
        saved = read_plan(plan) if plan else None
        expired = self._as_at(saved.now) if saved and saved.now else ()
        names = selected(stacks or (saved.patterns if saved else ()), self.loaded.stacks)
        verification = None if verify is None else Verification.of(self.loaded, self._accounts, verify)
        options: dict[str, Any] = {"recover": recover, "gone": tuple(gone), "secrets_provider": secrets_provider}
        if approval is None and saved is None:
            self._say_what_ended()
            options["close"] = lambda result: after_update(self.loaded, result, self.emit, verification)
            return self._runs.run("up", forward(names, self.loaded.reads), hand_on=True, refresh=True, **options)
        approval = approval or Approval()
        gate = self._gate(before, plan, approval.log)
        return gate.up(names, stacks, approval, saved, verification, expired=expired, **options)

    def refresh(self, stacks: Collection[str] = ()) -> JobResult:
        """Read the resources from AWS into the states."""
        names = selected(stacks, self.loaded.stacks)
        return self._runs.run("refresh", all_at_once(names), deployed_only=True)

    def drift(self, stacks: Collection[str] = ()) -> JobResult:
        """Find what differs in AWS from what the stacks deployed, and its effect on access. Changes nothing.

        The status is ``drifted`` if anything differs.
        """
        names, known = selected(stacks, self.loaded.stacks), self._backend.stacks()
        deployed = [name for name in names if name in known and known[name].deployed]

        def close(result: JobResult) -> JobResult:
            if result.status == "interrupted":
                return result
            found = access_drift(
                self.loaded, self._backend, self._accounts, deployed, lambda stack: self._accounts.organization(stack)
            )
            self.emit(found)
            drifted = result.ok and found.found
            return replace(result, drift=found, status="drifted" if drifted else result.status)

        looking: dict[str, Any] = {"engine_verb": "refresh", "preview_only": True, "deployed_only": True}
        return self._runs.run("drift", all_at_once(names), known=known, close=close, **looking)

    def destroy(
        self,
        stacks: Collection[str] = (),
        *,
        leave_readers: bool = False,
        approve: Callable[[Removal], str] | None = None,
        approval: Approval | None = None,
        before: Before = "live",
    ) -> JobResult:
        """Delete the resources of the stacks, readers first.

        Refused if a remaining stack reads a deleted one (unless ``leave_readers``), or if a resource is protected.
        Then ``approve`` is called and returns a reason to refuse; an empty text approves. With ``approval`` the removal
        of control policies is reviewed as an update is, and refused if the approval of a broadening is missing; without
        it the caller has decided.
        """
        names = selected(stacks, self.loaded.stacks)
        removal = removal_of(names, self.loaded.reads, self._backend)
        because = removal.refusals(leave_readers)
        if not because and removal.stacks and approve is not None and (objection := approve(removal)):
            because = (objection,)
        review: Review | None = None
        if not because and removal.stacks and approval is not None:
            review, because = self._gate(before, approval.log).destroy(tuple(removal.stacks), approval)
        if because:
            return replace(self._refused("destroy", because), review=review)
        refused = {} if review is None else review.refused
        steps = backward(names, self.loaded.reads)
        result = self._runs.run("destroy", steps, deployed_only=True, refusal_of=lambda stack: refused.get(stack, ""))
        return replace(result, review=review)

    def outputs(self, stacks: Collection[str] = ()) -> Mapping[str, Mapping[str, Any]]:
        """The outputs of the stacks' last deployments, with secrets masked; empty for a stack that was never
        deployed.
        """
        started, known = time.monotonic(), self._backend.stacks()
        names, found = selected(stacks, self.loaded.stacks), {}
        with ThreadPoolExecutor(self.parallel) as readers:
            reads = readers.map(partial(self._last, known), names)
            for name, (state, result) in zip(names, reads, strict=True):
                found[name] = outputs_of(name, state)
                self.emit(events.StackOutputs(stack=name, outputs=found[name], result=result))
        self._finish(
            "outputs", {name: "deployed" if each else "never-deployed" for name, each in found.items()}, started
        )
        return found

    def status(self, stacks: Collection[str] = ()) -> tuple[events.StackStatus, ...]:
        """The status of the stacks, including those that the backend has and the project no longer has."""
        started, known = time.monotonic(), self._backend.stacks()
        everywhere = (*self.loaded.stacks, *sorted(set(known) - set(self.loaded.stacks)))
        found = tuple(statuses(self.loaded, self._backend, known, selected(stacks, everywhere)))
        for each in found:
            self.emit(each)
        self._finish("status", {each.stack: each.state for each in found}, started)
        return found

    def emit(self, event: events.Event) -> None:
        """Pass an event on. Any thread may call this; events are passed one at a time."""
        with self._emitting:
            if self._on_event:
                self._on_event(event)

    def _as_at(self, now: datetime) -> tuple[str, ...]:
        """Use the time of a plan in place of the present. A warning names what has ended since.

        Returns what AWS does not end by itself.
        """
        found = []
        before, self.loaded = self.loaded, self.loaded.at(now)
        readiness = replace(self._runs.readiness, loaded=self.loaded)
        self._runs = replace(self._runs, loaded=self.loaded, readiness=readiness)
        self._files = replace(self._files, loaded=self.loaded)
        for stack, compiled in before.compiled.items():
            known = self.loaded.compiled[stack].ended if stack in self.loaded.compiled else ()
            for each in (each for each in compiled.ended if each not in known):
                fix = f"an update without the plan {each.next_step}"
                text = f"{each.where}: {each.what} has ended since the plan was saved; {fix}"
                self.emit(events.Message(stack=stack, severity="warning", text=text))
                if not each.by_aws:
                    found.append(f"{each.where}: {each.what} has ended since the plan was saved")
        return tuple(found)

    def _say_what_ended(self) -> None:
        for stack, compiled in self.loaded.compiled.items():
            for each in compiled.ended:
                self.emit(events.Message(stack=stack, severity="warning", text=str(each.as_problem())))

    def _gate(self, before: Before, *own: Path | None) -> Gate:
        """What reviews an update. ``own`` are files and folders that it writes or reads itself, wherever they are."""
        loaded = self.loaded.leaving_out(*own)
        # Its program is looked at before it is recorded: an edit in between is no part of the review.
        _ = loaded.program
        files = replace(self._files, loaded=loaded)
        reviewer = Reviewer(loaded, self._backend, self._live, before)
        if self._live is self._accounts:
            reviewer = replace(reviewer, organization=self._accounts.organization)
        return Gate(loaded, files, reviewer, self.emit, self._runs.run, self._runs.finish)

    def _last(self, known: Mapping[str, KnownStack], stack: str) -> tuple[Mapping[str, Any], str]:
        """A stack's state, and how its last update ended. Each may cost one CLI call."""
        return (self._backend.state(stack), self._backend.last_result(stack)) if stack in known else ({}, "")

    def _refused(self, verb: str, because: Sequence[str]) -> JobResult:
        self.emit(events.Refused(because=tuple(because)))
        return self._runs.finish(JobResult(verb, "refused"))

    def _finish(self, verb: str, stacks: Mapping[str, str], started: float) -> None:
        self._runs.finish(JobResult(verb, "succeeded", seconds=round(time.monotonic() - started, 2)), stacks)


def _workers(workers: Workers | None, parallel: int | None) -> Workers | None:
    return workers or (Threads(parallel) if parallel else None)
