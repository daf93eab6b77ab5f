"""What a job runs on: the user's own CLI, states and credentials; or a fresh local AWS that ends with the job.

On a local AWS the pulumi CLI has its own state and home, and copies of the stacks' files. Without the CLI, stacks are
deployed in this process and there is no state.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from crossaccount.bootstrap.making import as_the_pipeline, make_bootstraps
from crossaccount.bootstrap.resources import Bootstrap, bootstraps_of
from crossaccount.engine.automation_engine import AutomationEngine, on_local_aws
from crossaccount.engine.deployers import ASSUME_ROLES, local_config, make_deployers
from crossaccount.engine.deployment import Program, Stack
from crossaccount.engine.local_aws import DEFAULT_REGION, InProcessEngine
from crossaccount.engine.own_program import own_program
from crossaccount.engine.provider_config import refused_config
from crossaccount.engine.pulumi_cli import INSTALL, installed
from crossaccount.engine.retries import RetryingEngine
from crossaccount.engine.variables import refused_variables
from crossaccount.engine.work import Outcome, StackEngine
from crossaccount.iam.problem import Problem
from crossaccount.job.afterwards.recovery import recover
from crossaccount.job.review.readiness import SignIn
from crossaccount.job.running.workers import Threads, Workers
from crossaccount.job.sign_in.live_accounts import LiveAccounts
from crossaccount.job.states import Backend, CliBackend, KnownStack
from crossaccount.local.clients import Gateway
from crossaccount.local.clusters import make_clusters
from crossaccount.local.server import LocalAws
from crossaccount.settings import CompiledStack, Project, SettingsError, read_project
from crossaccount.sources.organizations import Content, before_first_update

E = TypeVar("E", bound=StackEngine, covariant=True)


@dataclass(frozen=True)
class LocalParts(Generic[E]):
    """What a job needs to run on ``aws``."""

    aws: LocalAws
    engine: E
    backend: Backend


@contextmanager
def local_parts(directory: Path, program: Program) -> Iterator[LocalParts[AutomationEngine]]:
    """A local AWS, and the pulumi CLI for the project in ``directory``, deploying there."""
    project = read_project(directory)
    bootstraps, own = _bootstraps(project), own_program(project)
    stacks = _deployed_by_pipelines(project, bootstraps)
    with LocalAws(organization=_organization(project)) as aws:
        make_bootstraps(aws, bootstraps)
        _make_clusters(aws, project)
        deployer = make_deployers(aws, stacks)
        with on_local_aws(aws, program, directory, stacks, deployer, own, recover) as engine:
            backend = CliBackend(engine.folder or directory, engine.command, engine.environment)
            yield LocalParts(aws, engine, backend)


@contextmanager
def in_process_parts(directory: Path, program: Program) -> Iterator[LocalParts[InProcessEngine]]:
    """A local AWS, and an engine that makes the stacks of the project in ``directory`` there."""
    project = read_project(directory)
    bootstraps, own = _bootstraps(project), own_program(project)
    stacks = _deployed_by_pipelines(project, bootstraps)
    with LocalAws(organization=_organization(project)) as aws:
        make_bootstraps(aws, bootstraps)
        _make_clusters(aws, project)
        roles = {each.name: each.config.get(ASSUME_ROLES) for each in stacks}
        engine = InProcessEngine(program, aws.gateway, make_deployers(aws, stacks), own, roles=roles)
        yield LocalParts(aws, engine, InProcessBackend(engine.deployed))


def _deployed_by_pipelines(project: Project, bootstraps: tuple[Bootstrap, ...]) -> list[Stack]:
    """The stacks as their pipelines deploy them, where they have one, so that what a pipeline lacks shows here."""
    return [as_the_pipeline(Stack.of(project, name), bootstraps) for name in project.stacks]


def _bootstraps(project: Project) -> tuple[Bootstrap, ...]:
    """What the pipeline needs in each account."""
    return bootstraps_of(_compiled(project))


def _make_clusters(aws: LocalAws, project: Project) -> None:
    """The EKS clusters with whose pods stacks associate roles."""
    compiled = _compiled(project).values()
    regions = {each.settings.account_id: str(each.config.get("aws:region") or DEFAULT_REGION) for each in compiled}
    make_clusters([each.settings for each in compiled], aws, regions)


def _compiled(project: Project) -> dict[str, CompiledStack]:
    """The stacks without errors. The job itself reports a config with errors."""
    compiled: dict[str, CompiledStack] = {}
    for name in project.stacks:
        with suppress(SettingsError):
            compiled[name] = project.compiled(name)
    return compiled


def _organization(project: Project) -> Content | None:
    """The organisation above the project's accounts."""
    settings = (project.compiled(name).settings for name in project.stacks)
    return before_first_update((each.organization for each in settings if each.organization), project.directory)


