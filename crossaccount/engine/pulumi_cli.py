"""The pulumi CLI as this toolkit runs it: whether it is there, its processes, its stacks, and the program inline.

**Processes** can be asked to stop. Each runs in a session of its own, so that a Ctrl-C on the terminal reaches only the
job, which then asks the children once: on one SIGINT the CLI finishes the operation it is in, writes its state and
releases its lock; a second would make it give up at once. What they print goes into files, not pipes: a CLI whose job
was killed would die of its first word into a broken pipe, with the lock held and what it was just making unrecorded.
So it finds the program gone, and ends in good order.

**One CLI call per run of a stack**: Pulumi's Automation API without the calls that a fleet does not need.
``automation.Stack.up`` runs ``pulumi up`` and then asks the CLI twice more for outputs and once for the history; making
a stack asks it to select one. All that an ``up`` did is in its events, so each of those costs 0.2 to 0.5 s for nothing.
Only here we lean on how the SDK is made inside: that after the command itself ``up``, ``refresh`` and ``destroy`` call
nothing but ``outputs()`` and ``info()``, and that selecting goes through ``Workspace.select_stack``. If a release
changes that, results stay right and runs become slower; ``tests/engine/test_bare_stack.py`` says so.

**The program**, inline in this process, leaves nothing where its run fails. When the engine fails, it is gone before
the program is: the SDK's own clean-up then fails at its first word to the engine, and leaves the event loop with
everything that still waits in it. Later the interpreter would throw that away, with a traceback for each
(``sdk/python/lib/pulumi/automation/_server.py``, ``LanguageServer.Run``).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import pulumi
from pulumi import automation
from pulumi.automation._cmd import OnOutput
from pulumi.automation._stack import StackInitMode
from pulumi.automation.errors import create_command_error
from pulumi.runtime.config import CONFIG
from pulumi.runtime.settings import get_root_resource

from crossaccount.engine.in_process import READ_OUTPUTS
from crossaccount.engine.own_program import OwnProgram
from crossaccount.engine.program_files import compiled_apart
from crossaccount.engine.variables import without_pythons_own
from crossaccount.settings.input_files import read_text
from crossaccount.settings.prints import differences, not_reviewed
from crossaccount.settings.project import PROJECT_FILE, stack_file
from crossaccount.settings.yaml_text import parse_yaml, read_yaml
from crossaccount.settings.yaml_writing import yaml_text

_INTERRUPT: int = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT)
"""What asks a process to stop; a process of Windows that has a group of its own hears Ctrl-Break alone."""
_GROUP_OF_ITS_OWN: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
INSTALL = "install it: https://www.pulumi.com/docs/install/"

ONLY_THE_PROGRAM = {"PYTHONSAFEPATH": "1"}
"""For a CLI that runs a program: ``python -m pip``, by which it asks what is installed, would begin with the modules of
the project's folder, ``pip.py`` first. What the program imports is not changed by it."""

DYING_SECONDS = 10.0
"""How long a CLI that was given up may take to end by itself."""

OF_SECRETS = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""What the CLI writes into a stack's file: how its secrets are opened."""

ENDING_SECONDS = 2.0
"""How long the program's thread may take to notice that the engine is gone."""


def installed() -> bool:
    """Whether there is a pulumi CLI on the PATH."""
    return shutil.which("pulumi") is not None


def private_environment(home: Path, provider_port: int) -> dict[str, str]:
    """The environment in which a CLI uses nothing of the user's and the stand-in provider on ``provider_port``."""
    state = home / "state"
    state.mkdir(parents=True, exist_ok=True)
    return {
        "PULUMI_HOME": str(home / "home"),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "rehearsal",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # A debug provider is attached: looking for the real plugin would only cost time.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DEBUG_PROVIDERS": f"aws:{provider_port}",
    }


