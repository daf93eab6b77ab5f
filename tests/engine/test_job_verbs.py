"""The verbs that look, and ``destroy``, as commands on the real engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import AUTH, WORKLOAD, Workspace

pytestmark = pytest.mark.engine

GRANT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


def _run(workspace: Workspace, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "crossaccount.cli", *arguments]
    environment = {**os.environ, **workspace.environment, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(command, cwd=workspace.folder, env=environment, capture_output=True, text=True, timeout=200)


def _events(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert "Traceback" not in done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_fleet_is_looked_at_drifts_and_goes(deployed: Workspace) -> None:
    done = _run(deployed, "status", "--json")
    told = {each["stack"]: each for each in _events(done) if each["event"] == "stack-status"}
    assert (done.returncode, {name: each["state"] for name, each in told.items()}) == (
        0,
        {"auth": "deployed", "workload": "deployed"},
    )
    assert told["auth"]["resources"] > 5
    assert told["auth"]["account_id"] == AUTH

    found = _events(_run(deployed, "outputs", "work*", "--json"))
    assert found[0]["outputs"]["roles"]["AssumedRole"] == f"arn:aws:iam::{WORKLOAD}:role/AssumedRole"
    assert (found[-1]["event"], found[-1]["status"]) == ("job-finished", "succeeded")

    done = _run(deployed, "drift", "--json")
    assert (done.returncode, _events(done)[-1]["status"]) == (0, "succeeded"), done.stdout

    iam = deployed.account(WORKLOAD).iam
    iam.put_role_policy(RoleName="AssumedRole", PolicyName="by-hand", PolicyDocument=json.dumps(GRANT))
    iam.update_role(RoleName="AssumedRole", MaxSessionDuration=7200)
    before = deployed.exported("workload")
    done = _run(deployed, "drift", "--markdown", "drift.md")
    assert done.returncode == 1, done.stdout + done.stderr
    report = (deployed.folder / "drift.md").read_text()
    assert "## Drift: 1 of 2 stacks" in report
    assert "| `workload-role-AssumedRole` | maxSessionDuration | `3600` | `7200` |" in report
    assert "workload/role/AssumedRole: s3:*" in report
    assert deployed.exported("workload") == before, "looking changes nothing"

    done = _run(deployed, "destroy", "auth", "--yes")
    assert done.returncode == 1
    assert "workload: reads the outputs of auth, which would be destroyed; destroy workload as well" in done.stdout
    done = _run(deployed, "destroy")
    assert done.returncode == 1, "as an update without a yes"
    assert (
        " resources of 2 stacks needs approval, and there is no terminal to ask at; nothing is deleted: --yes"
        in done.stdout
    )
    done = _run(deployed, "destroy", "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [each["stack"] for each in _events(done) if each["event"] == "stack-finished"] == ["workload", "auth"]
    assert deployed.account(AUTH).iam.list_roles()["Roles"] == []
    done = _run(deployed, "status")
    rows = [line.split()[:3] for line in done.stdout.splitlines()[1:]]
    assert rows == [["auth", AUTH, "destroyed"], ["workload", WORKLOAD, "destroyed"]]


def test_a_stack_that_was_only_made_is_not_destroyed(workspace: Workspace) -> None:
    done = _run(workspace, "status", "--json")
    told = [each for each in _events(done) if each["event"] == "stack-status"]
    assert [(each["stack"], each["state"]) for each in told] == [
        ("auth", "never-deployed"),
        ("workload", "never-deployed"),
    ]


def _protect(config: dict[str, Any]) -> None:
    config["crossaccount:trusting"]["roles"]["AssumedRole"]["protect"] = True


def test_what_is_protected_keeps_its_stack(workspace: Workspace) -> None:
    workspace.edit("workload", _protect)
    workspace.up("auth")
    workspace.up("workload")
    done = _run(workspace, "destroy", "--yes")
    assert done.returncode == 1
    # What belongs to a protected role is protected with it.
    assert "workload: 4 protected, got workload-role-AssumedRole, " in done.stdout
    assert done.stdout.splitlines()[-1] == "destroy refused: nothing was touched"
    assert workspace.account(WORKLOAD).iam.get_role(RoleName="AssumedRole")