@dataclass(frozen=True)
class InProcessBackend:
    """The stacks that were deployed in this process, in place of a state."""

    deployed: Mapping[str, Outcome]
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    in_files = True

    def stacks(self) -> Mapping[str, KnownStack]:
        """See :class:`~crossaccount.job.states.Backend`."""
        updated = self.started.isoformat()
        return {name: KnownStack(name, updated, len(each.changes)) for name, each in self.deployed.items()}

    def state(self, stack: str) -> Mapping[str, Any]:
        """See :class:`~crossaccount.job.states.Backend`."""
        if stack not in self.deployed:
            return {}
        exports = self.deployed[stack].outputs
        return {"resources": [{"urn": stack, "type": "pulumi:pulumi:Stack", "outputs": exports}]}

    def last_result(self, stack: str) -> str:
        """See :class:`~crossaccount.job.states.Backend`."""
        return "succeeded" if stack in self.deployed else ""


@dataclass(frozen=True)
class Opened:
    """The engine and backend of a project's stacks. Without ``sign_in`` the account of their credentials is not
    checked.
    """

    engine: StackEngine
    backend: Backend
    accounts: LiveAccounts
    workers: Workers | None = None
    sign_in: SignIn | None = None


def open_as_user(directory: Path, program: Program, workers: Workers | None = None) -> Opened:
    """The project in ``directory`` with the user's CLI, login, states and credentials.

    Raises:
        SettingsError: the settings are wrong, there is no CLI, or environment variables would make it run something
        else.
    """
    if not installed():
        raise SettingsError([Problem(str(directory), "there is no pulumi CLI on the PATH", "pulumi", INSTALL)])
    project = _read(directory)
    accounts = LiveAccounts(project.stacks)
    engine = AutomationEngine(program, own=own_program(project), recover=recover)
    backend = CliBackend(directory.resolve(), engine.command)
    return Opened(RetryingEngine(engine), backend, accounts, workers, accounts.signed_in)


def _read(directory: Path) -> Project:
    """The project. Reports everything that is wrong with it and with the engine's environment variables at once."""
    try:
        project = read_project(directory)
    except SettingsError as error:
        raise SettingsError([*refused_variables(os.environ, (), directory), *error.problems]) from None
    found = [*refused_variables(os.environ, project.stacks.values(), directory), *refused_config(project)]
    if found:
        raise SettingsError(found)
    return project


@contextmanager
def open_on_local_aws(directory: Path, program: Program, workers: Workers | None = None) -> Iterator[Opened]:
    """The project in ``directory`` on a fresh local AWS; in-process where there is no CLI.

    Raises:
        SettingsError: the project's settings are wrong.
    """
    place: Callable[[Path, Program], AbstractContextManager[LocalParts[StackEngine]]]
    place, workers = (local_parts, workers) if installed() else (in_process_parts, Threads(1))
    with place(directory, program) as parts:
        accounts = LiveAccounts(_configs(directory, parts.aws.gateway), local=True)
        yield Opened(parts.engine, parts.backend, accounts, workers)


def _configs(directory: Path, gateway: Gateway) -> Mapping[str, Mapping[str, object]]:
    """The configs of the stacks, with the root credentials of their accounts on the local AWS."""
    project = read_project(directory)
    stacks = [Stack.of(project, name) for name in project.stacks]
    return {each.name: {**local_config(each, gateway), ASSUME_ROLES: []} for each in stacks}
