"""The real engine: one call of the pulumi CLI for each run, with the packaged program inline in this process.

Inline programs share one import of the program, and the CLI neither starts a language host nor calls pip. The CLI runs
a project's own program as ``pulumi up`` does. ``pulumi up -s`` by hand would do the same to a stack, with one
difference: the CLI gets a copy of the reviewed stack file, and a run with any other config is stopped before it
registers a resource.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from pulumi import automation

from crossaccount.engine.deployers import local_config
from crossaccount.engine.deployment import Program, Stack
from crossaccount.engine.engine_events import EngineEvents
from crossaccount.engine.events import Emit, Message
from crossaccount.engine.failures import RUN_AGAIN, failure_of, is_only_noise, raised
from crossaccount.engine.own_program import OwnProgram, clean_environment
from crossaccount.engine.pulumi_cli import (
    InlineProgram,
    ReviewedConfig,
    StoppableCommand,
    bare_stack,
    copy_project_file,
    create_keeping_text,
    private_environment,
    reviewed_file,
    scratch_project,
)
from crossaccount.engine.variables import refused_variables
from crossaccount.engine.work import QUIET, NotDone, Outcome, Unsupported, Work, not_made_text
from crossaccount.local.clients import Credentials
from crossaccount.local.provider import serve_provider
from crossaccount.local.server import LocalAws
from crossaccount.settings import SettingsError
from crossaccount.settings.prints import not_reviewed, prints
from crossaccount.settings.project import HANDED_ON, stack_file
from crossaccount.settings.yaml_writing import yaml_text

Recover = Callable[[automation.Stack, Work, Path, Callable[[], None], Emit], None]
"""Repairs the stack of the work, whose files are in the folder, then calls the update. Raises ``NotDone``."""

_WITHOUT_PROGRAM = "its program does not run now; continuing with the credentials of its last update"

_KILLED = re.compile(r"^\s*code: -(\d+)$", re.MULTILINE)


@dataclass
class AutomationEngine:
    """Runs stacks by the CLI. ``environment`` is added to this process's environment for every call."""

    program: Program
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    """The folder of ``Pulumi.yaml`` and the stacks' files, if it is not the project's folder."""
    own: OwnProgram | None = None
    """The project's own program, which the CLI runs as a process in place of ``program``."""
    recover: Recover | None = None
    """Required for work with ``recover``. It is sent to workers, so it must be a function of a module."""
    base: Mapping[str, str] | None = None
    """The environment of the CLI and the program, instead of this process's."""
    not_made: NotMadeResources | None = None
    """The resources of the project's own program that a local AWS cannot create."""

    name = "pulumi"

    def __post_init__(self) -> None:
        load_eagerly()
        self.command = StoppableCommand(self.base)

    def __reduce__(self) -> Any:
        return type(self), (self.program, self.environment, self.folder, self.own, self.recover, self.base)

    def run(self, work: Work, emit: Emit) -> Outcome:
        """See :class:`~crossaccount.engine.work.StackEngine`."""
        # The environment of a remote worker has not been checked yet.
        if self.base is None and (found := refused_variables(os.environ, [work.config], work.directory)):
            return Outcome(work.stack, "failed", error="\n".join(map(str, found)), kind="environment")
        # In a temporary folder the files differ from the reviewed ones: they point to the local AWS.
        expected = prints(work.config) if self.folder is None else {}
        reviewed = ReviewedConfig(expected, partial(self.command.end, work.stack))
        started = time.monotonic()
        events = EngineEvents(work.stack, emit, planning=work.verb == "preview", on_config=reviewed)
        outcome = self._outcome(work, events, reviewed, emit)
        if reviewed.differing:
            outcome = Outcome(work.stack, "failed", error=str(not_reviewed(reviewed.differing)), kind="review")
        outcome = replace(outcome, seconds=round(time.monotonic() - started, 2))
        for text in self.not_made.of(work.stack) if self.not_made else ():
            emit(Message(stack=work.stack, severity="warning", text=text))
        return replace(outcome, outputs=events.outputs, counts=events.counts, changes=events.changes)

    def interrupt(self) -> None:
        """See :class:`~crossaccount.engine.work.StackEngine`."""
        self.command.interrupt()

    def _outcome(self, work: Work, events: EngineEvents, reviewed: ReviewedConfig, emit: Emit) -> Outcome:
        try:
            self._call(work, events, reviewed, emit)
        except (automation.CommandError, automation.InvalidVersionError) as error:
            if self.command.stopping and is_only_noise(events.errors):
                return self._interrupted(work)
            found = failure_of(work.stack, events.errors, _stderr(error))
            return Outcome(
                work.stack, "failed", error=found.message, fix=found.fix, kind=found.kind, passing=found.passing
            )
        except NotDone as error:
            return Outcome(work.stack, "failed", error=str(error), fix=error.fix, kind=error.kind)
        except InterruptedError:
            return Outcome(work.stack, "interrupted", error="stopped before it began", fix=RUN_AGAIN)
        changed = any(count for op, count in events.counts.items() if op not in QUIET)
        changed = events.drifted if work.verb == "refresh" else changed
        return Outcome(work.stack, "changed" if changed else "unchanged")

    def _interrupted(self, work: Work) -> Outcome:
        if not self.command.given_up:
            return Outcome(work.stack, "interrupted", error="stopped on request", fix=RUN_AGAIN)
        fix = f"crossaccount up {work.stack} --recover"
        return Outcome(work.stack, "interrupted", error="abandoned in the middle of an operation", fix=fix)

    def _call(self, work: Work, events: EngineEvents, reviewed: ReviewedConfig, emit: Emit) -> None:
        looks_back, program = work.verb in ("refresh", "destroy"), None
        environment = dict(self.environment)
        if self.own is None:
            run = partial(
                self.program,
                references=work.references,
                root=work.directory,
                compiled=work.compiled,
                **work.run_at,
            )
            program = InlineProgram(run, reviewed, keeps_outputs=looks_back)
        else:
            handed_on = {"references": work.references, "root": str(work.directory), "reviewed": reviewed.prints}
            at = {"now": work.now.isoformat()} if work.now else {}
            environment[HANDED_ON] = json.dumps(handed_on | at)
        try:
            with self._place(work, program, environment) as (stack, file):
                update = partial(self._update, stack, work, file, events)
                if not work.recover or work.new:
                    try:
                        update()
                    except automation.CommandError:
                        refused = raised(events.errors) if program is None else program.refused
                        if not (looks_back and refused) or self.command.stopping or reviewed.differing:
                            raise
                        events.errors.clear()
                        emit(Message(stack=work.stack, severity="warning", text=_WITHOUT_PROGRAM))
                        update(run_program=False)
                    return
                if self.recover is None:
                    raise ValueError("this engine was made without a way to recover stacks")
                self.recover(stack, work, self.folder or work.directory, update, emit)
        finally:
            if program is not None:
                program.close()

    @contextmanager
    def _place(
        self, work: Work, program: InlineProgram | None, environment: Mapping[str, str]
    ) -> Iterator[tuple[automation.Stack, Path | None]]:
        """The stack, and its file if that is not the one in the stack's folder.

        A new stack is created; for a preview only in a temporary state.
        """
        folder = self.folder or work.directory
        content = work.file if self.folder is None else {}
        if work.new and work.verb == "preview":
            with scratch_project(folder, work.stack, content, self.own) as (scratch, private):
                everything = {**environment, **private}
                stack = bare_stack(work.stack, scratch, program, everything, self.command)
                stack.workspace.create_stack(work.stack)
                yield stack, None
            return
        stack = bare_stack(work.stack, folder, program, environment, self.command, work.secrets_provider)
        if work.new:
            create_keeping_text(stack.workspace, work.stack, folder)
        with reviewed_file(content, work.stack, folder) as file:
            yield stack, file

    def _update(
        self, stack: automation.Stack, work: Work, file: Path | None, events: EngineEvents, run_program: bool = True
    ) -> None:
        common: dict[str, Any] = {"on_event": events, "color": "never", "config_file": str(file) if file else None}
        planned: dict[str, Any] = {
            "exclude": list(work.exclude) or None,
            "plan": str(work.plan) if work.plan else None,
            "refresh": work.refresh or None,
            # A refresh without the program would sign in with the credentials of the last update.
            "run_program": work.refresh or None,
        }
        if work.verb == "preview":
            stack.preview(**common, **planned)
        elif work.verb == "up":
            stack.up(**common, **planned, suppress_outputs=True)
        elif work.verb == "refresh":
            (stack.preview_refresh if work.preview_only else stack.refresh)(**common, run_program=run_program)
        else:
            (stack.preview_destroy if work.preview_only else stack.destroy)(**common, run_program=run_program)


