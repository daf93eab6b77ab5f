"""Account IDs that begin with a zero, which YAML's versions disagree about, in the copies that the CLI reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossaccount.cli import app

pytestmark = pytest.mark.engine

AUTH, WORKLOAD = "012345678901", "098765432109"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    ids = ["--trusted-id", AUTH, "--trusting-id", WORKLOAD, "--user", "098765"]
    assert CliRunner().invoke(app, ["init", str(folder), *ids]).exit_code == 0
    return folder


def test_they_are_rehearsed(mine: Path) -> None:
    done = CliRunner().invoke(app, ["rehearse", str(mine), "--engine", "pulumi", "--json"])
    assert (done.exit_code, json.loads(done.stdout)["failed"]) == (0, 0), done.output


def test_they_are_deployed_by_a_job_on_a_local_aws(mine: Path) -> None:
    given = ["up", "--local", "--yes", "--approve", "broadening", "--dir", str(mine), "--json"]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 0, done.output
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert told[-1]["status"] == "succeeded"
