"""``--local``: the job on a fresh local AWS, with a state, a home and copies of the stacks' files of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crossaccount.engine.deployers import make_deployers
from crossaccount.engine.deployment import Program, Stack
from crossaccount.engine.local_config import local_config
from crossaccount.engine.pulumi_cli import private_environment
from crossaccount.job.engine.automation_engine import AutomationEngine
from crossaccount.job.engine.new_stack import copy_project_file
from crossaccount.job.states.backend import CliBackend
from crossaccount.local.provider import serve_provider
from crossaccount.local.server import LocalAws
from crossaccount.settings import read_project
from crossaccount.settings.project import stack_file
from crossaccount.settings.yaml_writing import yaml_text


@dataclass(frozen=True)
class LocalFleet:
    """What a job needs to run on ``aws``."""

    aws: LocalAws
    engine: AutomationEngine
    backend: CliBackend


@contextmanager
def local_fleet(directory: Path, program: Program) -> Iterator[LocalFleet]:
    """A local AWS, and an engine for the project in ``directory`` that deploys there; all of it gone afterwards."""
    with (
        LocalAws() as aws,
        tempfile.TemporaryDirectory(prefix="crossaccount-job-") as home,
        serve_provider() as port,
    ):
        folder = Path(home) / "project"
        _copy_files(directory, folder, aws)
        environment = private_environment(Path(home), port)
        engine = AutomationEngine(program, environment, folder)
        yield LocalFleet(aws, engine, CliBackend(folder, engine.command, environment))


def _copy_files(directory: Path, folder: Path, aws: LocalAws) -> None:
    project = read_project(directory)
    copy_project_file(directory, folder)
    stacks = [Stack.of(project, name) for name in project.stacks]
    deployer = make_deployers(aws, stacks)
    for stack in stacks:
        config = local_config(stack, aws.endpoint, deployer)
        (folder / stack_file(stack.name)).write_text(yaml_text({"config": config}), encoding="utf-8")
