"""``rehearse`` and ``demo``: what they print and how they end. The rehearsals are shared with other tests."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from crossaccount.check.run import check
from crossaccount.cli import app, rehearsals
from crossaccount.cli.reading import load_program
from crossaccount.engine import pulumi_cli
from crossaccount.local.clients import Aws, Credentials
from crossaccount.rehearsal import run
from crossaccount.rehearsal.run import Rehearsal
from crossaccount.rehearsal.scenario import DEMO_EXAMPLES, FLAWED, Scenario
from crossaccount.settings import read_project
from tests.conftest import Rehearsed, rehearsed_and_read
from tests.scenarios import EXAMPLES, FOLDERS

COMMAND = [sys.executable, "-c", "from crossaccount.__main__ import main; main()"]
A_LIE = {"name": "a lie", "principal": "auth/user/richard", "role": "workload/role/AssumedRole"}

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch, rehearsed: Callable[[str], Rehearsed]) -> Invoke:
    """Run the command; a scenario that was rehearsed is not rehearsed again."""

    def rehearse(scenario: Scenario, *_: Any, **__: Any) -> Rehearsal:
        name = "root" if scenario.directory == FOLDERS["root"] else scenario.name
        found = rehearsed(name) if name in FOLDERS else rehearsed_and_read(scenario)
        return found.rehearsal

    monkeypatch.setattr(run, "rehearse", rehearse)
    monkeypatch.chdir(FOLDERS["root"])
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the example ``iam-user`` that may be changed."""
    folder = tmp_path / "mine"
    shutil.copytree(FOLDERS["iam-user"], folder)
    return folder


def _json(done: Result) -> Any:
    """The one document on stdout."""
    return json.loads(done.stdout)


def test_without_an_argument_the_project_here_is_rehearsed(invoke: Invoke) -> None:
    done = invoke("rehearse")
    assert done.exit_code == 0
    assert "6 of 6 as expected, deployed in-process" in done.stdout


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_rehearsed_by_its_name(invoke: Invoke, name: str) -> None:
    done = invoke("rehearse", name, "--json")
    document = _json(done)
    assert list(document) == ["scenario", "engine", "results", "failed"]
    assert (done.exit_code, document["scenario"], document["engine"], document["failed"]) == (
        0,
        name,
        "in-process",
        0,
    )


def test_results_are_records_for_people(invoke: Invoke) -> None:
    lines = invoke("rehearse", "tutorial").stdout.splitlines()
    theresa = next(line for line in lines if "Theresa" in line)
    cells = re.split(r" {2,}", theresa)
    assert cells[:4] == ["development/user/Theresa", "production/role/UpdateApp", "denied", "✓ denied"]
    assert cells[4].startswith("explicit-deny:")


def test_json_has_the_strings_of_the_test_file(invoke: Invoke) -> None:
    results = _json(invoke("rehearse", "deployer", "--json"))["results"]
    assert results[0]["context"] == {"sts:ExternalId": "12345678TESTID", "sts:RoleSessionName": "AWSCLI-Session"}
    assert {key: results[2][key] for key in ("name", "principal", "role", "expected", "actual", "reason")} == {
        "name": "without the external ID nobody gets in",
        "principal": "a/user/ci",
        "role": "b/role/CrossAccountAccessRole",
        "expected": "denied",
        "actual": "denied",
        "reason": "condition",
    }
    assert results[2]["decided_by"]["side"] == "trust"


def test_the_demo_is_every_example_and_the_tutorials_end(invoke: Invoke) -> None:
    done = invoke("demo", "--json")
    document = _json(done)
    assert list(document) == ["rehearsals", "failed", "diff", "check"]
    assert document["diff"]["verdict"] == "broadening"
    [change] = document["diff"]["changes"]
    assert (change["kind"], change["principal"].rsplit("/", 1)[-1]) == ("path-gained", "Theresa")
    assert [each["scenario"] for each in document["rehearsals"]] == [*DEMO_EXAMPLES, "tutorial, without the deny"]
    assert (done.exit_code, document["failed"]) == (0, 0)
    assert document["rehearsals"][-1]["results"][-1]["actual"] == "allowed"
    assert {"XA101", "XA102", "XA103"} <= {each["code"] for each in document["check"]["findings"]}


