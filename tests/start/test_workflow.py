"""The workflow that ``init`` writes: valid for GitHub, with no more rights than it needs, of commands that run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from crossaccount.cli import app
from crossaccount.start.files import LOCKED, Account, Place, Plan
from crossaccount.start.pipeline import Repository
from crossaccount.start.workflow import ACTIONS, workflow

PLAN = Plan(
    "mine", Account("auth", "123456789012"), Account("work-load", "210987654321"), ("bo",), "R", region="eu-west-1"
)
OF_GITHUB = replace(PLAN, github=Repository("acme/infra", "123456/456789"))
INSTALLED = Place(requirement="crossaccount[local]==1")


def _read(folder: str = ".", place: Place = INSTALLED, plan: Plan = PLAN) -> Any:
    return yaml.safe_load(workflow(plan, place, PurePosixPath(folder)))


def _steps(job: str, key: str) -> list[Any]:
    return [step for step in _read()["jobs"][job]["steps"] if key in step]


def _commands(job: str) -> list[list[str]]:
    lines = [line for step in _steps(job, "run") for line in step["run"].splitlines()]
    return [shlex.split(line.partition(" >> ")[0]) for line in lines if line.startswith("crossaccount ")]


@pytest.mark.parametrize("plan", [PLAN, OF_GITHUB], ids=["roles by hand", "roles of its own"])
@pytest.mark.parametrize("place", [INSTALLED, Place("../..")])
def test_github_takes_it(tmp_path: Path, place: Place, plan: Plan) -> None:
    file = tmp_path / "access.yaml"
    file.write_text(workflow(plan, place, PurePosixPath("teams/mine")), encoding="utf-8")
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(file)]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "@" not in re.sub(r"uses: [\w/-]+@", "", file.read_text(encoding="utf-8"))
    assert all(len(line) <= 120 for line in file.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("plan", [PLAN, OF_GITHUB], ids=["roles by hand", "roles of its own"])
@pytest.mark.parametrize("place", [INSTALLED, Place("../..")])
def test_an_auditor_finds_nothing(tmp_path: Path, place: Place, plan: Plan) -> None:
    """zizmor's strictest audits, offline."""
    file = tmp_path / ".github/workflows/access.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(workflow(plan, place, PurePosixPath("teams/mine")), encoding="utf-8")
    zizmor = [Path(sys.executable).parent / "zizmor", "--offline", "--no-progress", "--persona=auditor", file]
    done = subprocess.run(zizmor, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings to report" in done.stdout


def test_every_action_is_a_commit_with_its_release_next_to_it() -> None:
    used = re.findall(r"uses: (\S+)@(\S+)(?: # (\S+))?", workflow(PLAN, INSTALLED, PurePosixPath(".")))
    assert {action: (commit, release) for action, commit, release in used} == ACTIONS
    assert all(re.fullmatch("[0-9a-f]{40}", commit) for commit, _ in ACTIONS.values())


@pytest.mark.parametrize("place", [INSTALLED, Place("../..")])
def test_what_an_index_has_is_installed_with_hashes_and_nothing_else_is_asked_of_one(place: Place) -> None:
    installs = [
        line.split("pip install ")[1]
        for job in _read(place=place)["jobs"].values()
        for step in job["steps"]
        for line in step.get("run", "").splitlines()
        if "pip install" in line
    ]
    assert len(installs) == 8
    assert all(line.startswith(("--require-hashes -r ", "--no-deps --no-build-isolation ")) for line in installs)


def test_the_locked_requirements_are_all_that_the_program_needs() -> None:
    """Each has its pin and its hashes; what the project's files pin is pinned to the same."""
    root = Path(__file__).parents[2]
    locked = (root / "crossaccount/start" / LOCKED).read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", locked, re.MULTILINE))
    entries = re.split(r"\n(?=\S)", locked.strip())
    assert len(entries) == len(pins)
    assert all("--hash=sha256:" in entry for entry in entries)
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    own = [
        *(root / "requirements.txt").read_text().splitlines(),
        *(root / "requirements-toolkit.txt").read_text().splitlines(),
        *project["project"]["optional-dependencies"]["local"],
    ]
    wanted = dict(line.lower().split("==") for line in own if not line.startswith("#"))
    assert {name: pins[name] for name in wanted} == wanted
    assert "setuptools" in pins


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
        "up": signed_in,
        "drift": signed_in,
    }
    assert "secrets." not in yaml.safe_dump(document["jobs"]["check"])


