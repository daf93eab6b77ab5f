"""A project that ``init`` wrote into an empty folder, deployed by the verbs that its workflow uses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossaccount.engine.pulumi_cli import private_environment
from crossaccount.local.clients import Credentials
from crossaccount.local.provider import serve_provider
from crossaccount.local.server import LocalAws

pytestmark = pytest.mark.engine

AUTH, WORKLOAD = "123456789012", "210987654321"
IDS = ["--trusted-id", AUTH, "--trusting-id", WORKLOAD, "--user", "bo"]
Run = Callable[..., str]


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalAws]:
    with LocalAws(log_dir=tmp_path) as running:
        yield running


@pytest.fixture
def run(tmp_path: Path, local: LocalAws) -> Iterator[Run]:
    """Run a program in the project's folder: what it printed. The test fails unless it ends with ``code``."""
    folder = tmp_path / "mine"
    folder.mkdir()
    with serve_provider() as port:
        environment = {**os.environ, **private_environment(tmp_path / "pulumi", port)}
        environment["PATH"] = f"{Path(sys.prefix) / 'bin'}{os.pathsep}{environment['PATH']}"

        def run(*command: str, code: int = 0) -> str:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=300,
            )
            assert done.returncode == code, done.stdout + done.stderr
            return done.stdout

        run("crossaccount", "init", ".", *IDS)
        for stack, account in (("auth", AUTH), ("workload", WORKLOAD)):
            _sign_in(folder / f"Pulumi.{stack}.yaml", local.gateway.root(account), local.endpoint)
        # What `pulumi install` would make.
        (folder / ".venv").symlink_to(sys.prefix)
        yield run


def _sign_in(file: Path, root: Credentials, endpoint: str) -> None:
    """Credentials of the local AWS in the place of the profile."""
    content: dict[str, Any] = yaml.safe_load(file.read_text())
    del content["config"]["aws:profile"]
    services = ("iam", "sts", "secretsmanager")
    content["config"] |= {
        "aws:accessKey": root.access_key_id,
        "aws:secretKey": root.secret_access_key,
        "aws:endpoints": [dict.fromkeys(services, endpoint)],
    }
    file.write_text(yaml.safe_dump(content))


def test_it_is_previewed_deployed_and_has_not_drifted(run: Run, tmp_path: Path, local: LocalAws) -> None:
    run("crossaccount", "preview", "--markdown", "review.md", "--fail-on", "broadening", code=3)
    review = (tmp_path / "mine" / "review.md").read_text(encoding="utf-8")
    assert "auth/user/bo" in review
    run("crossaccount", "up", "--yes", code=1)
    assert local.session(WORKLOAD).iam.list_roles(PathPrefix="/")["Roles"] == []
    run("crossaccount", "up", "--yes", "--approve", "broadening", "--approve", "credentials")
    assert [each["RoleName"] for each in local.session(WORKLOAD).iam.list_roles()["Roles"]] == ["ReadOnly"]
    run("crossaccount", "preview", "--markdown", "review.md", "--fail-on", "broadening")
    run("crossaccount", "drift")

    iam = local.session(WORKLOAD).iam
    iam.attach_role_policy(RoleName="ReadOnly", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    assert "AdministratorAccess" in run("crossaccount", "drift", code=1)


def test_plain_pulumi_runs_its_program(run: Run) -> None:
    for stack in ("workload", "auth"):
        run("pulumi", "stack", "init", stack, "--non-interactive")
    printed = run("pulumi", "preview", "--stack", "workload", "--json", "--non-interactive")
    assert json.loads(printed[printed.index("{") :])["changeSummary"]["create"] >= 4
    run("pulumi", "up", "--stack", "workload", "--yes", "--skip-preview", "--non-interactive")
    printed = run("pulumi", "preview", "--stack", "auth", "--json", "--non-interactive")
    assert json.loads(printed[printed.index("{") :])["changeSummary"]["create"] >= 10
