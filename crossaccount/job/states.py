"""The state backend of a project: its stacks, lock holders, deployed resources, outputs, and operations that a killed
update left open. The list of stacks is read once for the whole project.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from pulumi import automation

from crossaccount.engine.failures import LOOK_AT_BACKEND, failure_of
from crossaccount.engine.work import SECRET
from crossaccount.iam.notation import notation_of, same_access_lines
from crossaccount.iam.problem import Problem
from crossaccount.job import events
from crossaccount.job.errors import BackendError
from crossaccount.job.loading import Loaded
from crossaccount.settings import CompiledStack, SettingsError
from crossaccount.settings.input_files import read_bytes, read_json
from crossaccount.settings.project import PROJECT_FILE, stack_file
from crossaccount.settings.yaml_text import read_yaml
from crossaccount.sources import SourceError
from crossaccount.sources.state import (
    FILE_SCHEME,
    backend_url,
    deployment_of,
    latest,
    read_history,
    state_folder,
    state_in_files,
)


@dataclass(frozen=True)
class KnownStack:
    """A stack as the backend lists it. ``updated`` is ISO 8601, empty if it never was; ``resources`` may be unknown."""

    name: str
    updated: str = ""
    resources: int | None = None
    busy: bool = False
    """Whether an update is under way, if the backend's list shows it."""
    held_by: str = ""
    """The holder of the stack's lock, for people. Only file backends show it."""

    @property
    def deployed(self) -> bool:
        """Whether it has resources: a destroyed stack is still listed."""
        return self.resources != 0 and bool(self.updated)


_USER_IN_URL = re.compile(r"(?<=://)[^/@\s]+(?=@)")
"""The user and password in the URL of a backend: a database URL contains the password."""
HISTORY_PAGE = 10
"""How many entries of a stack's history are read."""
LOOKING = ("refresh", "preview")
"""Kinds of history entries that do not change outputs."""


def left_behind(name: str) -> str:
    """The fix for a deployed stack without a file: the CLI needs the file to decrypt the state."""
    return f"restore {stack_file(name)} from version control, then run: crossaccount destroy {name}"


class Backend(Protocol):
    """A state backend."""

    @property
    def in_files(self) -> bool:
        """Whether states are local files, which are cheap to read."""
        ...

    def stacks(self) -> Mapping[str, KnownStack]:
        """The project's stacks by name.

        Raises:
            BackendError: it cannot be reached, or refuses the call.
        """
        ...

    def state(self, stack: str) -> Mapping[str, Any]:
        """A stack's state, with encrypted secrets; empty if it was never deployed.

        Raises:
            BackendError: it cannot be read.
        """
        ...

    def last_result(self, stack: str) -> str:
        """The engine's result of a stack's last change: ``succeeded``, ``failed`` or ``in-progress``.

        Empty if the stack was only created. A refresh does not count, because it does not change outputs.

        Raises:
            BackendError: it cannot be read.
        """
        ...


