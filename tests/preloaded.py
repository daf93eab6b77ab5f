"""Python programs that start in no time: the AWS CLI takes most of a second to import itself, and tests start it often.

A preloaded program is the program itself, with its own interpreter and packages. It is imported once for each process
of a run; every call is a fork of that, with the caller's arguments, environment (which must have a ``HOME``), folder,
stdin, stdout and stderr, and ends with its own exit code. It does not have the caller's terminal and process group: a
test of signals, or of the start itself, starts the real one.
"""

from __future__ import annotations

import atexit
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

SERVER = Path(__file__).with_name("preloaded_server.py")
ROOT = Path(__file__).parents[1]
STAND_IN = """#!{python} -IS
import array, marshal, os, socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect({path!r})
request = marshal.dumps((os.getcwd(), [{name!r}, *sys.argv[1:]], dict(os.environ)))
files = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", (0, 1, 2)))
connection.sendmsg([len(request).to_bytes(8, "big")], [files])
connection.sendall(request)
os._exit(int(connection.recv(8) or b"255") & 0xFF)
"""


def preloaded(name: str, python: Path, program: str, *modules: str) -> Path:
    """A folder in which ``name`` is the program, for the ``PATH``. It lives as long as this process.

    ``program`` is ``module:function``; ``modules`` are imported for all calls. A ``module:function`` among them is
    called as well.
    """
    folder = Path(tempfile.mkdtemp(prefix="preloaded-"))
    socket = folder / "socket"
    process = subprocess.Popen(
        [python, SERVER, socket, program, *modules],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    end = process.stdin.close

    def stop() -> None:
        end()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    with process.stdout as stdout:
        assert stdout.readline() == b"ready\n", f"{name} did not start"
    command = folder / "bin" / name
    command.parent.mkdir()
    command.write_text(STAND_IN.format(python=python, path=str(socket), name=name))
    command.chmod(0o755)
    return command.parent


@cache
def crossaccount_command() -> Path:
    """The command, with what most of its subcommands import."""
    command = Path(sys.executable).with_name("crossaccount")
    if sys.platform != "linux":
        return command
    modules = ("crossaccount.sources", "crossaccount.engine.recording", "crossaccount.components.program", "boto3")
    return preloaded(command.name, Path(sys.executable), "crossaccount.__main__:main", *modules) / command.name


def aws_command() -> Path | None:
    """The AWS CLI: of ``make setup``, else of the machine."""
    own = ROOT / ".venv-aws" / "bin" / "aws"
    found = str(own) if own.exists() else shutil.which("aws")
    return Path(found) if found else None


@cache
def aws_folder() -> Path | None:
    """The folder of an AWS CLI, for the ``PATH``: preloaded on Linux, if it is Python's own package."""
    command = aws_command()
    if command is None:
        return None
    python = command.parent / "python"
    if not python.exists() or sys.platform != "linux":
        return command.parent
    return preloaded("aws", python, "awscli.clidriver:main", "awscli.clidriver:create_clidriver")
