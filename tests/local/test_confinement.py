"""A run's folders, its log and its processes: what others can see of them, and what a function gets."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from crossaccount.local.clients import Aws
from crossaccount.local.confinement import environment, reachable
from crossaccount.local.server import LocalAws

ACCOUNT = "111111111111"
LOOKS_AROUND = """
import os

def attempt(act):
    try:
        return act()
    except OSError as error:
        return type(error).__name__

def handler(event, context):
    return {
        "uid": os.getuid(),
        "gid": os.getgid(),
        "groups": os.getgroups(),
        "environment": dict(os.environ),
        "folder": os.path.realpath(".."),
        "mode": os.stat("..").st_mode & 0o777,
        "beside": attempt(lambda: os.listdir("../..")),
        "server": attempt(lambda: open(f"/proc/{os.getppid()}/environ").read()),
        "outside": attempt(lambda: open("../../x", "w").close()),
        "own": attempt(lambda: open("x", "w").close()),
        "become_root": attempt(lambda: os.setuid(0)),
    }
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start processes as somebody else")


def function_role(root: Aws, name: str) -> str:
    """A role for a function; its ARN."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return root.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]


def look_around(root: Aws, name: str = "f", **environment: str) -> dict[str, Any]:
    """What a Lambda function sees."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", LOOKS_AROUND)
    root.lambda_.create_function(
        FunctionName=name,
        Role=function_role(root, name),
        Runtime="python3.11",
        Handler="index.handler",
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": environment},
    )
    with root.lambda_.invoke(FunctionName=name)["Payload"] as payload:
        seen: dict[str, Any] = json.loads(payload.read())
    return seen


def test_a_function_gets_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {
        "AWS_ACCESS_KEY_ID": "AKIAOURS",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
        "AWS_PROFILE": "production",
        "PULUMI_ACCESS_TOKEN": "pul-1",
        "PULUMI_CONFIG_PASSPHRASE": "p",
        "GITHUB_TOKEN": "ghp",
        "PYTHONSTARTUP": "/x",
    }
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    with LocalAws() as local, local.session(ACCOUNT) as root:
        seen = look_around(root, MINE="yes")
        secrets = (local.gateway.secret.hex(), local.gateway.root(ACCOUNT).secret_access_key)
    inside = seen["environment"]
    assert inside["MINE"] == "yes"
    assert not set(ours.values()) & set(inside.values())
    assert not [secret for secret in secrets if secret in json.dumps(seen)]
    assert not {"HOME", "TMPDIR", "AUTH", "STATE_DIR", "S3_DATA_DIR", "VIRTUAL_ENV"} & inside.keys()
    assert inside["AWS_ACCESS_KEY_ID"].startswith("ASIA")


