"""The workflow that ``init`` writes: valid for GitHub, with no more rights than it needs, of commands that run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from crossaccount.cli import app
from crossaccount.start.files import Place
from crossaccount.start.plan import Account, Plan
from crossaccount.start.workflow import LABEL, workflow

PLAN = Plan(
    "mine", Account("auth", "123456789012"), Account("work-load", "210987654321"), ("bo",), "R", region="eu-west-1"
)
INSTALLED = Place(requirement="crossaccount[local]==1")


def _read(folder: str = ".", place: Place = INSTALLED, plan: Plan = PLAN) -> Any:
    return yaml.safe_load(workflow(plan, place, PurePosixPath(folder)))


def _steps(job: str, key: str) -> list[Any]:
    return [step for step in _read()["jobs"][job]["steps"] if key in step]


def _commands(job: str) -> list[list[str]]:
    lines = [line for step in _steps(job, "run") for line in step["run"].splitlines()]
    return [shlex.split(line.partition(" >> ")[0]) for line in lines if line.startswith("crossaccount ")]


@pytest.mark.parametrize("place", [INSTALLED, Place("../..")])
def test_github_takes_it(tmp_path: Path, place: Place) -> None:
    file = tmp_path / "access.yaml"
    file.write_text(workflow(PLAN, place, PurePosixPath("teams/mine")), encoding="utf-8")
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(file)]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "@" not in re.sub(r"uses: [\w/-]+@v\d+\n", "", file.read_text(encoding="utf-8"))


def test_the_workflow_lies_at_the_top_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    ids = ["--trusted-id", "123456789012", "--trusting-id", "210987654321", "--user", "bo"]
    assert CliRunner().invoke(app, ["init", str(tmp_path / "teams" / "mine"), *ids]).exit_code == 0
    document = yaml.safe_load((tmp_path / ".github/workflows/access-mine.yaml").read_text(encoding="utf-8"))
    assert document["defaults"]["run"]["working-directory"] == "teams/mine"
    [review] = [step for step in document["jobs"]["preview"]["steps"] if "hashFiles" in step.get("if", "")]
    assert "hashFiles('teams/mine/review.md')" in review["if"]


def test_no_job_has_more_rights_than_it_needs() -> None:
    document = _read()
    assert document["permissions"] == {"contents": "read"}
    more = {name: job.get("permissions") for name, job in document["jobs"].items()}
    signed_in = {"contents": "read", "id-token": "write"}
    assert more == {
        "check": None,
        "preview": {**signed_in, "pull-requests": "write"},
        "up": {**signed_in, "pull-requests": "read"},
        "drift": signed_in,
    }
    assert "secrets." not in yaml.safe_dump(document["jobs"]["check"])


@pytest.mark.parametrize(("job", "purpose"), [("preview", "PREVIEW"), ("up", "DEPLOY"), ("drift", "PREVIEW")])
def test_each_account_is_a_profile_of_the_name_in_its_stack(job: str, purpose: str) -> None:
    signed_in = [step["with"] for step in _steps(job, "uses") if "configure-aws-credentials" in step["uses"]]
    assert signed_in == [
        {
            "role-to-assume": f"${{{{ vars.AWS_{purpose}_ROLE_{name} }}}}",
            "aws-profile": account.name,
            "aws-region": "eu-west-1",
            "allowed-account-ids": account.id,
        }
        for account, name in ((PLAN.trusting, "WORK_LOAD"), (PLAN.trusted, "AUTH"))
    ]
    assert f"AWS_{purpose}_ROLE_AUTH\n" in workflow(PLAN, INSTALLED, PurePosixPath("."))


def test_only_the_main_branch_deploys_and_no_update_is_cancelled() -> None:
    document = _read()
    assert document[True]["push"] == {"branches": ["main"]}  # YAML 1.1 reads `on` as true
    assert [name for name in document["jobs"] if ["crossaccount", "up"] in [c[:2] for c in _commands(name)]] == ["up"]
    assert document["jobs"]["up"]["if"] == "github.event_name == 'push'"
    assert document["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"


def test_nothing_that_a_pull_request_says_gets_into_a_script() -> None:
    for job in _read()["jobs"]:
        for step in _steps(job, "run"):
            assert set(re.findall(r"\$\{\{(.*?)\}\}", step["run"])) <= {" steps.approved.outputs.options "}


def test_a_yes_is_a_label() -> None:
    without, labelled = (step for step in _steps("preview", "run") if "crossaccount preview" in step["run"])
    assert without["if"] == f"${{{{ !contains(github.event.pull_request.labels.*.name, '{LABEL}') }}}}"
    assert labelled["if"] == without["if"].replace("!", "")
    assert "--fail-on broadening" in without["run"]
    assert "--fail-on" not in labelled["run"]


@pytest.mark.parametrize("labels", [LABEL, f"bug\n{LABEL}\nmore", "", f"not-{LABEL}", f"{LABEL}-not"])
def test_the_label_of_the_merged_pull_request_is_the_approval(tmp_path: Path, labels: str) -> None:
    """The step as it stands, with a ``gh`` that knows these labels."""
    [step] = [step for step in _steps("up", "run") if step.get("id") == "approved"]
    gh = tmp_path / "gh"
    gh.write_text(f"#!/bin/sh\ncat <<'END'\n{labels}\nEND\n")
    gh.chmod(0o755)
    output = tmp_path / "output"
    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "GITHUB_OUTPUT": str(output),
        "GITHUB_SHA": "1",
        "GITHUB_REPOSITORY": "o/r",
    }
    done = subprocess.run(["bash", "-e", "-c", step["run"]], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    written = output.read_text() if output.exists() else ""
    expected = "options=--approve broadening --approve replacement\n" if LABEL in labels.splitlines() else ""
    assert written == expected


@pytest.fixture
def project(tmp_path: Path) -> Path:
    ids = ["--trusted-id", "123456789012", "--trusting-id", "210987654321", "--user", "bo"]
    assert CliRunner().invoke(app, ["init", str(tmp_path / "mine"), *ids]).exit_code == 0
    return tmp_path / "mine"


def _run(project: Path, command: list[str], *more: str) -> Result:
    arguments = [str(project) if each == "." else each for each in command[1:]]
    where = [] if command[1] == "rehearse" else ["--dir", str(project)]
    return CliRunner().invoke(app, [*arguments, *where, *more])


def test_its_checks_pass_at_once(project: Path) -> None:
    commands = _commands("check")
    assert [command[1] for command in commands] == ["check", "rehearse"]
    for command in commands:
        assert _run(project, command).exit_code == 0


def test_before_the_first_deployment_its_preview_shows_all_access_and_fails(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reading stack sees what the other one plans."""
    monkeypatch.chdir(project)
    without, labelled = _commands("preview")
    done = _run(project, without, "--local")
    assert done.exit_code == 3, done.output
    assert "ReadOnly" in (project / "review.md").read_text(encoding="utf-8")
    assert _run(project, labelled, "--local").exit_code == 0


def test_its_deployment_asks_nobody(project: Path) -> None:
    [command] = _commands("up")
    options = ["--approve", "broadening", "--approve", "replacement"]
    place = command.index("${{")
    done = _run(project, [*command[:place], *options], "--local")
    assert done.exit_code == 0, done.output


def test_its_look_for_drift_is_a_command() -> None:
    [command] = _commands("drift")
    done = CliRunner().invoke(app, [*command[1:], "--help"])
    assert (command[1:2], done.exit_code) == (["drift"], 0)
