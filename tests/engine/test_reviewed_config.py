"""The engine runs the config that was reviewed, or nothing: on the real engine, by an attacker's edits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from components.program import program
from crossaccount.engine.automation_engine import AutomationEngine
from crossaccount.engine.work import Outcome, Work
from crossaccount.job.events import Emit
from crossaccount.job.running.workers import Threads
from crossaccount.job.stacks import Stacks
from crossaccount.job.states import CliBackend
from tests.engine.conftest import AUTH, ROOT, Workspace

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def virtualenv() -> Path:
    """The environment that runs the tests, with its own pip: these tests are about what it runs."""
    return Path(sys.prefix)


WRAPPER = """#!/bin/sh
for each in "$@"; do case "$each" in
  up|preview|refresh|destroy) exec {real} "$@" --config-file {other} ;;
esac; done
exec {real} "$@"
"""
WITHOUT_MAIN = "from components.program import program\n\nprogram()\n"
WITH_MAIN = "import pulumi\nfrom components.program import main\n\nmain()\n"


def users(workspace: Workspace) -> set[str]:
    """The users in the account."""
    return {each["UserName"] for each in workspace.account(AUTH).iam.list_users()["Users"]}


def run(workspace: Workspace, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    """``crossaccount`` for the workspace."""
    command = [sys.executable, "-m", "crossaccount.cli", *arguments]
    environment = {**os.environ, **workspace.environment, "PYTHONPATH": str(ROOT)}
    environment["PATH"] = f"{path}:{environment['PATH']}"
    return subprocess.run(command, cwd=workspace.folder, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("own", ["", WITH_MAIN, WITHOUT_MAIN], ids=["packaged", "with-main", "without-main"])
def test_a_config_that_nobody_reviewed_stops_every_verb(workspace: Workspace, tmp_path: Path, own: str) -> None:
    if own:
        (workspace.folder / "__main__.py").write_text(own)
    workspace.up("auth")
    there = users(workspace)
    other = yaml.safe_load((workspace.folder / "Pulumi.auth.yaml").read_text())
    other["config"]["crossaccount:trusted"]["users"]["mallory"] = {}
    other["config"]["aws:defaultTags"] = {"tags": {"team": "ops"}}
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(other))
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin" / "pulumi"
    wrapper.write_text(WRAPPER.format(real=shutil.which("pulumi"), other=tmp_path / "other.yaml"))
    wrapper.chmod(0o755)
    yes = ("--approve", "broadening", "--approve", "credentials", "--yes")
    for verb in (["preview"], ["up", *yes], ["refresh", "--yes"], ["drift"], ["destroy", "--yes"]):
        done = run(workspace, *verb, "auth", path=str(tmp_path / "bin"))
        assert done.returncode == 1, done.stdout + done.stderr
        assert (
            "what the engine makes of the stack's files is not what was reviewed,"
            ' got "aws:defaultTags, crossaccount:trusted"' in done.stdout
        ), done.stdout + done.stderr
        assert users(workspace) == there
    done = run(workspace, "destroy", "auth", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass
class Edited:
    """An engine before whose runs somebody edits the project's files, after everything was compared."""

    engine: AutomationEngine
    edit: Callable[[], object]
    name = "pulumi"

    def run(self, work: Work, emit: Emit) -> Outcome:
        """Edit, then run."""
        self.edit()
        return self.engine.run(work, emit)

    def interrupt(self) -> None:
        """Nothing is interrupted."""


def up(workspace: Workspace, edit: Callable[[], object]) -> Outcome:
    """The job's ``up`` of one stack, with an edit just before the engine begins."""
    engine = AutomationEngine(program, workspace.environment)
    backend = CliBackend(workspace.folder, engine.command, workspace.environment)
    stacks = Stacks(workspace.folder, Edited(engine, edit), backend, workers=Threads(1))
    return stacks.up(["auth"]).outcomes["auth"]


def test_an_edit_of_a_stacks_file_after_the_review_is_not_what_runs(workspace: Workspace) -> None:
    file = workspace.folder / "Pulumi.auth.yaml"

    def edit() -> None:
        workspace.edit("auth", lambda config: config["crossaccount:trusted"]["users"].update({"mallory": {}}))

    outcome = up(workspace, edit)
    assert outcome.status == "changed", outcome
    assert users(workspace) == {"richard"}
    assert "mallory" in file.read_text(), "what a person wrote is kept"


def test_an_edit_of_the_project_after_the_review_stops_the_stack(workspace: Workspace) -> None:
    file = workspace.folder / "Pulumi.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"]["aws:defaultTags"] = {"value": {"tags": {"team": "ops"}}}
    outcome = up(workspace, lambda: file.write_text(yaml.safe_dump(content)))
    assert (outcome.status, outcome.kind) == ("failed", "review")
    assert '"aws:defaultTags"' in outcome.error
    assert users(workspace) == set()


def test_what_opens_a_stacks_secrets_is_kept_in_its_file(workspace: Workspace) -> None:
    workspace.up("auth")
    file = workspace.folder / "Pulumi.auth.yaml"
    lines = file.read_text().splitlines(keepends=True)
    text = "# Who reads this?\n" + "".join(line for line in lines if not line.startswith("encryptionsalt:"))
    file.write_text(text)
    done = run(workspace, "preview", "auth")
    assert done.returncode == 0, done.stdout + done.stderr
    assert file.read_text().startswith("encryptionsalt: ")
    assert file.read_text().endswith("\n" + text)
    before = file.read_text()
    done = run(workspace, "up", "auth", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert file.read_text() == before


def test_no_module_of_the_projects_folder_is_run_but_what_the_program_imports(
    workspace: Workspace, tmp_path: Path
) -> None:
    (workspace.folder / "__main__.py").write_text("import mine\n" + WITH_MAIN)
    for name in ("mine", "pip", "sitecustomize", "usercustomize", "optparse"):
        marker = tmp_path / f"{name}-was-run"
        (workspace.folder / f"{name}.py").write_text(f"import pathlib\npathlib.Path({str(marker)!r}).touch()\n")
    done = run(workspace, "preview", "auth")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [each.name for each in tmp_path.glob("*-was-run")] == ["mine-was-run"]