@contextmanager
def on_local_aws(
    aws: LocalAws,
    program: Program,
    directory: Path,
    stacks: Iterable[Stack],
    deployer: Credentials | None,
    own: OwnProgram | None = None,
    recover: Recover | None = None,
    unsupported: Unsupported = "skip",
) -> Iterator[AutomationEngine]:
    """The CLI for ``stacks`` of the project in ``directory``, deploying to ``aws``.

    Pulumi's home, state, passphrase and copies of the stacks' files are in a temporary folder. The user's login, state
    and files are never changed. ``deployer`` is as in :func:`~crossaccount.engine.deployers.local_config`. The
    project's ``own`` program runs without the user's credentials, tokens and passphrases. A resource that the local AWS
    cannot create is reported and left out, or stops its stack.

    Raises:
        SettingsError: the PATH or the PYTHONPATH would make the CLI run other files of the project's folder.
    """
    if found := refused_variables(clean_environment(Path(os.devnull)), (), directory):
        raise SettingsError(found)
    not_made = NotMadeResources() if own and unsupported == "skip" else None
    with tempfile.TemporaryDirectory(prefix="crossaccount-pulumi-") as home, serve_provider(not_made) as port:
        folder = Path(home) / "project"
        copy_project_file(directory, folder, own)
        for stack in stacks:
            config = local_config(stack, aws.gateway, deployer)
            (folder / stack_file(stack.name)).write_text(yaml_text({"config": config}), encoding="utf-8")
        base = clean_environment(Path(home))
        yield AutomationEngine(program, private_environment(Path(home), port), folder, own, recover, base, not_made)


class NotMadeResources:
    """Collects the resources that a stand-in provider could not create, by stack; each is reported once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, dict[str, None]] = {}

    def __call__(self, type_: str, urn: str) -> None:
        stack, name = urn.split("::")[0].removeprefix("urn:pulumi:"), urn.split("::")[-1]
        with self._lock:
            self._open.setdefault(stack, {})[not_made_text(type_, name)] = None

    def of(self, stack: str) -> tuple[str, ...]:
        """The new warnings of a stack."""
        with self._lock:
            return tuple(self._open.pop(stack, {}))


def load_eagerly() -> None:
    """Import modules that threads would otherwise import at the same time.

    ``pulumi_aws`` loads its modules at first use, without a lock: a second thread would see an empty module.
    """
    import pulumi_aws as aws

    _ = (aws.iam.Role, aws.secretsmanager.Secret)


def _stderr(error: Exception) -> str:
    """What the CLI wrote to stderr, or the signal that ended it."""
    text = str(error)
    if killed := _KILLED.search(text):
        return f"the pulumi CLI was killed by signal {killed[1]}"
    return text.partition("\n stderr: ")[2] or text
