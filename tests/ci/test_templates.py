"""What other repositories include: the GitHub Action and the template for GitLab CI."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossaccount.start.workflow import ACTIONS
from tests.preloaded import crossaccount_command

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
FLAWED = ROOT / "docs" / "guide" / "flawed"
TUTORIAL = ROOT / "examples" / "tutorial"
BEFORE = f"stack:{TUTORIAL}/*"


@pytest.mark.parametrize(("schema", "file"), [("github-actions", "action.yml"), ("gitlab-ci", "ci/gitlab.yml")])
def test_the_service_takes_it(schema: str, file: str) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(ROOT / file)]
    options = ["--data-transform", "gitlab-ci"] if schema == "gitlab-ci" else []
    done = subprocess.run([*check, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_auditor_finds_nothing() -> None:
    zizmor = [BIN / "zizmor", "--offline", "--no-progress", "--persona=auditor", ROOT / "action.yml"]
    done = subprocess.run(zizmor, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings to report" in done.stdout


def test_every_action_is_a_commit_with_its_release() -> None:
    used = re.findall(r"uses: (\S+)@(\S+)(?: # (\S+))?", (ROOT / "action.yml").read_text(encoding="utf-8"))
    assert used
    for action, commit, release in used:
        assert (commit, release) == ACTIONS[action]


def test_no_input_is_part_of_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_what_is_installed_comes_with_hashes() -> None:
    [install] = [step["run"] for step in ACTION["runs"]["steps"] if step.get("name") == "Install"]
    files = re.findall(r'\$GITHUB_ACTION_PATH/([^"]+)"', install)
    assert files == ["crossaccount/start/requirements-locked.txt"]
    assert (ROOT / files[0]).is_file()
    assert [line.split(" install ")[1].split()[0] for line in install.splitlines() if " install " in line] == [
        "--require-hashes",
        "--no-deps",
    ]


class Run:
    """The action's step ``run``, as a runner runs it."""

    def __init__(self, folder: Path, **inputs: str) -> None:
        installed = folder / "crossaccount" / "bin"
        installed.mkdir(parents=True)
        (installed / "crossaccount").symlink_to(crossaccount_command())
        (installed / "python").symlink_to(sys.executable)
        defaults = {name: each.get("default", "") for name, each in ACTION["inputs"].items()}
        values = {**defaults, **{name.replace("_", "-"): value for name, value in inputs.items()}}
        step = next(each for each in ACTION["runs"]["steps"] if each.get("id") == "run")
        env = {key: values[re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", r"\1", text)] for key, text in step["env"].items()}
        self.output, self.summary = folder / "output", folder / "summary.md"
        told = {"RUNNER_TEMP": folder, "GITHUB_OUTPUT": self.output, "GITHUB_STEP_SUMMARY": self.summary}
        self.done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=values["directory"],
            env={**os.environ, **env, **{key: str(value) for key, value in told.items()}},
            capture_output=True,
            text=True,
        )

    @property
    def outputs(self) -> dict[str, str]:
        """What the step says of itself."""
        return dict(line.split("=", 1) for line in self.output.read_text().splitlines())


def test_check_writes_sarif_and_a_summary(tmp_path: Path) -> None:
    run = Run(tmp_path, directory=str(FLAWED))
    assert run.done.returncode == 0, run.done.stderr
    assert (run.outputs["exit-code"], run.outputs["verdict"]) == ("1", "")
    log = json.loads(Path(run.outputs["sarif"]).read_text())
    assert "XA107" in {each["ruleId"] for each in log["runs"][0]["results"]}
    assert "| finding | where | what | fix |" in run.summary.read_text()
    assert run.summary.read_text() == Path(run.outputs["markdown"]).read_text()
    assert "XA107 warning" in run.done.stdout


def test_sources_stand_one_a_line(tmp_path: Path) -> None:
    shutil.copytree(FLAWED, tmp_path / "a project", ignore=shutil.ignore_patterns("access-tests.yaml"))
    project = tmp_path / "a project" / "Pulumi.yaml"
    project.write_text(re.sub(r"main: .*", f"main: {ROOT}", project.read_text()))
    run = Run(tmp_path, sources="\n  stack:a project/auth \nstack:a project/workload\n", directory=str(tmp_path))
    assert (run.outputs["exit-code"], run.outputs["sarif"]) == ("1", str(tmp_path / "crossaccount.sarif")), run.done


def test_a_source_is_no_option(tmp_path: Path) -> None:
    run = Run(tmp_path, sources="--run-program", directory=str(FLAWED))
    assert run.outputs["exit-code"] == "2"
    assert "--run-program: " in run.done.stderr


def test_fail_on_and_a_baseline(tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    subprocess.run([crossaccount_command(), "check", "stack:*", "--write-baseline", known], cwd=FLAWED, check=True)
    run = Run(tmp_path, sources="stack:*", baseline=str(known), fail_on="warning", directory=str(FLAWED))
    assert run.outputs["exit-code"] == "0", run.done


def test_diff_says_its_verdict(tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(TUTORIAL, changed)
    project = changed / "Pulumi.yaml"
    project.write_text(project.read_text().replace("main: ../../", f"main: {ROOT}"))
    file = changed / "Pulumi.development.yaml"
    file.write_text(file.read_text().replace("deny-assume-S3-role-in-production: {deny:", "renamed: {assume:"))
    run = Run(tmp_path, command="diff", before=BEFORE, after=f"stack:{changed}/*", fail_on="broadening")
    assert run.outputs["verdict"] == "broadening", run.done
    assert run.outputs["exit-code"] == "3"
    assert "Theresa" in run.summary.read_text()
    first, *_, last = [line for line in run.done.stdout.splitlines() if line.startswith("::")]
    assert first == f"::stop-commands::{last.strip(':')}"


@pytest.mark.parametrize("inputs", [{"command": "diff", "before": "none.json"}, {"sources": "none.json"}])
def test_bad_input_is_reported_and_leaves_no_files(tmp_path: Path, inputs: dict[str, Any]) -> None:
    run = Run(tmp_path, directory=str(TUTORIAL), **inputs)
    assert run.outputs == {"exit-code": "2", "verdict": "", "markdown": "", "sarif": ""}
    assert "none.json: there is no such file" in run.done.stderr


def test_no_other_command_is_run(tmp_path: Path) -> None:
    run = Run(tmp_path, command="up")
    assert run.done.returncode == 2
    assert "must be check or diff" in run.done.stdout


def test_the_result_is_the_exit_code() -> None:
    step = ACTION["runs"]["steps"][-1]
    assert step["env"] == {"CODE": "${{ steps.run.outputs.exit-code }}"}
    done = subprocess.run(["bash", "-c", step["run"]], env={**os.environ, "CODE": "3"})
    assert done.returncode == 3


def test_the_commands_of_the_gitlab_template_are_commands(tmp_path: Path) -> None:
    template = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text(encoding="utf-8"))
    codes = {}
    for job in (".crossaccount-check", ".crossaccount-diff"):
        [script] = template[job]["script"]
        arguments = f"--before {BEFORE} --after {BEFORE}" if job.endswith("diff") else ""
        env = {"CI_PROJECT_DIR": str(tmp_path), "CROSSACCOUNT_ARGUMENTS": arguments}
        path = f"{crossaccount_command().parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(["sh", "-c", f"set -f\n{script}"], cwd=FLAWED, env={**os.environ, **env, "PATH": path})
        codes[job] = done.returncode
        assert {each for each in template[job]["artifacts"]["paths"] if not (tmp_path / each).exists()} == set()
    assert codes == {".crossaccount-check": 1, ".crossaccount-diff": 0}
