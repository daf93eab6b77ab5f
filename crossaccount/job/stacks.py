"""The job as a library: the stacks of a project, and what can be done with all of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
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

    ``on_event`` takes what happens, as it happens. ``workers`` say where stacks are run, and how many at once; by
    default as many threads as cores. ``live`` reads accounts for the review; by default with the stacks' credentials.
    With ``sign_in`` a stack whose credentials are of another account is refused before it begins. ``event_log`` is the
    file that ``on_event`` writes, if any: no part of the project's program.
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
    ) -> None:
        self.loaded: Loaded = load(directory).leaving_out(event_log)
        self._files = ConfigFiles.of(self.loaded)
        self._accounts = accounts or LiveAccounts(self.loaded.project.stacks)
        self._live = live or self._accounts
        self._backend = backend
        self._on_event = on_event
        self._emitting = threading.Lock()
        self.stop = Stop()
        """Asked to stop by signals while stacks run, where that is in the main thread; or by whoever calls ``ask``."""
        readiness, workers = Readiness(self.loaded, backend, sign_in), workers or Threads()
        self.parallel = workers.parallel
        self._runs = Runs(self.loaded, engine, backend, workers, readiness, self.stop, self.emit)

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
        """The stacks of the project in ``directory``, deployed by the CLI with your login, states and credentials.

        ``workers`` say where they are run; by default as many threads as ``parallel``.

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
        """The same stacks on a fresh local AWS with states of their own, gone at the end of the context.

        Without a CLI only ``preview``, ``up`` and ``outputs`` mean anything.

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
        """What ``up`` would do to access, without the engine. ``before``: accounts as AWS has them, or as deployed."""
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
        """What ``up`` would change, each dependant seeing its upstreams' planned outputs; and what that does to access.

        ``save_plan`` is a folder for what ``up`` can be held to. Without ``resources`` only access is reviewed: no
        engine runs, so neither a passphrase nor a plugin is needed. The access tests are held against those of the git
        revision ``base``, where it is given.

        Raises:
            SettingsError, AccessTestsError: there is no such revision, or the access tests are wrong.
        """
        names = selected(stacks, self.loaded.stacks)
        proof = proof_since(self.loaded.project.directory, base) if base else Proof()
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
            options["close"] = lambda result: after_update(self.loaded, result, self.emit, verification)
            return self._runs.run("up", forward(names, self.loaded.reads), hand_on=True, refresh=True, **options)
        approval = approval or Approval()
        return self._gate(before, plan, approval.log).up(names, stacks, approval, saved, verification, **options)

    def refresh(self, stacks: Collection[str] = ()) -> JobResult:
        """Take what AWS has into the states."""
        names = selected(stacks, self.loaded.stacks)
        return self._runs.run("refresh", all_at_once(names), deployed_only=True)

    def drift(self, stacks: Collection[str] = ()) -> JobResult:
        """What AWS has that stacks did not deploy, and what that does to access; nothing is changed.

        The result is ``drifted`` where there is any.
        """
        names, known = selected(stacks, self.loaded.stacks), self._backend.stacks()
        deployed = [name for name in names if name in known and known[name].deployed]

        def close(result: JobResult) -> JobResult:
            if result.status == "interrupted":
                return result
            found = access_drift(self.loaded, self._backend, self._accounts, deployed)
            self.emit(found)
            drifted = result.ok and found.access.changes
            return replace(result, drift=found, status="drifted" if drifted else result.status)

        looking: dict[str, Any] = {"engine_verb": "refresh", "preview_only": True, "deployed_only": True}
        return self._runs.run("drift", all_at_once(names), known=known, close=close, **looking)

    def destroy(
        self,
        stacks: Collection[str] = (),
        *,
        leave_readers: bool = False,
        approve: Callable[[Removal], str] | None = None,
    ) -> JobResult:
        """Delete what stacks made, readers first.

        Refused where a deployed stack that stays reads what would go, unless ``leave_readers``; where something is
        protected; and where ``approve``, asked last, says why not: an empty text is a yes.
        """
        names = selected(stacks, self.loaded.stacks)
        removal = removal_of(names, self.loaded.reads, self._backend)
        because = removal.refusals(leave_readers)
        if not because and removal.stacks and approve is not None and (objection := approve(removal)):
            because = (objection,)
        if because:
            return self._refused("destroy", because)
        return self._runs.run("destroy", backward(names, self.loaded.reads), deployed_only=True)

    def outputs(self, stacks: Collection[str] = ()) -> Mapping[str, Mapping[str, Any]]:
        """What stacks last deployed and export, secrets masked; empty for one that never was."""
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
        """How stacks stand, those that the backend knows and the project no longer has among them."""
        started, known = time.monotonic(), self._backend.stacks()
        everywhere = (*self.loaded.stacks, *sorted(set(known) - set(self.loaded.stacks)))
        found = tuple(statuses(self.loaded, self._backend, known, selected(stacks, everywhere)))
        for each in found:
            self.emit(each)
        self._finish("status", {each.stack: each.state for each in found}, started)
        return found

    def emit(self, event: events.Event) -> None:
        """Pass an event on; one at a time, from whichever thread."""
        with self._emitting:
            if self._on_event:
                self._on_event(event)

    def _gate(self, before: Before, *own: Path | None) -> Gate:
        """What reviews an update. ``own`` are files and folders that it writes or reads itself, wherever they are."""
        loaded = self.loaded.leaving_out(*own)
        # Its program is looked at before it is recorded: an edit in between is no part of the review.
        _ = loaded.program
        files = replace(self._files, loaded=loaded)
        reviewer = Reviewer(loaded, self._backend, self._live, before)
        return Gate(loaded, files, reviewer, self.emit, self._runs.run, self._runs.finish)

    def _last(self, known: Mapping[str, KnownStack], stack: str) -> tuple[Mapping[str, Any], str]:
        """A stack's state, and how its last update ended; either may cost a call of the CLI."""
        return (self._backend.state(stack), self._backend.last_result(stack)) if stack in known else ({}, "")

    def _refused(self, verb: str, because: Sequence[str]) -> JobResult:
        self.emit(events.Refused(because=tuple(because)))
        return self._runs.finish(JobResult(verb, "refused"))

    def _finish(self, verb: str, stacks: Mapping[str, str], started: float) -> None:
        self._runs.finish(JobResult(verb, "succeeded", seconds=round(time.monotonic() - started, 2)), stacks)


def _workers(workers: Workers | None, parallel: int | None) -> Workers | None:
    return workers or (Threads(parallel) if parallel else None)
