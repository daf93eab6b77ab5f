"""The state backend, asked once for a whole fleet: which stacks there are, and who holds them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pulumi import automation

from crossaccount.job.failure import failure_of


class BackendError(Exception):
    """The state backend cannot be used. ``str()`` is what a person should read."""


@dataclass(frozen=True)
class KnownStack:
    """A stack as the backend lists it. ``updated`` is ISO 8601, empty if it never was; ``resources`` may be unknown."""

    name: str
    updated: str = ""
    resources: int | None = None
    busy: bool = False
    """Whether an update is under way, where the backend says so in its list."""


class Backend(Protocol):
    """Where states are."""

    def stacks(self) -> Mapping[str, KnownStack]:
        """The project's stacks by name.

        Raises:
            BackendError: it cannot be reached, or refuses.
        """
        ...


@dataclass(frozen=True)
class CliBackend:
    """The backend that the CLI uses for the project in ``folder``."""

    folder: Path
    command: automation.PulumiCommand
    environment: Mapping[str, str] = field(default_factory=dict)

    def stacks(self) -> Mapping[str, KnownStack]:
        """See :class:`Backend`."""
        try:
            done = self.command.run(["stack", "ls", "--json"], str(self.folder), self.environment)
        except automation.CommandError as error:
            found = failure_of("", (), str(error).partition("\n stderr: ")[2])
            raise BackendError(f"state backend: {found.message}; look at PULUMI_BACKEND_URL") from None
        listed: list[dict[str, Any]] = json.loads(done.stdout or "[]")
        return {name: _known(name, each) for each in listed for name in [each["name"].rsplit("/", 1)[-1]]}


def _known(name: str, listed: Mapping[str, Any]) -> KnownStack:
    return KnownStack(
        name, listed.get("lastUpdate") or "", listed.get("resourceCount"), bool(listed.get("updateInProgress"))
    )
