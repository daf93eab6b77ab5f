"""The stacks of a project, opened as the user or on a fresh local AWS."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from crossaccount.engine.automation_engine import AutomationEngine
from crossaccount.engine.deployment import Program, Stack
from crossaccount.engine.local_config import ASSUME_ROLES, local_config
from crossaccount.engine.own_program import own_program
from crossaccount.engine.pulumi_cli import INSTALL, installed
from crossaccount.engine.retries import RetryingEngine
from crossaccount.engine.variables import refused_variables
from crossaccount.engine.work import StackEngine
from crossaccount.iam.problem import Problem
from crossaccount.job.events import Tell
from crossaccount.job.local import LocalParts, in_process_parts, local_parts
from crossaccount.job.recovery.recover import recover
from crossaccount.job.review.live import LiveAccounts
from crossaccount.job.running.workers import Threads, Workers
from crossaccount.job.stacks import Stacks
from crossaccount.job.states.backend import CliBackend
from crossaccount.local.clients import Gateway
from crossaccount.settings import Project, SettingsError, read_project


def stacks_at(directory: Path, program: Program, workers: Workers | None, on_event: Tell | None) -> Stacks:
    """The stacks of the project in ``directory``, with the user's CLI, login, states and credentials.

    Raises:
        SettingsError: the project's settings are wrong, there is no CLI, or the environment has variables with which
            it runs something else.
    """
    if not installed():
        raise SettingsError([Problem(str(directory), "there is no pulumi CLI on the PATH", "pulumi", INSTALL)])
    project = _read(directory)
    accounts = LiveAccounts(project.stacks)
    engine = AutomationEngine(program, own=own_program(project), recover=recover)
    return Stacks(
        directory,
        RetryingEngine(engine),
        CliBackend(directory.resolve(), engine.command),
        workers=workers,
        on_event=on_event,
        live=accounts,
        accounts=accounts,
        sign_in=accounts.signed_in,
    )


def _read(directory: Path) -> Project:
    """The project, in an environment in which the engine runs what is read; what is wrong with both at once."""
    try:
        project = read_project(directory)
    except SettingsError as error:
        raise SettingsError([*refused_variables(os.environ, (), directory), *error.problems]) from None
    if found := refused_variables(os.environ, project.stacks.values(), directory):
        raise SettingsError(found)
    return project


@contextmanager
def stacks_on_local_aws(
    directory: Path, program: Program, workers: Workers | None, on_event: Tell | None
) -> Iterator[Stacks]:
    """The stacks of the project in ``directory`` on a fresh local AWS; in-process where there is no CLI.

    Raises:
        SettingsError: the project's settings are wrong.
    """
    place: Callable[[Path, Program], AbstractContextManager[LocalParts[StackEngine]]]
    place, workers = (local_parts, workers) if installed() else (in_process_parts, Threads(1))
    with place(directory, program) as parts:
        accounts = LiveAccounts(_configs(directory, parts.aws.gateway), local=True)
        yield Stacks(
            directory,
            parts.engine,
            parts.backend,
            workers=workers,
            on_event=on_event,
            live=accounts,
            accounts=accounts,
        )


def _configs(directory: Path, gateway: Gateway) -> Mapping[str, Mapping[str, object]]:
    """The stacks' configs with the credentials that reach their accounts on the local AWS: those of its roots."""
    project = read_project(directory)
    stacks = [Stack.of(project, name) for name in project.stacks]
    return {each.name: {**local_config(each, gateway), ASSUME_ROLES: []} for each in stacks}
