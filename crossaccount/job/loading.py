"""The stacks of a project, loaded for a job: settings, dependencies between stacks, digests, changes of their files."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from crossaccount.engine.own_program import OwnProgram, own_program
from crossaccount.iam.json_text import parse_json
from crossaccount.settings import CompiledStack, Project, Settings, SettingsError, compiled_in_order, read_project
from crossaccount.settings.includes import find_included
from crossaccount.settings.input_files import read_bytes, read_json
from crossaccount.settings.project import PROJECT_FILE, stack_file
from crossaccount.sources.state import FILE_SCHEME, backend_url, state_folder

Waits = Mapping[str, frozenset[str]]
"""By stack: the stacks that it reads and therefore waits for."""
INCLUDE = "crossaccount:include"
FOLDER = ".crossaccount"
"""Our own folder in a project's."""
LOG = "approvals.jsonl"
"""The file in it that records approvals."""


@dataclass(frozen=True)
class Loaded:
    """The stacks of one project, each checked and compiled, in deployment order."""

    project: Project
    compiled: Mapping[str, CompiledStack]
    reads: Waits = field(default_factory=dict)
    """By stack: the project's stacks that it reads."""
    own: OwnProgram | None = None
    """The project's own program; None if it runs the packaged one."""
    apart: frozenset[Path] = frozenset()
    """Files and folders of the project that are no part of its program: states, and what the command itself writes."""

    @cached_property
    def settings(self) -> Mapping[str, Settings]:
        """The settings of each stack."""
        return {name: each.settings for name, each in self.compiled.items()}

    @property
    def now(self) -> datetime:
        """The time of the run, by which it is decided what has ended."""
        return self.project.now

    def at(self, now: datetime) -> Loaded:
        """The same stacks at another time: that of a saved plan.

        Raises:
            SettingsError: as for :func:`load`.
        """
        project = replace(self.project, given_now=now)
        return replace(self, project=project, compiled=compiled_in_order(project))

    @property
    def stacks(self) -> tuple[str, ...]:
        """The names of all stacks, each after those that it reads."""
        return tuple(self.compiled)

    def upstreams(self, stack: str) -> dict[str, str]:
        """By account name under ``reads``: the stack of this project that manages it."""
        return _own_upstreams(self.project, self.settings[stack])

    @cached_property
    def program(self) -> str:
        """The digest of the project's own program, as it was when it was first asked for; empty where there is none.

        Raises:
            SettingsError: a file of it cannot be read.
        """
        return self.own.digest(self.apart) if self.own else ""

    def leaving_out(self, *files: Path | None) -> Loaded:
        """The same, whose program has no part in ``files``, which the command writes or reads itself."""
        return replace(self, apart=self.apart | {each for each in files if each is not None})

    def digest(self, stack: str) -> str:
        """SHA-256 of everything that defines a stack: config, included files, the project, its own program."""
        settings = self.settings[stack]
        content: Any = [self.project.name, stack, self.project.stacks[stack], repr(settings), self.project.definition]
        content += [settings.organization.content] if settings.organization else []
        content += [self.program] if self.own else []
        # Who can read its secrets. What a passphrase is held against (encryptionsalt) comes with the first update.
        file = self.project.files.get(stack, {})
        content += [file[key] for key in ("secretsprovider", "encryptedkey") if file.get(key)]
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def load(directory: Path, now: datetime | None = None) -> Loaded:
    """Read and check every stack of the project in ``directory``. ``now`` is the time of the run; default: the present.

    Raises:
        SettingsError: everything wrong with any of them; stacks that read each other in a circle.
    """
    project = read_project(directory, now)
    compiled = compiled_in_order(project)
    reads = {name: frozenset(_own_upstreams(project, each.settings).values()) for name, each in compiled.items()}
    own = own_program(project)
    return Loaded(project, compiled, reads, own, frozenset(_kept_here(directory)) if own else frozenset())


def _kept_here(directory: Path) -> Iterator[Path]:
    """What Pulumi and the job keep and change while stacks are run, wherever it is."""
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    yield home
    yield from (directory / FOLDER / name for name in (LOG, ".gitignore"))
    with suppress(SettingsError, AttributeError):
        login = read_json(home / "credentials.json", "credentials.json").get("current")
        for url in (backend_url(directory, os.environ), str(login or "")):
            if url.startswith(FILE_SCHEME):
                yield state_folder(url, directory)


def _own_upstreams(project: Project, settings: Settings) -> dict[str, str]:
    own = {account: project.own_stack(full_name) for account, full_name in settings.upstreams.items()}
    return {account: name for account, name in own.items() if name is not None}


@dataclass(frozen=True)
class ConfigFiles:
    """The files of a project's stacks at one moment. ``prints`` are by stack; its own program has one for all."""

    loaded: Loaded
    prints: Mapping[str, str]

    @classmethod
    def of(cls, loaded: Loaded) -> ConfigFiles:
        """Read the current config of all stacks."""
        return cls(loaded, {stack: _print(loaded, stack) for stack in loaded.stacks})

    def unchanged(self, stack: str) -> bool:
        """Whether ``stack`` still says the same, and its program is the same.

        Files are compared byte by byte. If they differ, their content is compared, because creating a stack adds a line
        about its secrets.
        """
        before = self.loaded
        try:
            if before.own and before.own.digest(before.apart) != before.program:
                return False
            if _print(before, stack) == self.prints[stack]:
                return True
            project = read_project(before.project.directory, before.now)
            again = Loaded(project, {stack: project.compiled(stack)}, own=own_program(project), apart=before.apart)
            return again.digest(stack) == before.digest(stack)
        except SettingsError:
            return False


def _print(loaded: Loaded, stack: str) -> str:
    # Where its program is may change with a link that is not in the project.
    digest = hashlib.sha256(
        os.fsencode(os.path.realpath(loaded.project.directory / str(loaded.project.definition.get("main") or ".")))
    )
    for file in _files(loaded, stack):
        digest.update(str(file).encode() + b"\0")
        digest.update(read_bytes(file, file.name) if os.path.isfile(file) else b"")
    return digest.hexdigest()


def _files(loaded: Loaded, stack: str) -> Iterator[Path]:
    directory = loaded.project.directory
    included: Any = loaded.project.stacks[stack].get(INCLUDE) or ()
    yield directory / PROJECT_FILE
    yield directory / "Pulumi.json"  # a file that the CLI would prefer, should somebody create it
    yield directory / stack_file(stack)
    yield from (directory / name for name in sorted({each.name for each in loaded.settings[stack].files.values()}))
    if (organization := loaded.settings[stack].organization) is not None:
        yield directory / organization.file
    yield from find_included(parse_json(included) if isinstance(included, str) else included, directory, INCLUDE, [])
