"""Whether a stack's config files and its program are still what was read when the job began."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossaccount.engine.own_program import own_program
from crossaccount.iam.json_text import parse_json
from crossaccount.job.loading import Loaded
from crossaccount.settings import SettingsError, read_project
from crossaccount.settings.includes import find_included
from crossaccount.settings.input_files import read_bytes
from crossaccount.settings.project import PROJECT_FILE, stack_file

INCLUDE = "crossaccount:include"


@dataclass(frozen=True)
class ConfigFiles:
    """The config of a project's stacks at one moment. ``prints`` are by stack."""

    loaded: Loaded
    prints: Mapping[str, str]

    @classmethod
    def of(cls, loaded: Loaded) -> ConfigFiles:
        """As they are now."""
        return cls(loaded, {stack: _print(loaded, stack) for stack in loaded.stacks})

    def unchanged(self, stack: str) -> bool:
        """Whether ``stack`` still says the same.

        Files are compared byte by byte, and only where they differ by what they say: making a new stack adds a line
        about its secrets.
        """
        if _print(self.loaded, stack) == self.prints[stack]:
            return True
        try:
            project = read_project(self.loaded.project.directory)
            again = Loaded(project, {stack: project.compiled(stack)}, own=own_program(project))
            return again.digest(stack) == self.loaded.digest(stack)
        except SettingsError:
            return False


def _print(loaded: Loaded, stack: str) -> str:
    digest = hashlib.sha256()
    for file in _files(loaded, stack):
        digest.update(str(file).encode() + b"\0")
        digest.update(read_bytes(file, file.name) if os.path.isfile(file) else b"")
    return digest.hexdigest()


def _files(loaded: Loaded, stack: str) -> Iterator[Path]:
    directory = loaded.project.directory
    included: Any = loaded.project.stacks[stack].get(INCLUDE) or ()
    yield directory / PROJECT_FILE
    yield directory / "Pulumi.json"  # which the CLI would take instead, if it came to be there
    yield from loaded.own.files() if loaded.own else ()
    yield directory / stack_file(stack)
    yield from find_included(parse_json(included) if isinstance(included, str) else included, directory, INCLUDE, [])
