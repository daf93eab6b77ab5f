"""Runs the pulumi CLI: its installation, its processes, its stacks, and inline programs.

**Processes** can be interrupted. Each runs in its own session, so that Ctrl-C on the terminal reaches only the job,
which interrupts its children once. After one SIGINT the CLI completes its current operation, writes its state and
releases its lock; a second SIGINT makes it give up at once. Output goes to files and not to pipes. Otherwise a CLI
whose job was killed would die at its first write to the broken pipe, with the lock held and a creation unrecorded. With
files it notices that the program is gone, and ends cleanly.

**One CLI call per run of a stack**: Pulumi's Automation API without the calls that a fleet does not need.
``automation.Stack.up`` runs ``pulumi up`` and then calls the CLI twice more for outputs and once for the history;
creating a stack also selects it. The events of an ``up`` already have all its results, and each extra call costs 0.2 to
0.5 s. This module relies on internals of the SDK: after the command itself ``up``, ``refresh`` and ``destroy`` call
only ``outputs()`` and ``info()``, and a stack is selected by ``Workspace.select_stack``. If a release changes that,
results stay right but runs become slower; ``tests/engine/test_bare_stack.py`` detects it.

**The inline program** is cleaned up when its run fails. A failed engine ends before the program does. The SDK's
clean-up then fails at its first call to the engine, and leaves an event loop with waiting tasks. Later the interpreter
would destroy them, with a traceback for each (``sdk/python/lib/pulumi/automation/_server.py``, ``LanguageServer.Run``).
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
"""Set for a CLI that runs a program. Without it ``python -m pip``, which the CLI calls, would import modules of the
project's folder, such as ``pip.py``. It does not change the imports of the program."""

DYING_SECONDS = 10.0
"""How long an abandoned CLI may take to end by itself, in seconds."""

OF_SECRETS = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""The keys that the CLI writes into a stack's file for the decryption of secrets."""

ENDING_SECONDS = 2.0
"""How long the program's thread may take to notice that the engine is gone, in seconds."""


def installed() -> bool:
    """Whether there is a pulumi CLI on the PATH."""
    return shutil.which("pulumi") is not None


def private_environment(home: Path, provider_port: int) -> dict[str, str]:
    """The environment in which a CLI uses none of the user's settings, and the stand-in provider on
    ``provider_port``.
    """
    state = home / "state"
    state.mkdir(parents=True, exist_ok=True)
    return {
        "PULUMI_HOME": str(home / "home"),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "rehearsal",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # With a debug provider the CLI does not need to look for the real plugin.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DEBUG_PROVIDERS": f"aws:{provider_port}",
    }


class StoppableCommand(automation.PulumiCommand):
    """A ``PulumiCommand`` that keeps its processes. Their environment is based on ``base`` (default: this
    process's).
    """

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
            automation.CommandError: the command failed; it may be a subclass.
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
        """Interrupt all running processes, and start no new ones. After a second call, give up.

        A CLI that gives up abandons its operations and records them in the state. If it does not end within
        ``DYING_SECONDS``, it is killed, and its lock stays.
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
        """Interrupt the process of one stack, unless it was interrupted already."""
        with self._lock:
            for process, command in self._running.items():
                if ("--stack", stack) in pairwise(command):
                    self._interrupt(process)

    def _interrupt(self, process: subprocess.Popen[bytes], again: bool = False) -> None:
        """Interrupt a process. A second interrupt would make it keep its lock, so it needs ``again``."""
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
    """The CLI's output. It is passed to the callback after the CLI has ended, because a job shows events."""
    file.seek(0)
    lines = [line.rstrip() for line in file.read().decode("utf-8", "replace").splitlines()]
    if callback:
        for line in lines:
            callback(line)
    return "\n".join(lines)


class _Selected(automation.LocalWorkspace):
    """A workspace that does not check whether a stack exists, because the job has read the list of stacks."""

    def select_stack(self, stack_name: str) -> None:
        del stack_name


class BareStack(automation.Stack):
    """A stack that takes outputs and summary from its events alone."""

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
    """The existing stack ``name`` of the project in ``directory``. Runs nothing and writes no file.

    ``secrets_provider`` is used if the caller creates the stack in this workspace.
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
    """The prints of the reviewed config. If the engine has another config, ``stop`` is called.

    Without prints nothing is compared.
    """

    prints: Mapping[str, str]
    stop: Callable[[], None]
    differing: tuple[str, ...] = ()
    """The keys that differ."""

    def __call__(self, resolved: Mapping[str, str]) -> None:
        """Compare with the config that the engine read."""
        if self.prints and (found := differences(self.prints, resolved)):
            self.differing = found
            self.stop()


@dataclass
class InlineProgram:
    """``program`` for the SDK's event loop. It declares nothing if the config is not the ``reviewed`` one."""

    program: Callable[[], None]
    reviewed: ReviewedConfig = field(default_factory=lambda: ReviewedConfig({}, lambda: None))
    keeps_outputs: bool = False
    """Whether the stack's outputs stay as they are, because this run does not deploy what the program exports."""
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
        """End the tasks that a failed run has left."""
        until = time.monotonic() + ENDING_SECONDS
        for loop in self._loops:
            while loop.is_running() and time.monotonic() < until:
                time.sleep(0.01)
            if not loop.is_running() and not loop.is_closed():
                _end(loop)
        self._loops.clear()


def _keep_outputs() -> None:
    """Export the last outputs of the running stack again, instead of its program's exports."""
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
    # A late stop request of the SDK would end the next run at once.
    loop.call_soon(loop.stop)
    loop.run_forever()
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    # Each task may fail once more; these errors have no receiver.
    if pending:
        loop.run_until_complete(asyncio.wait(pending))
    loop.close()


def create_keeping_text(workspace: automation.Workspace, name: str, folder: Path) -> None:
    """``pulumi stack init``, without what it does to ``Pulumi.<stack>.yaml``.

    The CLI rewrites the file without its comments and formats values anew. This function restores the file, and puts
    the added keys (such as ``encryptionsalt``) before the text.
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
    """A temporary stack file with the reviewed ``content``; None if there is no content.

    The decryption keys of a new stack are taken from its file in ``folder``. Keys that the CLI adds are written there,
    before the text.
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
    """A copy of the project file and of one stack file, with an empty state, and the environment for it.

    ``content`` is the text of the stack file; if it is empty, the file in ``folder`` is copied. The state has no
    secrets, so the passphrase protects nothing.
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
    """Create the folder ``copy`` with the project file, for another state, and for an inline program or the ``own``
    one.

    Relative paths of ``main`` and the virtual environment would start at the copy, so they are replaced. ``backend`` is
    the project's state backend.
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