def test_a_pull_request_gets_nothing_that_deploys() -> None:
    """Its role and token are those of an environment of its own; its review needs no passphrase."""
    jobs = _read()["jobs"]
    environments = {name: job.get("environment") for name, job in jobs.items()}
    assert environments == {
        "check": None,
        "preview": "access-mine-preview",
        "up": "access-mine",
        "drift": "access-mine-drift",
    }
    assert "PASSPHRASE" not in yaml.safe_dump(jobs["preview"])
    assert "DEPLOY" not in yaml.safe_dump([jobs["preview"], jobs["drift"]])


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
    assert f"AWS_{purpose}_ROLE_WORK_LOAD AWS_{purpose}_ROLE_AUTH:" in workflow(PLAN, INSTALLED, PurePosixPath("."))


def test_only_the_main_branch_deploys_and_no_update_is_cancelled() -> None:
    document = _read()
    assert document[True]["push"] == {"branches": ["main"]}  # YAML 1.1 reads `on` as true
    assert [name for name in document["jobs"] if ["crossaccount", "up"] in [c[:2] for c in _commands(name)]] == ["up"]
    assert document["jobs"]["up"]["if"].startswith("github.ref == 'refs/heads/main' && ")
    assert document["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"


def test_nothing_that_a_pull_request_says_gets_into_a_script() -> None:
    for job in _read()["jobs"]:
        for step in _steps(job, "run"):
            assert "${{" not in step["run"]


def test_a_yes_is_given_to_one_review_by_its_digest() -> None:
    """A merge has no yes but the one to an update; what is run by hand has one for the digest that it is given."""
    merged, approved = (step for step in _steps("up", "run") if "crossaccount up" in step["run"])
    assert (merged["if"], merged["run"]) == ("github.event_name == 'push'", "crossaccount up --yes")
    assert approved["if"] == "github.event_name == 'workflow_dispatch'"
    assert approved["env"] == {"REVIEWED": "${{ inputs.reviewed }}"}
    assert '--reviewed "$REVIEWED"' in approved["run"]
    assert _read()[True]["workflow_dispatch"]["inputs"]["reviewed"]["required"] is True


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


def test_what_the_pull_request_shows_is_what_is_approved(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first deployment gives all access: refused on a merge, applied with the digest that the review said."""
    monkeypatch.chdir(project)
    [shown] = _commands("preview")
    assert _run(project, shown, "--local").exit_code == 0
    review = (project / "review.md").read_text(encoding="utf-8")
    assert "ReadOnly" in review
    [digest] = re.findall(r"Digest of this review: `([0-9a-f]{64})`", review)
    _, merged, approved = _commands("up")
    assert _run(project, merged, "--help").exit_code == 0
    assert approved[-2:] == ["--reviewed", "$REVIEWED"]
    done = _run(project, [*approved[:-1], digest], "--local")
    assert done.exit_code == 0, done.output
    other = _run(project, [*approved[:-1], "0" * 64], "--local")
    assert other.exit_code == 1
    assert f"the approval is for another review, so nothing is applied, got {'0' * 64}" in other.output
    assert _run(project, [*approved[:-1], ""], "--local").exit_code == 2


def test_its_look_for_drift_is_a_command() -> None:
    [command] = _commands("drift")
    done = CliRunner().invoke(app, [*command[1:], "--help"])
    assert (command[1:2], done.exit_code) == (["drift"], 0)


def test_a_pull_request_s_proof_is_held_against_what_it_is_merged_into() -> None:
    """The merge that GitHub makes has the base as its first parent: two commits deep is enough to have it."""
    steps = _read()["jobs"]["preview"]["steps"]
    [checkout] = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"] == {"persist-credentials": False, "fetch-depth": 2}
    [preview] = [step for step in steps if "crossaccount preview" in step.get("run", "")]
    assert preview["env"] == {"CROSSACCOUNT_BASE": "HEAD^1"}
