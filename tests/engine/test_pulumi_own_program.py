"""A changed ``__main__.py`` on the real engine: ``crossaccount up`` runs it as ``pulumi up`` does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.program import program
from crossaccount.engine.events import Event, Message
from crossaccount.job.opening import local_parts
from crossaccount.job.running.workers import Threads
from crossaccount.job.stacks import Stacks
from crossaccount.rehearsal.run import rehearse
from crossaccount.rehearsal.scenario import read_scenario
from tests.conftest import Seen
from tests.engine.conftest import ROOT, WORKLOAD, Workspace

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def virtualenv() -> Path:
    """The environment that runs the tests, with its own pip: these tests are about what it runs."""
    return Path(sys.prefix)


EXTRA = """
import json
import pulumi
import pulumi_aws as aws
from components.program import main

main()
if pulumi.get_stack() == "workload":
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"AWS": "111111111111"}}]}
    aws.iam.Role("extra", name="Extra", assume_role_policy=json.dumps(trust))
"""
UNSUPPORTED = '    aws.kms.Key("key")\n'


def _run(workspace: Workspace, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "crossaccount.cli", *arguments]
    environment = {**os.environ, **workspace.environment, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=workspace.folder, env=environment, capture_output=True, text=True, timeout=300)


def _events(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert "Traceback" not in done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _roles(workspace: Workspace) -> set[str]:
    return {role["RoleName"] for role in workspace.account(WORKLOAD).iam.list_roles()["Roles"]}


def test_up_keeps_what_a_changed_program_declares_and_the_review_shows_it(deployed: Workspace) -> None:
    (deployed.folder / "__main__.py").write_text(EXTRA)
    deployed.up("workload")
    assert "Extra" in _roles(deployed)

    done = _run(deployed, "up", "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert _events(done)[-1]["stacks"] == {"auth": "unchanged", "workload": "unchanged"}
    assert "Extra" in _roles(deployed)

    (deployed.folder / "__main__.py").write_text(EXTRA.replace("Extra", "Other"))
    reviewed = _events(_run(deployed, "preview", "--json"))
    [review] = [each for each in reviewed if each["event"] == "access-reviewed"]
    assert "role/Extra" in json.dumps(review)
    assert "role/Other" in json.dumps(review)
    done = _run(deployed, "up", "--yes", "--approve", "broadening", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"Extra", "Other"} & _roles(deployed) == {"Other"}


def test_new_stacks_are_previewed_with_planned_outputs_and_then_made(workspace: Workspace) -> None:
    (workspace.folder / "__main__.py").write_text(EXTRA)
    for stack in ("auth", "workload"):
        file = workspace.folder / f"Pulumi.{stack}.yaml"
        config = yaml.safe_load(file.read_text())["config"]
        workspace.run("stack", "rm", stack, "--yes")
        file.write_text(yaml.safe_dump({"config": config}))
    done = _run(workspace, "preview", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    planned = {each["name"] for each in _events(done) if each["event"] == "resource-planned"}
    assert "extra" in planned
    done = _run(workspace, "up", "--yes", "--approve", "broadening", "--approve", "credentials", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"Extra", "AssumedRole"} <= _roles(workspace)


def test_a_program_that_raises_fails_its_stack_in_one_line(deployed: Workspace) -> None:
    (deployed.folder / "__main__.py").write_text(EXTRA + "    1 / 0\n")
    done = _run(deployed, "up", "--yes")
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.strip().endswith("__main__.py, line 12: ZeroDivisionError: division by zero")
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_local_aws_makes_what_it_can_of_it(deployed: Workspace) -> None:
    (deployed.folder / "__main__.py").write_text(EXTRA + UNSUPPORTED)
    told: list[Event] = []
    with local_parts(deployed.folder, program) as parts:
        assert Stacks(deployed.folder, parts.engine, parts.backend, workers=Threads(2), on_event=told.append).up().ok
        roles = {role["RoleName"] for role in parts.aws.session(WORKLOAD).iam.list_roles()["Roles"]}
    assert "Extra" in roles
    texts = [each.text for each in told if isinstance(each, Message)]
    assert texts.count("aws:kms/key:Key key: the local AWS cannot create it; it is left out") == 1


@pytest.mark.parametrize("engine", ["pulumi", "in-process"])
def test_a_rehearsal_runs_it_with_either_engine(workspace: Workspace, engine: Any) -> None:
    (workspace.folder / "__main__.py").write_text(EXTRA + UNSUPPORTED)
    (workspace.folder / "access-tests.yaml").write_text(
        "tests:\n- {principal: auth/user/richard, role: workload/role/Extra, expect: allowed}\n"
    )
    found = rehearse(read_scenario(workspace.folder), program, engine, Seen())
    assert (found.engine, found.failed, len(found.results)) == (engine, 0, 1)
    assert any("aws:kms/key:Key key: the local AWS cannot create it" in each for each in found.notes)
