"""A copy of the root project with a private Pulumi and a local AWS: what the tests marked ``engine`` work on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi import automation

from crossaccount.engine.pulumi_cli import installed, private_environment
from crossaccount.local.clients import Aws, Gateway
from crossaccount.local.provider import serve_provider
from crossaccount.local.server import LocalAws

ROOT = Path(__file__).parents[2]
AUTH, WORKLOAD = "111111111111", "222222222222"
SERVICES = ("iam", "organizations", "secretsmanager", "sts")

# A CLI lives for seconds: the memory that it does not give back is cheaper than the time of its garbage collector.
os.environ.setdefault("GOGC", "400")

# A CLI lives for seconds: the memory that it does not give back is cheaper than the time of its garbage collector.
os.environ.setdefault("GOGC", "400")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Report tests that need the CLI as skipped where there is none.

    What Pulumi's language server leaves open after a failed inline program is no fault of whichever test comes next.
    """
    left_open = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    skipped = pytest.mark.skip(reason="there is no pulumi CLI on the PATH")
    for item in items:
        if item.get_closest_marker("engine"):
            item.add_marker(left_open if installed() else skipped)


@dataclass
class Workspace:
    """A project folder, and the pulumi CLI for it."""

    folder: Path
    local: LocalAws
    environment: dict[str, str]
    printed: list[str] = field(default_factory=list)

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run ``pulumi`` and give back all it printed; the test fails if it does not end as said."""
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=300,
        )
        text = done.stdout + done.stderr
        self.printed.append(text)
        assert (done.returncode != 0) == fails, text
        return text

    def up(self, stack: str, *options: str, fails: bool = False) -> str:
        """``pulumi up`` of one stack, without asking."""
        return self.run("up", "--stack", stack, "--yes", "--skip-preview", *options, fails=fails)

    def changes(self, stack: str, *options: str) -> Mapping[str, int]:
        """What ``pulumi preview`` would do, as counts by operation."""
        printed = self.run("preview", "--stack", stack, "--json", *options)
        summary: Mapping[str, int] = json.loads(printed[printed.index("{") :])["changeSummary"]
        return summary

    def edit(self, stack: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a stack's config file."""
        file = self.folder / f"Pulumi.{stack}.yaml"
        content = yaml.safe_load(file.read_text())
        change(content["config"])
        file.write_text(yaml.safe_dump(content))

    def select(self, stack: str) -> automation.Stack:
        """The stack as the Automation API knows it."""
        options = automation.LocalWorkspaceOptions(
            work_dir=str(self.folder), pulumi_home=self.environment["PULUMI_HOME"], env_vars=self.environment
        )
        return automation.select_stack(stack, work_dir=str(self.folder), opts=options)

    def exported(self, stack: str) -> dict[str, Any]:
        """The state of a stack, secrets still encrypted."""
        state: dict[str, Any] = json.loads(self.run("stack", "export", "--stack", stack))["deployment"]
        return state

    def account(self, account_id: str) -> Aws:
        """The root of an account, in the stacks' region."""
        return self.local.session(account_id, region="us-west-2")


def copy_project(folder: Path, source: Path = ROOT, virtualenv: Path = Path(sys.prefix)) -> None:
    """Copy the program and the stacks of ``source``; the virtual environment is the one that runs the tests.

    Compiled files are copied too, with the times of their sources: each program would compile the package anew.
    """
    folder.mkdir()
    for package in ("components", "crossaccount"):
        shutil.copytree(ROOT / package, folder / package)
    shutil.copy(ROOT / "__main__.py", folder)
    for file in source.glob("Pulumi*.yaml"):
        shutil.copy(file, folder)
    project = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    project.pop("main", None)
    project["runtime"] = {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(virtualenv)}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))


def point_at(gateway: Gateway, account_id: str) -> Callable[[dict[str, Any]], None]:
    """An edit: credentials of the account's root on the local AWS behind ``gateway``."""

    def change(config: dict[str, Any]) -> None:
        config["aws:accessKey"] = account_id
        config["aws:secretKey"] = gateway.root(account_id).secret_access_key
        config["aws:endpoints"] = [dict.fromkeys(SERVICES, gateway.endpoint)]

    return change


PIP_REMEMBERS = """#!/bin/sh
if [ "$1 $2" = "-m pip" ]; then
    answer="{answers}/$(printf %s "$*" | tr -c A-Za-z0-9 _)"
    if [ ! -f "$answer" ]; then
        "{python}" "$@" >"$answer.$$" || exit
        mv "$answer.$$" "$answer"
    fi
    exec cat "$answer"
fi
exec "{python}" "$@"
"""


@pytest.fixture(scope="session")
def virtualenv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The virtual environment that runs the tests, whose pip answers from memory what it was asked before.

    The CLI asks it for its version and for all packages, in every operation: more than a second of the three that an
    operation takes. A module whose tests are about the environment itself overrides this with ``sys.prefix``.
    """
    folder = tmp_path_factory.mktemp("virtualenv")
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", folder)
    for made in ("bin", "answers"):
        (folder / made).mkdir()
    for name in ("python", "python3"):
        script = folder / "bin" / name
        script.write_text(PIP_REMEMBERS.format(answers=folder / "answers", python=sys.executable))
        script.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project and a home of Pulumi in which the CLI has initialised the root's two stacks, to be copied."""
    folder = tmp_path_factory.mktemp("initialised")
    (folder / "project").mkdir()
    for file in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(file, folder / "project")
    environment = private_environment(folder / "pulumi", 0)
    for stack in ("auth", "workload"):
        command = ["pulumi", "stack", "init", stack, "--non-interactive"]
        subprocess.run(command, cwd=folder / "project", env={**os.environ, **environment}, check=True)
    return folder


@pytest.fixture
def workspace(tmp_path: Path, virtualenv: Path, initialised: Path) -> Iterator[Workspace]:
    """The root's two stacks, initialised, nothing deployed."""
    with LocalAws(log_dir=tmp_path) as local, serve_provider() as port:
        folder = tmp_path / "project"
        copy_project(folder, initialised / "project", virtualenv)
        shutil.copytree(initialised / "pulumi", tmp_path / "pulumi")
        made = Workspace(folder, local, private_environment(tmp_path / "pulumi", port))
        for stack, account_id in (("auth", AUTH), ("workload", WORKLOAD)):
            made.edit(stack, point_at(local.gateway, account_id))
        yield made


@pytest.fixture
def deployed(workspace: Workspace) -> Workspace:
    """The root's two stacks, deployed."""
    workspace.up("auth")
    workspace.up("workload")
    return workspace
