"""A fault of ours: one line, a report to send, exit code 70. Streams that cannot write everything."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from crossaccount import cli
from crossaccount.cli.failures import HIDDEN, fault_in_one_line

ROOT = Path(__file__).parents[2]
BREAK = "import sys\nfrom crossaccount import cli\n{how}\nsys.argv = ['crossaccount', *{arguments!r}]\ncli.main()"
RAISING = """
import crossaccount.sources
def broken(*_, **__):
    {what}
crossaccount.sources.read_sources = broken
"""
ESTATE = {
    "UserDetailList": [
        {
            "UserName": "zoë",
            "Arn": "arn:aws:iam::111111111111:user/zoe",
            "Tags": [{"Key": "name", "Value": "zoë\\u202e"}],
            "UserPolicyList": [
                {
                    "PolicyName": "assume",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}],
                    },
                }
            ],
        }
    ],
    "RoleDetailList": [
        {
            "RoleName": "r",
            "Arn": "arn:aws:iam::222222222222:role/r",
            "Description": "où\u202e",
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": "111111111111"},
                        "Action": "sts:AssumeRole",
                        "Condition": {"StringLike": {"sts:ExternalId": "où*"}},
                    }
                ],
            },
        }
    ],
}


def _command(how: str, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    code = BREAK.format(how=how, arguments=arguments)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=False)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ('raise KeyError("a\\n::error::mistake")', r"KeyError: 'a\\n::error::mistake'"),
        ('raise ValueError("a\\x1b[2K\\n::error::b")', r"ValueError: a\\x1b\[2K\\n::error::b"),
        ("return broken()", "RecursionError: maximum recursion depth exceeded"),
        ("raise MemoryError", "MemoryError"),
    ],
    ids=["KeyError", "ValueError", "RecursionError", "MemoryError"],
)
def test_a_fault_of_ours_is_one_line_and_a_report(what: str, said: str, tmp_path: Path) -> None:
    secrets = {"PULUMI_CONFIG_PASSPHRASE": "correct horse", "TMPDIR": str(tmp_path)}
    arguments = ("paths", "a.json", "git+https://me:hunter2@example.com/x", "correct horse")
    done = _command(RAISING.format(what=what), *arguments, env=secrets)
    told = done.stderr.decode()
    (report,) = tmp_path.glob("crossaccount-fault-*.txt")
    assert (done.returncode, done.stdout) == (70, b"")
    assert re.fullmatch(
        rf"crossaccount paths: a fault of crossaccount itself, got {said}.*; please report it with {report}\n", told
    )
    content = report.read_text()
    assert "Traceback" in content
    assert "\x1b" not in content
    assert "in broken" in content
    assert f"$ crossaccount paths a.json 'git+https://{HIDDEN}@example.com/x' '{HIDDEN}'" in content
    assert "hunter2" not in content
    assert "correct horse" not in content
    assert report.stat().st_mode & 0o077 == 0


def test_a_fault_is_json_where_json_is_requested(tmp_path: Path) -> None:
    broken = RAISING.format(what="raise KeyError(1)")
    done = _command(broken, "paths", "a.json", "--json", env={"TMPDIR": str(tmp_path)})
    assert done.returncode == 70
    assert json.loads(done.stdout)["error"].startswith("crossaccount paths: a fault of crossaccount itself")


def test_where_no_report_can_be_kept_that_is_reported() -> None:
    broken = RAISING.format(what="raise KeyError(1)") + "import tempfile\ntempfile.tempdir = '/no/such/folder'"
    done = _command(broken, "paths", "a.json")
    assert done.returncode == 70
    assert b"no file could be written: No such file or directory" in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    "command", [["check"], ["paths", "a.json"], ["status", "--json"], ["init", "x"], ["fleet", "list"]]
)
def test_a_current_folder_that_is_gone_is_no_fault(tmp_path: Path, command: list[str]) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    lines = (f"import os, sys\nos.rmdir({str(folder)!r})", f"sys.argv = ['x', *{command!r}]")
    code = "\n".join((*lines, "from crossaccount import cli\ncli.main()"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=folder, capture_output=True, env=environment, check=False
    )
    assert (done.returncode, b"fault" in done.stderr) == (2, False), done.stderr


def test_ctrl_c_is_no_fault() -> None:
    done = _command(RAISING.format(what="raise KeyboardInterrupt"), "paths", "a.json")
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"interrupted by SIGINT\n")


def test_a_thread_s_fault_is_reported_as_well(tmp_path: Path) -> None:
    code = (
        "import threading\nfrom crossaccount.cli.failures import fault_in_one_line\n"
        "with fault_in_one_line(['up']):\n"
        "    thread = threading.Thread(target=lambda: {}['x'])\n    thread.start()\n    thread.join()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    (report,) = tmp_path.glob("crossaccount-fault-*.txt")
    assert done.stderr.startswith("crossaccount up: a fault of crossaccount itself, got KeyError: 'x'; ")
    assert "Traceback" not in done.stderr
    assert "KeyError" in report.read_text()


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""}


@pytest.mark.parametrize(
    ("encoding", "arguments"),
    [
        ({"PYTHONIOENCODING": "ascii"}, ("paths",)),
        ({"PYTHONIOENCODING": "ascii"}, ("paths", "--json")),
        ({"PYTHONIOENCODING": "latin-1"}, ("paths",)),
        (ASCII, ("paths",)),
        (ASCII, ("paths", "--json")),
        (ASCII, ("what-can", "arn:aws:iam::111111111111:user/zoe")),
        (ASCII, ("who-can", "arn:aws:iam::222222222222:role/r", "--why", "arn:aws:iam::111111111111:user/zoe")),
        (ASCII, ("report", "--markdown", "-")),
        (ASCII, ("report", "--csv", "-")),
        (ASCII, ("report", "--mermaid", "-")),
        (ASCII, ("handoff", "profiles")),
        (ASCII, ("handoff", "boto3")),
        (ASCII, ("paths", "é-no-such-file.json")),
        (ASCII, ("é",)),
    ],
    ids=str,
)
def test_what_a_stream_cannot_write_is_an_escape(
    encoding: Mapping[str, str], arguments: tuple[str, ...], tmp_path: Path
) -> None:
    sources = []
    for key in ESTATE:
        sources.append(tmp_path / f"{key}.json")
        sources[-1].write_text(json.dumps({key: ESTATE[key]}))
    kind = arguments[:2] if arguments[0] in ("handoff", "who-can", "what-can") else arguments[:1]
    command = [sys.executable, "-m", "crossaccount.cli", *kind, *map(str, sources), *arguments[len(kind) :]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **encoding, "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    written = done.stdout.decode("latin-1" if "latin-1" in encoding.values() else "ascii")
    assert done.returncode in (0, 2), done.stderr
    assert b"Traceback" not in done.stderr
    if "--json" in arguments:
        assert "où*" in json.dumps(json.loads(written), ensure_ascii=False)


def test_the_last_line_of_defence_lets_the_rest_through() -> None:
    for ended in (SystemExit(3), KeyboardInterrupt()):
        with pytest.raises(type(ended)), fault_in_one_line([]):
            raise ended


def test_a_fault_in_a_stack_s_run_ends_with_70(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a worker's thread: the job goes on to its end, and says how it ended first."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for file in (ROOT / "examples" / "tutorial").glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    monkeypatch.setattr("crossaccount.engine.pulumi_cli.installed", lambda: False)
    monkeypatch.setattr("crossaccount.engine.local_aws.InProcessEngine.run", _broken, raising=True)
    monkeypatch.setattr(sys, "argv", ["crossaccount", "up", "--local", "--dir", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = capsys.readouterr()
    assert ended.value.code == 70
    assert "up failed: 2 stacks" in printed.out
    assert printed.err.splitlines()[-1].startswith("crossaccount up: a fault of crossaccount itself, got ")
    (report,) = tmp_path.glob("crossaccount-fault-*.txt")
    assert "in _broken" in report.read_text()


def _broken(*_: object, **__: object) -> Callable[..., object]:
    raise KeyError("broken on purpose")
