"""``stack:[DIR/]NAME``: what the program declares for a stack, recorded without deploying anything.

Upstream outputs are those of the upstream stacks, recorded first: the estate is what a fleet of ``pulumi up`` would
make, whatever was deployed so far. A stack of another project cannot be recorded from here, and is refused with a way
out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from crossaccount.engine.deployment import Deployment, DeploymentError, Program, Stack
from crossaccount.engine.own_program import OwnProgram, not_run, own_program
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings import CompiledStack, Project, Settings, SettingsError
from crossaccount.sources.address_book import displays
from crossaccount.sources.declared import details
from crossaccount.sources.details import Described
from crossaccount.sources.errors import SourceError, refusal, within
from crossaccount.sources.stacks import NamedStack, must_exist

Key = tuple[str, str]
LOOK = "see what the engine makes of it: pulumi preview"


class Recorder:
    """Records stacks, each once however many read it.

    ``program`` gives the packaged Pulumi program, loaded when needed. ``may_run`` says of a project's folder whether a
    program of its own may be run.
    """

    def __init__(self, program: Callable[[], Program], may_run: Callable[[Path], bool]) -> None:
        self._program = program
        self._may_run = may_run
        self._recorded: dict[Key, Deployment] = {}

    def describe(self, stack: NamedStack) -> Described:
        """The account as the stack declares it.

        Raises:
            SourceError: the stack's or an upstream's config is wrong, or stacks read each other in a circle.
        """
        compiled = _compiled(stack)
        settings, deployment = compiled.settings, self._record(stack, compiled, ())
        return Described(
            stack.where,
            settings.account_id,
            details(deployment),
            settings.account_ids,
            displays=displays(settings.accounts.values()),
            region=settings.region or "",
            warnings=tuple(Problem(stack.where, each, NOT_GIVEN, LOOK, "warning") for each in deployment.notes),
        )

    def deployment(self, stack: NamedStack) -> Deployment:
        """The resources that the stack declares.

        Raises:
            SourceError: as for ``describe``.
        """
        return self._record(stack, _compiled(stack), ())

    def _record(self, stack: NamedStack, compiled: CompiledStack, readers: tuple[str, ...]) -> Deployment:
        key = (str(stack.project.directory.resolve()), stack.name)
        if key not in self._recorded:
            references = self._upstreams(stack, compiled.settings, (*readers, stack.name))
            self._recorded[key] = self._run(stack, compiled, references)
        return self._recorded[key]

    def _upstreams(
        self, stack: NamedStack, settings: Settings, readers: tuple[str, ...]
    ) -> dict[str, Mapping[str, Any]]:
        found = {}
        for account, full_name in settings.upstreams.items():
            upstream = _upstream(stack, full_name)
            if upstream.name in readers:
                circle = " → ".join([*readers[readers.index(upstream.name) :], upstream.name])
                raise refusal(stack.where, "stacks read each other in a circle", circle, "drop one of the reads")
            found[account] = self._record(upstream, _compiled(upstream), readers).outputs
        return found

    def _run(
        self, stack: NamedStack, compiled: CompiledStack, references: Mapping[str, Mapping[str, Any]]
    ) -> Deployment:
        # Pulumi takes half a second to import: only what is recorded needs it.
        from crossaccount.engine.recording import record, record_own

        run, own = Stack.of(stack.project, stack.name), self._own(stack)
        try:
            if own is None:
                return record(run, self._program(), references=references, compiled=compiled)
            deployed = {full_name(stack.project, each): found for each, found in self._deployed(stack).items()}
            return record_own(own, run, deployed=deployed)
        except DeploymentError as error:
            raise SourceError(f"{stack.where}: {line}" for line in str(error).splitlines()) from None

    def _deployed(self, stack: NamedStack) -> dict[str, Mapping[str, Any]]:
        """The outputs of the project's stacks that are recorded by now, by name: those that the stack reads."""
        folder = str(stack.project.directory.resolve())
        return {name: found.outputs for (where, name), found in self._recorded.items() if where == folder}

    def _own(self, stack: NamedStack) -> OwnProgram | None:
        try:
            own = own_program(stack.project)
        except SettingsError as error:
            raise within(stack.where, error.problems) from None
        if own is not None and not self._may_run(stack.project.directory):
            raise SourceError(not_run(own, stack.where).problems)
        return own


def full_name(project: Project, stack: str) -> str:
    """A stack's full name, as a stack reference finds it here."""
    return f"organization/{project.name}/{stack}"


def _compiled(stack: NamedStack) -> CompiledStack:
    must_exist(stack)
    try:
        return stack.project.compiled(stack.name)
    except SettingsError as error:
        raise within(stack.where, error.problems) from None


def _upstream(reader: NamedStack, full_name: str) -> NamedStack:
    """The stack with a name or ``<organisation>/<project>/<stack>``, in the reader's project."""
    name = reader.project.own_stack(full_name)
    if name is None:
        what = "reads a stack of another project, which cannot be recorded from here"
        raise refusal(reader.where, what, full_name, f"analyse what it last deployed: state:{reader.name}")
    return NamedStack(reader.where, reader.project, name)
