"""A project's stacks as a job sees them: settings, who reads whom, and a digest of everything that was written down."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from crossaccount.engine.own_program import OwnProgram, own_program
from crossaccount.job.running.order import Waits
from crossaccount.settings import CompiledStack, Project, Settings, compiled_in_order, read_project


@dataclass(frozen=True)
class Loaded:
    """The stacks of one project, each checked and compiled, in deployment order."""

    project: Project
    compiled: Mapping[str, CompiledStack]
    reads: Waits = field(default_factory=dict)
    """By stack: the project's stacks that it reads."""
    own: OwnProgram | None = None
    """The project's own program, where it is not the packaged one."""

    @cached_property
    def settings(self) -> Mapping[str, Settings]:
        """The settings of each stack."""
        return {name: each.settings for name, each in self.compiled.items()}

    @property
    def stacks(self) -> tuple[str, ...]:
        """All of them, each after those it reads."""
        return tuple(self.compiled)

    def upstreams(self, stack: str) -> dict[str, str]:
        """By account name under ``reads``: the stack of this project that manages it."""
        return _own_upstreams(self.project, self.settings[stack])

    def digest(self, stack: str) -> str:
        """SHA-256 of what the stack is to be: its effective config, what its includes say, a program of its own."""
        settings = self.settings[stack]
        content: Any = [self.project.name, stack, self.project.stacks[stack], repr(settings)]
        content += [self.own.digest()] if self.own else []
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def load(directory: Path) -> Loaded:
    """Read and check every stack of the project in ``directory``.

    Raises:
        SettingsError: everything wrong with any of them; stacks that read each other in a circle.
    """
    project = read_project(directory)
    compiled = compiled_in_order(project)
    reads = {name: frozenset(_own_upstreams(project, each.settings).values()) for name, each in compiled.items()}
    return Loaded(project, compiled, reads, own_program(project))


def _own_upstreams(project: Project, settings: Settings) -> dict[str, str]:
    own = {account: project.own_stack(full_name) for account, full_name in settings.upstreams.items()}
    return {account: name for account, name in own.items() if name is not None}