def test_no_function_makes_the_server_open_another_port(tmp_path: Path) -> None:
    """The API of a custom runtime takes whatever whoever asks says: a web page could answer for the function."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("bootstrap"), "#!/bin/sh\nsleep 5\n")
        file.filelist[0].external_attr = 0o755 << 16
    with LocalAws(log_dir=tmp_path) as local, local.session(ACCOUNT) as root:
        role = function_role(root, "f")
        code: Any = {"ZipFile": archive.getvalue()}
        root.lambda_.create_function(
            FunctionName="f", Role=role, Runtime="provided.al2023", Handler="bootstrap", Code=code
        )
        assert root.lambda_.invoke(FunctionName="f").get("FunctionError")
        assert len(ports_of(local.pid)) == 1
    assert "the local AWS opens no port besides its own" in local.log_path.read_text()


def ports_of(pid: int) -> list[str]:
    """The addresses on which a process listens, as the kernel has them."""
    sockets = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            sockets.add(os.readlink(each))
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets]


@as_root
def test_a_function_is_nobody_in_a_folder_of_its_own() -> None:
    with LocalAws() as local, local.session(ACCOUNT) as root:
        seen, other = look_around(root, "f"), look_around(root, "g")
    import pwd

    user = pwd.getpwnam("nobody")
    assert (seen["uid"], seen["gid"], seen["groups"]) == (user.pw_uid, user.pw_gid, [])
    assert (seen["mode"], seen["own"]) == (0o700, None)
    assert seen["folder"] != other["folder"]
    denied = ("beside", "server", "outside", "become_root")
    assert {name: seen[name] for name in denied} == dict.fromkeys(denied, "PermissionError")


@as_root
def test_a_place_for_temporary_files_that_is_ours_alone_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with LocalAws() as local, local.session(ACCOUNT) as root:
        assert look_around(root)["uid"] != 0
    assert list(tmp_path.iterdir()) == []


def test_the_session_of_a_function_cannot_be_guessed() -> None:
    """MiniStack makes it from the names of the function and its role."""
    with LocalAws() as one, one.session(ACCOUNT) as first, LocalAws() as two, two.session(ACCOUNT) as second:
        seen = [look_around(root)["environment"] for root in (first, second)]
    assert seen[0]["AWS_ACCESS_KEY_ID"] == seen[1]["AWS_ACCESS_KEY_ID"]
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        assert seen[0][name] != seen[1][name]
        assert len(seen[0][name]) == 64


def test_the_folders_of_a_run_are_its_own_and_go_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made: list[Path] = []
    make_folder = tempfile.mkdtemp

    def made_folder(*arguments: Any, **options: Any) -> str:
        made.append(Path(make_folder(*arguments, **options)))
        return str(made[-1])

    monkeypatch.setattr(tempfile, "mkdtemp", made_folder)
    with LocalAws() as local, local.session(ACCOUNT) as root:
        look_around(root)
        folder = local.log_path.parent
        assert folder.parent == tmp_path
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(local.log_path.stat().st_mode) == 0o600
        assert len(made) > 1
        for each in made:
            assert stat.S_IMODE(each.stat().st_mode) & 0o007 == 0, each
    assert list(tmp_path.iterdir()) == []
    assert not any(each.exists() for each in made)
    assert not folder.exists()


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="there is no /proc")
def test_the_secret_is_neither_an_argument_nor_a_variable_nor_in_the_log(tmp_path: Path) -> None:
    with LocalAws(log_dir=tmp_path) as local, local.session(ACCOUNT) as root:
        look_around(root)
        about = [Path(f"/proc/{local.pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
        log = local.log_path.read_bytes()
        for secret in (local.gateway.secret.hex(), local.gateway.root(ACCOUNT).secret_access_key):
            assert not [text for text in (*about, log) if secret.encode() in text]
            assert secret not in repr(local.gateway)
            assert secret not in repr(root)


def test_what_is_not_the_servers_own_reaches_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "a")
    given = environment({"PATH": "/bin", "OURS": "a", "THEIRS": "b"})
    assert given == {"PATH": "/bin", "THEIRS": "b"}
    assert "OURS" not in environment(None)


def test_a_path_is_reachable_where_every_folder_lets_through(tmp_path: Path) -> None:
    nobody, folder = 65534, tmp_path / "a"
    folder.mkdir()
    file = folder / "f"
    file.write_text("")
    file.chmod(0o755)
    for each in (folder, *folder.parents):
        if each.stat().st_mode & 0o001 == 0:
            assert not reachable(file, nobody, nobody)
            break
    else:
        assert reachable(file, nobody, nobody)
    assert reachable(Path("/"), nobody, nobody)
    folder.chmod(0o700)
    assert not reachable(file, nobody, nobody)


def test_a_process_of_another_folder_is_not_started() -> None:
    """In a process of its own: it replaces Popen."""
    code = (
        "import subprocess, sys, tempfile\n"
        "from crossaccount.local import confinement\n"
        "folder = confinement.make_folder_for_functions()\n"
        "confinement.confine(folder)\n"
        "try:\n"
        "    print(subprocess.run([sys.executable, '-c', 'import os; print(os.getuid())'], cwd='/').returncode)\n"
        "except PermissionError as error:\n"
        "    print(error)\n"
        "finally:\n"
        "    import shutil; shutil.rmtree(folder)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = "runs in a folder below" if os.geteuid() == 0 else "0"
    assert expected in done.stdout
