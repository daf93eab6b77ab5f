"""``check`` and ``test`` as commands: exit codes, JSON, Markdown, and access tests with what they give."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossaccount.cli import app
from tests.cli.conftest import BOTH, ROOT, Run

FLAWED = str(ROOT / "docs" / "guide" / "flawed")


def _run(*words: str):
    return CliRunner().invoke(app, ["check", *words])


def test_all_is_well_with_our_own_stacks():
    result = _run("--dir", str(ROOT), "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert list(found) == ["findings", "tests", "quotas"]
    assert found["findings"] == []
    assert found["tests"]["failed"] == 0
    assert list(found["quotas"][0]) == ["where", "quota", "used", "limit"]


def test_the_answer_is_no_where_there_is_an_error_or_a_failed_test():
    result = _run("--dir", FLAWED, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert list(found["findings"][0]) == ["code", "severity", "where", "message", "fix"]
    assert found["findings"][0]["severity"] == "error"
    assert found["tests"]["failed"] == 1


def test_warnings_alone_are_no_reason_to_fail():
    result = _run("a", "--dir", str(ROOT / "examples" / "deployer"), "--json")
    assert result.exit_code == 0
    assert {each["severity"] for each in json.loads(result.stdout)["findings"]} == {"warning"}


def test_people_get_every_finding_with_its_fix():
    result = _run("--dir", FLAWED)
    assert "XA103 error Pulumi.workload.yaml: trusting.roles.Deploy.trust[1].principals" in result.stdout
    assert "fix: remove the principal from the open statement" in result.stdout
    assert "3 errors, 15 warnings, 1 of 2 tests as expected, 1 finding suppressed" in result.stdout


def test_bad_input_is_bad_input(tmp_path):
    result = _run("--dir", str(tmp_path), "--json")
    assert result.exit_code == 2
    line = f"{tmp_path}: has no Pulumi.yaml; name a folder that has one; or name a source, such as prod.json or "
    assert json.loads(result.stdout) == {"error": f"{line}terraform:plan.json"}


def test_markdown_goes_to_a_file_or_to_stdout(tmp_path):
    file = tmp_path / "check.md"
    assert _run("--dir", FLAWED, "--markdown", str(file)).exit_code == 1
    assert _run("--dir", FLAWED, "--markdown", "-").stdout == file.read_text(encoding="utf-8")
    assert _run("--dir", FLAWED, "--markdown", "-", "--json").exit_code == 2
    assert _run("--dir", FLAWED, "--markdown", str(tmp_path)).exit_code == 2


def test_a_weaker_proof_is_reported_and_ends_with_3_where_that_is_requested(tmp_path):
    shutil.copytree(ROOT / "examples" / "tutorial", tmp_path / "p")
    project = tmp_path / "p" / "Pulumi.yaml"
    project.write_text(project.read_text(encoding="utf-8").replace("main: ../../\n", ""), encoding="utf-8")
    shutil.copy(ROOT / "__main__.py", tmp_path / "p")
    here = str(tmp_path / "p")
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    same = _run("--dir", here, "--base", "HEAD", "--fail-on", "weakened")
    assert (same.exit_code, "the access tests prove what they proved at HEAD" in same.stdout) == (0, True)
    file = tmp_path / "p" / "access-tests.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("    because: explicit-deny\n", ""), encoding="utf-8")
    weaker = _run("--dir", here, "--base", "HEAD", "--json")
    assert weaker.exit_code == 0
    assert {each["kind"] for each in json.loads(weaker.stdout)["proof"]["weakened"]} == {"test-changed"}
    tripped = _run("--dir", here, "--base", "HEAD", "--fail-on", "weakened", "--markdown", "-")
    assert (tripped.exit_code, "| proof weakened | what |" in tripped.stdout) == (3, True)
    without = _run("--dir", here, "--fail-on", "weakened")
    assert (without.exit_code, without.stderr.startswith("--fail-on: weakened is against a git")) == (2, True)


EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/access-tests.yaml"))


@pytest.mark.parametrize("example", [*EXAMPLES, ROOT], ids=lambda path: path.name)
def test_every_example_is_judged_as_it_says(run: Run, example: Path) -> None:
    stacks = [f"stack:{path.name.split('.')[1]}" for path in sorted(example.glob("Pulumi.*.yaml"))]
    done = run("test", str(example / "access-tests.yaml"), *stacks, "--dir", str(example), "--json")
    assert (done.code, done.json["failed"]) == (0, 0)
    assert {result["mode"] for result in done.json["results"]} == {"judged"}
    assert all(result["ok"] for result in done.json["results"])


@pytest.mark.usefixtures("tutorial")
def test_a_test_that_fails_ends_with_one(run: Run, tutorial: Path) -> None:
    file = tutorial / "tests.yaml"
    file.write_text("tests: [{principal: development/user/Theresa, role: production/role/UpdateApp, expect: allowed}]")
    done = run("test", str(file), *BOTH, "--json")
    assert (done.code, done.json["failed"]) == (1, 1)
    [result] = done.json["results"]
    assert (result["expected"], result["actual"], result["reason"]) == ("allowed", "denied", "explicit-deny")
    assert "0 of 1 as expected" in run("test", str(file), *BOTH).out


@pytest.mark.usefixtures("tutorial")
def test_what_no_source_describes_is_undetermined_and_not_ok(run: Run, tutorial: Path) -> None:
    file = tutorial / "tests.yaml"
    file.write_text("tests: [{principal: development/user/David, role: production/role/UpdateApp, expect: denied}]")
    done = run("test", str(file), "stack:production", "--json")
    assert (done.code, done.json["results"][0]["actual"]) == (1, "undetermined")


@pytest.mark.usefixtures("tutorial")
def test_plain_files_are_judged_with_given_names(run: Run, tutorial: Path) -> None:
    user = {
        "UserName": "al",
        "Arn": "arn:aws:iam::333333333333:user/al",
        "UserPolicyList": [
            {
                "PolicyName": "p",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": {"Effect": "Allow", "Action": "sts:*", "Resource": "*"},
                },
            }
        ],
    }
    (tutorial / "shared.json").write_text(json.dumps({"UserDetailList": [user]}))
    (tutorial / "accounts.yaml").write_text('shared: {id: "333333333333"}\n')
    file = tutorial / "tests.yaml"
    file.write_text("tests: [{principal: shared/user/al, role: production/role/UpdateApp, expect: denied}]")
    done = run("test", str(file), *BOTH, "shared.json", "--accounts", "accounts.yaml", "--json")
    assert (done.code, done.json["results"][0]["reason"]) == (0, "no-trust")


@pytest.mark.usefixtures("tutorial")
def test_everything_wrong_with_a_test_file_is_reported(run: Run, tutorial: Path) -> None:
    file = tutorial / "tests.yaml"
    file.write_text("tests: [{principal: nobody/user/x, role: production/role/UpdateApp, expects: denied}]")
    done = run("test", str(file), *BOTH)
    assert done.code == 2
    assert len(done.err.splitlines()) == 3
    given = "given: {development: {trusted: {users: {bo: {consle: true}}}}}\ntests: []\n"
    file.write_text(given)
    done = run("test", str(file), *BOTH)
    assert done.code == 2
    assert done.err.startswith(f"{file}: given.development: ")
    assert len(done.err.splitlines()) == 2
    assert done.err.splitlines()[-1].startswith(f"{file}: tests: has no test")


@pytest.mark.parametrize("command", [["test", "tests.yaml", *BOTH], ["check"]], ids=["test", "check"])
def test_a_file_without_a_test_proves_nothing(run: Run, tutorial: Path, command: list[str]) -> None:
    name = "tests.yaml" if command[0] == "test" else "access-tests.yaml"
    (tutorial / name).write_text("tests: []\n")
    done = run(*command)
    said = "has no test, and so proves nothing, got []; write access tests: who must get in and who must not"
    assert (done.code, done.out, done.err.strip().endswith(f"{name}: tests: {said}")) == (2, "", True), done
    assert len(done.err.splitlines()) == 1