class StoppableCommand(automation.PulumiCommand):
    """``PulumiCommand`` that keeps hold of what it started, in the environment ``base`` (this process's)."""

    def __init__(self, base: Mapping[str, str] | None = None) -> None:
        self._base = base
        super().__init__()
        self._lock = threading.Lock()
        self._running: dict[subprocess.Popen[bytes], list[str]] = {}
        self._asked: set[subprocess.Popen[bytes]] = set()
        self.stopping = False
        self.given_up = False

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> automation.CommandResult:
        """See ``pulumi.automation.PulumiCommand.run``.

        Raises:
            automation.CommandError: or one of its kinds: the command failed.
        """
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            process = self._start([self.command, "--non-interactive", *args], cwd, additional_env, stdout, stderr)
            try:
                code = process.wait()
            except KeyboardInterrupt:
                process.send_signal(_INTERRUPT)
                raise
            finally:
                with self._lock:
                    self._running.pop(process, None)
                    self._asked.discard(process)
            result = automation.CommandResult(_written(stdout, on_output), _written(stderr, on_error), code)
        if code != 0:
            raise create_command_error(result)
        return result

    def interrupt(self) -> None:
        """Ask everything that runs to stop, and let nothing new begin. Asked again: give it up.

        Once given up, the CLI drops its operations and keeps a note of them in the state; if it does not even do that
        within ``DYING_SECONDS``, it is killed, and its lock stays.
        """
        with self._lock:
            self.given_up, self.stopping = self.stopping, True
            for process in self._running:
                self._interrupt(process, again=self.given_up)
        if self.given_up:
            killing = threading.Timer(DYING_SECONDS, self._kill)
            killing.daemon = True
            killing.start()

    def end(self, stack: str) -> None:
        """Ask what runs for one stack to stop, unless it was asked already."""
        with self._lock:
            for process, command in self._running.items():
                if ("--stack", stack) in pairwise(command):
                    self._interrupt(process)

    def _interrupt(self, process: subprocess.Popen[bytes], again: bool = False) -> None:
        """Ask a process to stop. Asked twice it would keep its lock, so that is only done ``again`` on purpose."""
        if process.poll() is None and (again or process not in self._asked):
            self._asked.add(process)
            process.send_signal(_INTERRUPT)

    def _kill(self) -> None:
        with self._lock:
            for process in self._running:
                if process.poll() is None:
                    process.kill()

    def _start(
        self, command: list[str], cwd: str, additional: Mapping[str, str], stdout: IO[bytes], stderr: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        environment = {
            **(without_pythons_own(os.environ) if self._base is None else self._base),
            **additional,
            **ONLY_THE_PROGRAM,
            **compiled_apart(),
            "PULUMI_AUTOMATION_API": "true",
        }
        with self._lock:
            if self.stopping:
                raise InterruptedError
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                creationflags=_GROUP_OF_ITS_OWN,
            )
            self._running[process] = command
            return process


def _written(file: IO[bytes], callback: OnOutput | None) -> str:
    """What the CLI wrote; it goes to the callback once the CLI has ended: what a job shows comes by events."""
    file.seek(0)
    lines = [line.rstrip() for line in file.read().decode("utf-8", "replace").splitlines()]
    if callback:
        for line in lines:
            callback(line)
    return "\n".join(lines)


class _Selected(automation.LocalWorkspace):
    """A workspace that takes a stack's existence for granted: the job asked for all stacks at once."""

    def select_stack(self, stack_name: str) -> None:
        del stack_name


class BareStack(automation.Stack):
    """A stack whose outputs and summary come from its events alone."""

    def outputs(self) -> Any:
        return {}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:
        del show_secrets
        return automation.UpdateSummary("", datetime.now(UTC), "", {}, {}, "")


def bare_stack(
    name: str,
    directory: Path,
    program: Any,
    environment: Mapping[str, str],
    command: automation.PulumiCommand,
    secrets_provider: str = "",
) -> automation.Stack:
    """The existing stack ``name`` of the project in ``directory``; nothing is run, and no file is written.

    ``secrets_provider`` is for whoever creates it in the workspace after all.
    """
    workspace = _Selected(
        work_dir=str(directory),
        pulumi_home=environment.get("PULUMI_HOME"),
        program=program,
        env_vars=environment,
        secrets_provider=secrets_provider or None,
        pulumi_command=command,
    )
    return BareStack(name, workspace, StackInitMode.SELECT)


@dataclass
class ReviewedConfig:
    """The config that was reviewed, by its prints; where the engine has another one, ``stop`` is called.

    Without prints there is nothing to compare with.
    """

    prints: Mapping[str, str]
    stop: Callable[[], None]
    differing: tuple[str, ...] = ()
    """The keys that differ."""

    def __call__(self, resolved: Mapping[str, str]) -> None:
        """Compare with what the engine makes of the stack's files."""
        if self.prints and (found := differences(self.prints, resolved)):
            self.differing = found
            self.stop()


@dataclass
class InlineProgram:
    """``program``, to be called by the SDK within its event loop, if the config is what was ``reviewed``."""

    program: Callable[[], None]
    reviewed: ReviewedConfig = field(default_factory=lambda: ReviewedConfig({}, lambda: None))
    keeps_outputs: bool = False
    """Whether the stack's outputs stay as they are: what the program exports is not deployed by this run."""
    refused: str = ""
    """Why the program did not declare anything; empty if it did."""
    _loops: list[asyncio.AbstractEventLoop] = field(default_factory=list)

    def __call__(self) -> None:
        self._loops.append(asyncio.get_running_loop())
        try:
            self.reviewed(CONFIG.get())
            if self.reviewed.differing:
                raise pulumi.RunError(str(not_reviewed(self.reviewed.differing)))
            self.program()
            if self.keeps_outputs:
                _keep_outputs()
        except pulumi.RunError as error:
            self.refused = str(error)
            raise

    def close(self) -> None:
        """End whatever the run has left; nothing, where it went well."""
        until = time.monotonic() + ENDING_SECONDS
        for loop in self._loops:
            while loop.is_running() and time.monotonic() < until:
                time.sleep(0.01)
            if not loop.is_running() and not loop.is_closed():
                _end(loop)
        self._loops.clear()


