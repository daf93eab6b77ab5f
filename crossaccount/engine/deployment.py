"""A stack to run, its program, and the resulting resources, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from crossaccount.iam.json_text import parse_json
from crossaccount.iam.problem import OperationFailed

if TYPE_CHECKING:
    from crossaccount.settings import CompiledStack, Project

References = Mapping[str, Mapping[str, Any]]
"""Stack outputs by account name."""


class Program(Protocol):
    """The Pulumi program; see ``components.program``."""

    def __call__(
        self,
        references: References | None = None,
        root: Path | None = None,
        compiled: CompiledStack | None = None,
        *,
        given: bool = False,
        now: datetime | None = None,
    ) -> None: ...


@dataclass(frozen=True)
class Stack:
    """One stack to run. ``config`` is its effective config by full key, as Python values."""

    project: str
    name: str
    config: Mapping[str, Any]
    directory: Path
    """The folder of ``Pulumi.yaml``, from which ``crossaccount:include`` is read."""
    account: str = ""
    """The account where the config does not say it."""
    now: datetime | None = None
    """The time of the run, by which its program decides what has ended; None for the present time."""

    @classmethod
    def of(cls, project: Project, name: str) -> Stack:
        """The stack ``name`` of a project on disk.

        Raises:
            KeyError: the project has no such stack.
        """
        return cls(project.name, name, project.stacks[name], project.directory, now=project.given_now)

    @property
    def account_id(self) -> str:
        """The only account in ``aws:allowedAccountIds``: the account that the stack may change."""
        if self.account:
            return self.account
        allowed: Any = self.config["aws:allowedAccountIds"]
        ids = parse_json(allowed) if isinstance(allowed, str) else allowed
        return str(ids[0])


@dataclass(frozen=True)
class Resource:
    """One resource: the inputs that the program declared and the outputs that the provider returned."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    id: str
    provider: str = ""
    """The explicit provider, by URN and ID; empty for the default provider."""
    import_id: str = ""
    """The ID to import, if it may exist already."""
    exists: bool = False
    """Whether it was there before, as a plan or a state says."""

    @property
    def values(self) -> Mapping[str, Any]:
        """Its properties: the provider's outputs, and declared inputs that have no output."""
        return {**self.inputs, **{key: value for key, value in self.outputs.items() if value is not None}}


@dataclass(frozen=True)
class Deployment:
    """The result of one run."""

    stack: str
    resources: tuple[Resource, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    messages: tuple[str, ...] = ()
    """The program's messages: warnings, and errors that did not stop it."""
    notes: tuple[str, ...] = ()
    """Notes for the analysis of a recording: answered calls, and resources that cannot be seen."""

    def of_type(self, type_token: str) -> Iterator[Resource]:
        """The resources of one type, in declaration order."""
        return (resource for resource in self.resources if resource.type == type_token)


class DeploymentError(OperationFailed):
    """A run failed. ``str()`` is the message for people: one or more lines, no traceback."""

    def __init__(self, stack: str, message: str) -> None:
        super().__init__(message)
        self.stack = stack
