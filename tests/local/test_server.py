"""A local AWS starts fast, stays by itself, and leaves nothing behind."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from crossaccount.local import server
from crossaccount.local.clients import Aws, Credentials, Gateway
from crossaccount.local.server import LocalAws, LocalAwsError

ACCOUNT = "111111111111"
SAY = "print(aws.endpoint, aws.pid, aws.gateway.secret.hex(), flush=True)"


@pytest.fixture(autouse=True)
def _logs_go_with_the_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def answers(endpoint: str) -> bool:
    host, port = endpoint.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except ConnectionError:
        return False
    return True


def runs(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def start_lambda(aws: Aws) -> int:
    """Start a Lambda function's process; its ID."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", "import os\ndef handler(event, context):\n    return os.getpid()\n")
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = aws.iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    code = {"ZipFile": archive.getvalue()}
    aws.lambda_.create_function(FunctionName="f", Role=role, Runtime="python3.11", Handler="index.handler", Code=code)
    with aws.lambda_.invoke(FunctionName="f")["Payload"] as payload:
        return int(payload.read())


def parent(code: str) -> subprocess.Popen[str]:
    """Another program with a local AWS; it prints the endpoint, the process ID and the secret of the run."""
    lines = ["from crossaccount.local.server import LocalAws", "import time", *code.splitlines()]
    return subprocess.Popen([sys.executable, "-c", "\n".join(lines)], stdout=subprocess.PIPE, text=True)


def test_it_answers_when_the_block_begins() -> None:
    with LocalAws() as aws, aws.session(ACCOUNT) as root:
        assert root.account_id() == ACCOUNT


def test_it_is_gone_after_the_block_with_its_functions_and_its_data() -> None:
    with LocalAws() as aws, aws.session(ACCOUNT) as root:
        endpoint, pid = aws.endpoint, aws.pid
        function = start_lambda(root)
        data = Path(os.readlink(f"/proc/{pid}/cwd"))
        assert data.is_dir()
        assert runs(function)
    assert not answers(endpoint)
    assert not runs(pid)
    assert until(lambda: not runs(function))
    assert not data.exists()
    with pytest.raises(LocalAwsError, match="not running"):
        _ = aws.endpoint


def test_two_at_once_do_not_meet(tmp_path: Path) -> None:
    with LocalAws(log_dir=tmp_path) as one, LocalAws(log_dir=tmp_path) as two:
        assert one.endpoint != two.endpoint
        with one.session(ACCOUNT) as first, two.session(ACCOUNT) as second:
            first.iam.create_user(UserName="Ana")
            assert second.iam.list_users()["Users"] == []
    assert {one.log_path.parent, two.log_path.parent} == {tmp_path}
    assert one.log_path != two.log_path
    assert one.log_path.exists()


def test_an_account_is_twelve_digits(local_aws: LocalAws) -> None:
    for wrong in ("", "11111111111", "workload", "１１１１１１１１１１１１"):
        with pytest.raises(ValueError, match="12 digits"):
            local_aws.session(wrong)


def test_the_users_environment_stays_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINISTACK_AUTOCREATE_AWS_MANAGED", "1")
    monkeypatch.setenv("AUTH", "false")
    monkeypatch.setenv("GATEWAY_PORT", "4566")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUSERSOWNKEY00000")
    with LocalAws() as aws, aws.session(ACCOUNT) as root:
        with pytest.raises(root.iam.exceptions.NoSuchEntityException):
            root.iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/NoSuchPolicy")
        with (
            Aws(aws.endpoint, Credentials("AKIAUSERSOWNKEY00000", "x")) as users,
            pytest.raises(users.sts.exceptions.ClientError, match="InvalidClientTokenId"),
        ):
            users.sts.get_caller_identity()


def test_a_start_that_fails_shows_the_end_of_the_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "ministack"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('broken on purpose')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    aws = LocalAws(log_dir=tmp_path)
    with pytest.raises(LocalAwsError, match="broken on purpose") as caught, aws:
        raise AssertionError("it started")
    assert str(aws.log_path) in str(caught.value)


def test_a_start_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "START_SECONDS", 0.0)
    aws = LocalAws()
    with pytest.raises(LocalAwsError, match="not ready within 0 s"), aws:
        raise AssertionError("it started")
    assert not runs(aws.pid)


def test_an_interrupt_of_the_terminal_is_not_for_it(tmp_path: Path) -> None:
    with LocalAws(log_dir=tmp_path) as aws:
        assert os.getpgid(aws.pid) != os.getpgid(0)
        os.kill(aws.pid, signal.SIGINT)
        with aws.session(ACCOUNT) as root:
            assert root.account_id() == ACCOUNT
    assert "Traceback" not in aws.log_path.read_text()


def test_it_ends_when_its_parent_is_killed() -> None:
    with parent(f"with LocalAws() as aws:\n    {SAY}\n    time.sleep(60)") as program:
        assert program.stdout is not None
        endpoint, pid, secret = program.stdout.readline().split()
        with Aws(endpoint, Gateway(endpoint, bytes.fromhex(secret)).root(ACCOUNT)) as root:
            function = start_lambda(root)
        program.kill()
    assert until(lambda: not answers(endpoint))
    assert until(lambda: not runs(int(pid)))
    assert until(lambda: not runs(function))


def test_it_stays_when_it_is_kept() -> None:
    with parent(f"with LocalAws() as aws:\n    aws.keep()\n    {SAY}") as program:
        assert program.stdout is not None
        endpoint, pid, secret = program.stdout.readline().split()
    assert program.returncode == 0
    try:
        with Aws(endpoint, Gateway(endpoint, bytes.fromhex(secret)).root(ACCOUNT)) as root:
            assert root.account_id() == ACCOUNT
    finally:
        os.kill(int(pid), signal.SIGTERM)
    assert until(lambda: not runs(int(pid)))
    assert not answers(endpoint)


def test_importing_it_costs_neither_boto3_nor_ministack() -> None:
    unwanted = "{'boto3', 'botocore', 'ministack'}"
    code = f"import sys, crossaccount.local.server; print({unwanted} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