@dataclass(frozen=True)
class CliBackend:
    """The backend that the CLI uses for the project in ``folder``."""

    folder: Path
    command: automation.PulumiCommand
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def in_files(self) -> bool:
        """See :class:`Backend`."""
        return self._files is not None

    def stacks(self) -> Mapping[str, KnownStack]:
        """See :class:`Backend`."""
        listed: list[dict[str, Any]] = json.loads(self._run("stack", "ls", "--json") or "[]")
        holders = file_locks(self._files, self._project) if self._files else {}
        names = [(each["name"].rsplit("/", 1)[-1], each) for each in listed]
        return {name: _known(name, each, holders.get(name, "")) for name, each in names}

    def state(self, stack: str) -> Mapping[str, Any]:
        """See :class:`Backend`. The files of a file backend are read directly, which saves one CLI call for each
        stack.
        """
        if self._files:
            return state_in_files(self._files, self._project, stack) or {}
        return latest(json.loads(self._run("stack", "export", "--stack", stack)))

    def last_result(self, stack: str) -> str:
        """See :class:`Backend`, and https://www.pulumi.com/docs/iac/cli/commands/pulumi_stack_history/."""
        if self._files:
            return _last_result(_history_in_files(self._files, self._project, stack))
        page = ("--page-size", str(HISTORY_PAGE), "--json")
        return _last_result(json.loads(self._run("stack", "history", "--stack", stack, *page) or "[]"))

    @cached_property
    def _project(self) -> str:
        return read_name(self.folder)

    @cached_property
    def _files(self) -> Path | None:
        url = backend_url(self.folder, {**os.environ, **self.environment})
        return state_folder(url, self.folder) if url.startswith(FILE_SCHEME) else None

    def _run(self, *arguments: str) -> str:
        try:
            return self.command.run(list(arguments), str(self.folder), self.environment).stdout
        except automation.CommandError as error:
            found = failure_of("", (), str(error).partition("\n stderr: ")[2])
            url = backend_url(self.folder, {**os.environ, **self.environment}) or "the login of the pulumi CLI"
            problem = Problem("state backend", found.message, url, found.fix or LOOK_AT_BACKEND)
            raise BackendError(_USER_IN_URL.sub("***", str(problem))) from None


def _last_result(history: Iterable[Mapping[str, Any]]) -> str:
    """The result of the newest entry that changes outputs, else of the newest entry. ``entries`` are newest first."""
    newest = ""
    for entry in islice(history, HISTORY_PAGE):
        result = str(entry.get("result") or "")
        if entry.get("kind") not in LOOKING:
            return result
        newest = newest or result
    return newest


def _history_in_files(folder: Path, project: str, stack: str) -> Iterator[Mapping[str, Any]]:
    """The history entries of a file backend, newest first. File names end with the time in nanoseconds.

    A file that is being written is skipped.
    """
    # File backends of Pulumi before 3.61 have no folder for each project.
    for place in (folder / "history" / project / stack, folder / "history" / stack):
        for file in sorted((*place.glob("*.history.json"), *place.glob("*.history.json.gz")), reverse=True):
            with contextlib.suppress(SourceError, SettingsError):
                yield read_history(read_bytes(file, str(file)), str(file))


def read_name(folder: Path) -> str:
    """The project's name in its ``Pulumi.yaml``."""
    return str(read_yaml(folder / PROJECT_FILE, PROJECT_FILE).get("name") or folder.resolve().name)


def file_locks(folder: Path, project: str) -> dict[str, str]:
    """The lock holders of a file backend by stack, for people."""
    found = {}
    for file in sorted((folder / "locks").glob(f"*/{project}/*/*.json")):
        with contextlib.suppress(SettingsError):  # the lock was just released
            lock = read_json(file, str(file))
            if not isinstance(lock, Mapping):
                continue
            who = f"{lock.get('username')}@{lock.get('hostname')}, process {lock.get('pid')}"
            found[file.parent.name] = f"{who}, since {str(lock.get('timestamp'))[:19]}Z"
    return found


def _known(name: str, listed: Mapping[str, Any], held_by: str) -> KnownStack:
    updated, busy = listed.get("lastUpdate") or "", bool(listed.get("updateInProgress") or held_by)
    return KnownStack(name, updated, listed.get("resourceCount"), busy, held_by)


SECRET_KEY = "4dabf18193072939515e22adb298388d"
"""The key that marks a secret in a state: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig.go"""


def statuses(
    loaded: Loaded, backend: Backend, known: Mapping[str, KnownStack], names: Collection[str]
) -> Iterator[events.StackStatus]:
    """The status of the stacks ``names``, from the project and from the backend's list."""
    for name in names:
        compiled = loaded.compiled.get(name)
        stack = known.get(name)
        if stack is not None and stack.updated and not stack.deployed and not backend.last_result(name):
            # File backends show the time at which an empty stack was created.
            stack = replace(stack, updated="")
        found = _status(name, stack, compiled.settings.account_id if compiled else None)
        if compiled is not None and found.state == "deployed" and backend.in_files:
            access = _access(compiled, outputs_of(name, backend.state(name)).get("access"))
            found = replace(found, access=access, result=backend.last_result(name))
        yield found