def test_a_command_of_the_demo_stays_on_one_line_to_be_copied(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.chdir(FLAWED.parent)
    flawed = check(read_project(FLAWED), (), load_program, datetime(2026, 1, 2, tzinfo=UTC))
    rehearsals._show_flawed(flawed, FLAWED)
    assert capsys.readouterr().out.splitlines()[-1].endswith(" warnings more: crossaccount check --dir flawed")


def test_without_a_pulumi_cli_the_engine_pulumi_is_refused(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi_cli, "installed", lambda: False)
    done = invoke("rehearse", "tutorial", "--engine", "pulumi", "--json")
    line = '--engine: there is no pulumi CLI on the PATH, got "pulumi"; install it, or use --engine in-process'
    assert (done.exit_code, _json(done)) == (2, {"error": line})


def test_an_unknown_scenario_is_answered_with_what_there_is(invoke: Invoke) -> None:
    done = invoke("rehearse", "tutorail")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith('scenario: there is no such folder and no such example, got "tutorail"; ')
    assert len(done.stderr.splitlines()) == 1


def _break_tests(folder: Path) -> None:
    (folder / "access-tests.yaml").write_text("tests: [{principal: auth/user/x}]\nsomething: else\n", encoding="utf-8")


def _break_given(folder: Path) -> None:
    given = "given: {auth: {trusted: {users: {a: {x: 1}, b: {y: 1}, c: {z: 1}}}}}"
    (folder / "access-tests.yaml").write_text(f"tests: []\n{given}\n", encoding="utf-8")


def _break_stacks(folder: Path) -> None:
    for stack in ("auth", "workload"):
        file = folder / f"Pulumi.{stack}.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(f"crossaccount:account: {stack}", "crossaccount:acount: x"), encoding="utf-8")


@pytest.mark.parametrize("breaks", [_break_tests, _break_given, _break_stacks])
@pytest.mark.parametrize("as_json", [True, False], ids=["json", "plain"])
def test_bad_input_is_one_report_of_every_mistake(
    invoke: Invoke, copy: Path, breaks: Callable[[Path], None], as_json: bool
) -> None:
    breaks(copy)
    done = invoke("rehearse", str(copy), *(["--json"] if as_json else []))
    lines = done.stderr.splitlines()
    assert (done.exit_code, isinstance(done.exception, SystemExit)) == (2, True)
    assert len(lines) >= 3
    assert all(("; " in line and "access-tests.yaml" in line) or line.startswith("Pulumi.") for line in lines)
    assert (_json(done) == {"error": "\n".join(lines)}) if as_json else (done.stdout == "")


def test_a_failed_expectation_ends_with_1_and_is_crossed(invoke: Invoke, copy: Path) -> None:
    tests = yaml.safe_load((copy / "access-tests.yaml").read_text(encoding="utf-8"))
    tests["tests"] = [{**A_LIE, "expect": "denied"}, *tests["tests"]]
    (copy / "access-tests.yaml").write_text(yaml.safe_dump(tests), encoding="utf-8")
    done = invoke("rehearse", str(copy))
    assert done.exit_code == 1
    crossed = [line for line in done.stdout.splitlines() if "✗" in line]
    assert [re.split(r" {2,}", line)[2:4] for line in crossed] == [["denied", "✗ allowed"]]
    assert "3 of 4 as expected" in done.stdout


def _run(arguments: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=120, **options)


def test_for_real_stdout_is_one_json_document_and_the_kept_local_aws_is_reported_on_stderr(copy: Path) -> None:
    done = _run(["rehearse", str(copy), "--json", "--keep", "--engine", "in-process"])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["failed"] == 0
    assert "Traceback" not in done.stderr
    pid = int(done.stderr.rpartition("kill ")[2])
    try:
        endpoint = next(word for word in done.stderr.split() if word.startswith("AWS_ENDPOINT_URL=")).partition("=")[2]
        assert _answers(endpoint)
        # The printed line is what a person puts into a shell: its credentials are those of an account's root.
        printed = dict(re.findall(r"(AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY)=(\S+)", done.stderr))
        with Aws(endpoint, Credentials(printed["AWS_ACCESS_KEY_ID"], printed["AWS_SECRET_ACCESS_KEY"])) as root:
            assert root.sts.get_caller_identity()["Arn"].endswith(":root")
    finally:
        os.kill(pid, signal.SIGTERM)
    assert _eventually(lambda: not _answers(endpoint))


def test_for_real_ctrl_c_ends_it_all(copy: Path) -> None:
    running = subprocess.Popen(
        [*COMMAND, "rehearse", str(copy), "--engine", "in-process"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    with running:
        assert running.stdout is not None
        while "deploying" not in (line := running.stdout.readline()):
            assert line, "it ended before it deployed anything"
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "Traceback" not in errors
    assert errors.endswith("interrupted by SIGINT\n")


def _answers(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def _eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
