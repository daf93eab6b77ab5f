"""The pipeline of a new project: its workflow takes the roles that ``crossaccount bootstrap`` makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crossaccount.bootstrap.resources import bootstraps_of
from crossaccount.cli import app
from crossaccount.settings import compiled_in_order, read_project
from crossaccount.settings.yaml_text import read_yaml
from crossaccount.start.pipeline import role_name

ACCOUNTS = ("111111111111", "222222222222")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("infra")
    ids = ["--trusted-id", ACCOUNTS[0], "--trusting-id", ACCOUNTS[1]]
    github = ["--github", "acme/infra", "--github-ids", "123456/456789"]
    done = CliRunner().invoke(app, ["init", str(folder), *ids, "--user", "ann", "--project", "my infra", *github])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(scope="module")
def jobs(project: Path) -> dict[str, Any]:
    (file,) = (project / ".github/workflows").glob("*.yaml")
    found: dict[str, Any] = read_yaml(file, file.name)["jobs"]
    return found


def test_nothing_is_found_in_a_new_project(project: Path) -> None:
    done = CliRunner().invoke(app, ["check", "--dir", str(project), "--json"])
    assert (done.exit_code, json.loads(done.stdout)["findings"]) == (0, [])


def test_tokens_of_each_environment_are_tried(project: Path) -> None:
    done = CliRunner().invoke(app, ["rehearse", str(project), "--json", "--engine", "in-process"])
    assert done.exit_code == 0, done.output
    results = [each for each in json.loads(done.stdout)["results"] if "oidc-provider" in each["principal"]]
    assert [each["mode"] for each in results] == ["tried"] * 12
    assert [each["actual"] for each in results] == [*["allowed"] * 3, *["denied"] * 3] * 2


def test_each_job_takes_the_role_that_trusts_its_environment(project: Path, jobs: dict[str, Any]) -> None:
    [workflow] = (project / ".github/workflows").glob("*.yaml")
    purposes = {"preview": "preview", "drift": "drift", "up": "deploy"}
    compiled = compiled_in_order(read_project(project))
    trusts = {
        role.arn: [each["Condition"]["StringEquals"] for each in role.trust["Statement"]]
        for bootstrap in bootstraps_of(compiled)
        for role in bootstrap.roles
    }
    for job, purpose in purposes.items():
        steps = [
            each["with"]["role-to-assume"] for each in jobs[job]["steps"] if "role-to-assume" in each.get("with", {})
        ]
        assert steps == [
            f"arn:aws:iam::{account}:role/{role_name(purpose, 'my-infra')}" for account in reversed(ACCOUNTS)
        ]
        for role in steps:
            job_of_workflow = f"repo:acme@123456/infra@456789:environment:{jobs[job]['environment']}"
            first = trusts[role][0]
            assert job_of_workflow in first["token.actions.githubusercontent.com:sub"]
            if purpose != "preview":
                [ref] = [each["token.actions.githubusercontent.com:job_workflow_ref"] for each in trusts[role]]
                assert ref == f"acme/infra/{workflow.relative_to(project)}@refs/heads/main"


def test_the_workflow_needs_no_role_made_by_hand(project: Path) -> None:
    (file,) = (project / ".github/workflows").glob("*.yaml")
    text = file.read_text()
    assert "_ROLE_" not in text
    assert "@" not in "".join(line for line in text.splitlines() if line.startswith("#"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--github", "infra"], '--github: not a repository, got "infra"; write OWNER/NAME'),
        (["--github", "acme/infra", "--github-ids", "1"], "--github-ids: not the IDs of an owner and a repository"),
        (
            ["--github", "acme/infra", "--project", "p" * 50],
            f"--project: the pipeline's role access-{'p' * 50}-preview would have a name of more than 64 characters, "
            f'got "{"p" * 50}"; give the project a name that is 1 character shorter',
        ),
        (["--github-ids", "1/2"], "--github-ids: are of a repository, got 1/2; add --github OWNER/REPO"),
    ],
)
def test_what_is_no_repository_is_refused(tmp_path: Path, options: list[str], message: str) -> None:
    ids = ["--trusted-id", ACCOUNTS[0], "--trusting-id", ACCOUNTS[1], "--user", "ann"]
    done = CliRunner().invoke(app, ["init", str(tmp_path / "p"), *ids, *options])
    assert (done.exit_code, message in done.output) == (2, True)