def _access(compiled: CompiledStack, deployed: object) -> str:
    """Whether a stack declares the access that it last deployed; empty if its outputs do not show it."""
    if not isinstance(deployed, Mapping):
        return ""
    return "unchanged" if same_access_lines(notation_of(compiled.declared), deployed) else "changed"


def _status(name: str, known: KnownStack | None, account_id: str | None) -> events.StackStatus:
    if known is None:
        return events.StackStatus(stack=name, state="never-deployed", account_id=account_id or "")
    state = "deployed" if known.deployed else "destroyed" if known.updated else "never-deployed"
    return events.StackStatus(
        stack=name,
        state=state if account_id else "not-in-project",
        fix="" if account_id else left_behind(name) if known.deployed else f"pulumi stack rm {name}",
        account_id=account_id or "",
        updated=known.updated,
        resources=known.resources,
        held_by=known.held_by or ("somebody" if known.busy else ""),
    )


def outputs_of(stack: str, state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The outputs in a stack's state, without secrets."""
    shown: Mapping[str, Any] = masked(deployment_of(stack, state).outputs)
    return shown


def protected(state: Mapping[str, Any]) -> list[str]:
    """The names of the protected resources in a stack's state."""
    marked = [each for each in state.get("resources") or () if each.get("protect") and not each.get("delete")]
    return [str(each["urn"]).rsplit("::", 1)[-1] for each in marked]


def masked(value: Any) -> Any:
    """``value`` with every secret replaced, encrypted ones and those that the engine elides."""
    if isinstance(value, Mapping):
        return SECRET if SECRET_KEY in value else {key: masked(each) for key, each in value.items()}
    return [masked(each) for each in value] if isinstance(value, list) else value


CREATING = "creating"


@dataclass(frozen=True)
class Pending:
    """One open operation: ``creating``, ``updating``, ``deleting``, …, and its resource in the state."""

    operation: str
    resource: Mapping[str, Any]

    @property
    def type(self) -> str:
        """The resource's type token."""
        return str(self.resource["type"])

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return str(self.resource["urn"]).split("::", 3)[-1]

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The resource's inputs."""
        return self.resource.get("inputs") or {}


def pending_in(state: Mapping[str, Any]) -> tuple[Pending, ...]:
    """The open operations of a state."""
    found = state.get("pending_operations") or ()
    return tuple(Pending(str(each["type"]), each["resource"]) for each in found)


def creations_in(state: Mapping[str, Any]) -> tuple[Pending, ...]:
    """The open creations: AWS may have created a resource that the state does not have.

    Other open operations are of resources in the state: a refresh reads their result.
    """
    recorded = {each["urn"] for each in state.get("resources") or () if not each.get("delete")}
    found = (each for each in pending_in(state) if each.operation == CREATING)
    return tuple(each for each in found if each.resource["urn"] not in recorded)


def described(creations: Sequence[Pending]) -> str:
    """The resources of operations, for people."""
    return ", ".join(f"{each.type.rpartition(':')[2]} {each.name}" for each in creations)


def left_open(creations: Sequence[Pending], *, in_files: bool) -> str:
    """The meaning of open creations, for people. Only the list of a file backend shows whether an update is running."""
    killed = "an update was killed" if in_files else "an update is under way or was killed"
    return f"{killed} while it created {described(creations)}: AWS may have it, but the state does not"


def way_out(stack: str, *, in_files: bool, then: str = "") -> str:
    """The fix for open creations."""
    fix = f"crossaccount up {stack} --recover{then}"
    return fix if in_files else f"wait for it; if it was killed: {fix}"