def _keep_outputs() -> None:
    """Let the running stack export what it exported last, whatever its program says."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    answer: Mapping[str, Any] = pulumi.runtime.invoke(READ_OUTPUTS, {"name": name}).value or {}
    secret = set(answer.get("secretOutputNames") or ())
    stack: Any = get_root_resource()
    stack.outputs = {
        key: pulumi.Output.secret(value) if key in secret else value
        for key, value in (answer.get("outputs") or {}).items()
    }


def _end(loop: asyncio.AbstractEventLoop) -> None:
    loop.set_exception_handler(lambda *_: None)
    # The SDK may have asked for a stop that came too late: it would end the next run at once.
    loop.call_soon(loop.stop)
    loop.run_forever()
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    # Each may fail in its own way once more: nobody is there to be told.
    if pending:
        loop.run_until_complete(asyncio.wait(pending))
    loop.close()


def create_keeping_text(workspace: automation.Workspace, name: str, folder: Path) -> None:
    """``pulumi stack init``, without what it does to ``Pulumi.<stack>.yaml``.

    The CLI writes the file anew: comments go, and values change their form. What it adds (``encryptionsalt`` and its
    like) is kept, before the text that a person wrote.
    """
    file = folder / stack_file(name)
    written = read_text(file, file.name) if file.exists() else ""
    with contextlib.suppress(automation.StackAlreadyExistsError):
        workspace.create_stack(name)
    if not written or not file.exists() or (now := read_text(file, file.name)) == written:
        return
    known = parse_yaml(written, file.name) or {}
    _add_before(
        file, {key: value for key, value in (parse_yaml(now, file.name) or {}).items() if key not in known}, written
    )


@contextmanager
def reviewed_file(content: Mapping[str, Any], stack: str, folder: Path) -> Iterator[Path | None]:
    """A stack's file with the ``content`` that was reviewed, in a place of its own; None where there is no content.

    What opens the secrets of a stack that was just made is taken from its file in ``folder``. What the CLI adds of that
    kind comes there, before the text that a person wrote.
    """
    if not content:
        yield None
        return
    own = folder / stack_file(stack)
    with tempfile.TemporaryDirectory(prefix="crossaccount-config-") as home:
        file = Path(home) / own.name
        now = read_yaml(own, own.name) or {} if own.exists() else {}
        started = {**{key: now[key] for key in OF_SECRETS if key in now}, **content}
        file.write_text(yaml_text(started), encoding="utf-8")
        try:
            yield file
        finally:
            ended = read_yaml(file, file.name) or {}
            added = {key: ended[key] for key in OF_SECRETS if key in ended and key not in started}
            if added and own.exists():
                _add_before(own, added, read_text(own, own.name))


def _add_before(file: Path, added: Mapping[str, Any], text: str) -> None:
    file.write_text((yaml_text(added) if added else "") + text, encoding="utf-8")


@contextmanager
def scratch_project(
    folder: Path, stack: str, content: Mapping[str, Any], own: OwnProgram | None = None
) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """A copy of the project's file and one stack's with an empty state of its own, and the environment for it.

    ``content`` is what the stack's file says; where it is empty the one in ``folder`` is copied. A stack that does not
    exist has no secrets that anybody could read: the passphrase guards nothing.
    """
    with tempfile.TemporaryDirectory(prefix="crossaccount-preview-") as home:
        scratch, state = Path(home) / "project", Path(home) / "state"
        state.mkdir()
        copy_project_file(folder, scratch, own)
        if content:
            (scratch / stack_file(stack)).write_text(yaml_text(content), encoding="utf-8")
        else:
            shutil.copy(folder / stack_file(stack), scratch)
        yield scratch, {"PULUMI_BACKEND_URL": f"file://{state}", "PULUMI_CONFIG_PASSPHRASE": "preview"}


def copy_project_file(folder: Path, copy: Path, own: OwnProgram | None = None) -> None:
    """Make the folder ``copy`` with the project's file in it, for another state, and an inline program or its ``own``.

    A ``main`` would be looked for from the copy, and so would a virtual environment; ``backend`` is where the project's
    own states are.
    """
    content = read_yaml(folder / PROJECT_FILE, PROJECT_FILE)
    content = {key: value for key, value in content.items() if key not in ("main", "backend")}
    copy.mkdir()
    if own is None:
        content["runtime"] = "python"
    else:
        content["main"] = os.path.relpath(own.directory / own.file, copy.resolve())
        if own.virtualenv is not None:
            content["runtime"]["options"]["virtualenv"] = str(own.virtualenv)
    (copy / PROJECT_FILE).write_text(yaml_text(content), encoding="utf-8")
