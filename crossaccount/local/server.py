"""A local AWS for as long as a ``with`` block: a MiniStack process of its own, hardened, on a free loopback port.

Owns the process: its environment, its folder (0700, with its log), its end. What it answers is MiniStack's and
``crossaccount.local.hardening``'s. Every run has a secret that only the two processes know. Without credentials that
come from it nobody gets an answer, see ``crossaccount.local.authentication``. Refuses to share: every instance has its
own port and its own state, nothing is persisted, and nothing of the user's environment but the plain system variables
in ``_INHERITED`` gets in (no ``AWS_*``, no proxies, and never ``MINISTACK_AUTOCREATE_AWS_MANAGED``, which would make up
policies that allow everything).

Neither boto3 nor MiniStack is imported with this module. MiniStack lives in the child; boto3 is imported while the
child starts.
"""

from __future__ import annotations

import json
import os
import secrets
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from crossaccount.iam.problem import OperationFailed
from crossaccount.local.clients import TIME_HEADER, Aws, Gateway, prepare
from crossaccount.local.confinement import make_folder_for_functions

START_SECONDS = 60.0
"""How long a start may take. It takes one second; a busy build machine may need more."""
STOP_SECONDS = 6.0
LOG_TAIL_LINES = 20

_INHERITED = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "VIRTUAL_ENV", "PYTHONHOME")


_ANY_ACCOUNT = "000000000000"


class LocalAwsError(OperationFailed):
    """The local AWS did not start; the message ends with the tail of its log."""


class LocalAws:
    """A fresh local AWS inside a ``with`` block. It ends with the block, and with this process however that dies.

    ``organization`` is the organisation above its accounts, as AWS's answers (``crossaccount.iam.organizations``). Its
    control policies, and those that the run attaches, limit all callers but the roots of accounts.
    """

    def __init__(self, *, log_dir: Path | None = None, organization: Mapping[str, Any] | None = None) -> None:
        self._log_dir = log_dir
        self._organization = organization
        self._keep = False
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._log_path: Path | None = None
        self._data = ""
        self._functions = ""
        self._secret = secrets.token_bytes(32)

    @property
    def gateway(self) -> Gateway:
        """Where it answers, with the secret of this run."""
        return Gateway(self.endpoint, self._secret)

    @property
    def endpoint(self) -> str:
        """``http://127.0.0.1:PORT``."""
        if not self._port:
            raise LocalAwsError("the local AWS is not running: use it as a context manager")
        return f"http://127.0.0.1:{self._port}"

    @property
    def log_path(self) -> Path:
        """The server's log. It goes with the run, unless it is in a folder of the caller's."""
        if self._log_path is None:
            raise LocalAwsError("the local AWS has no log yet: use it as a context manager")
        return self._log_path

    @property
    def pid(self) -> int:
        """The server's process ID; its Lambda functions are in the process group of the same number."""
        if self._process is None:
            raise LocalAwsError("the local AWS is not running: use it as a context manager")
        return self._process.pid

    def session(self, account_id: str, *, region: str = "us-east-1") -> Aws:
        """The root of an account. Every account exists."""
        return Aws(self.endpoint, self.gateway.root(account_id), region)

    @contextmanager
    def at(self, moment: datetime | None) -> Iterator[None]:
        """Evaluate date conditions at ``moment`` within the block; None for the present time."""
        if moment is None:
            yield
            return
        self._set_time(moment.isoformat())
        try:
            yield
        finally:
            self._set_time("now")

    def _set_time(self, text: str) -> None:
        with self.session(_ANY_ACCOUNT) as root:

            def add_header(request: Any, **_: object) -> None:
                request.headers[TIME_HEADER] = text

            root.sts.meta.events.register("before-sign.sts.GetCallerIdentity", add_header)
            root.sts.get_caller_identity()

    def keep(self) -> None:
        """Leave it running after the block and after this process. ``kill PID`` ends it."""
        self._keep = True

    def __enter__(self) -> LocalAws:
        if os.name == "nt":
            raise LocalAwsError("the local AWS runs on Linux and macOS, not on Windows; use WSL, or a container")
        self._data = tempfile.mkdtemp(prefix="local-aws-")
        self._functions = make_folder_for_functions()
        ours, theirs = socket.socketpair()
        try:
            self._log_path = _new_log(self._log_dir or Path(self._data))
            with theirs:
                self._process = _start(theirs, self._log_path, [self._data, self._functions, self._organization_file()])
            self._control = ours
            # Neither an argument nor a variable: those can be read by others, or are handed on.
            with suppress(OSError):  # a child that has ended already is seen below
                ours.sendall(f"secret {self._secret.hex()}\n".encode())
            prepare()
            self._port = _wait_until_ready(ours, self._process, self._log_path)
        except BaseException:
            self._control = ours
            self._stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        if self._keep and self._control is not None and self._process is not None:
            self._control.sendall(b"keep\n")
            self._control.close()
            # It outlives us on purpose: without a return code Popen would warn of a running child.
            self._process.returncode = 0
        else:
            self._stop()

    def _organization_file(self) -> str:
        """The file with the organisation, for the child; empty if there is none."""
        if self._organization is None:
            return ""
        file = Path(self._data) / "organization.json"
        file.write_text(json.dumps(self._organization), encoding="utf-8")
        return str(file)

    def _stop(self) -> None:
        """End the server and every process it started, and collect it."""
        if self._control is not None:
            with suppress(OSError):
                self._control.sendall(b"stop\n")
            self._control.close()
            self._control = None
        if self._process is not None:
            self._end_process(self._process)
        for folder in (self._data, self._functions):
            shutil.rmtree(folder, ignore_errors=True)

    def _end_process(self, process: subprocess.Popen[bytes]) -> None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._port = 0


def _new_log(log_dir: Path) -> Path:
    log_dir.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="local-aws-", suffix=".log", dir=log_dir)
    os.close(handle)
    return Path(name)


def _start(control: socket.socket, log_path: Path, given: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the process, which is ``given`` its two folders and the file of its organisation."""
    data, functions = given[:2]
    with log_path.open("ab") as log:
        return subprocess.Popen(
            # -P: a module of the user's working folder must not stand in for one of ours.
            [sys.executable, "-P", "-m", "crossaccount.local.serve", str(control.fileno()), *given],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(data, functions),
            cwd=data,
            pass_fds=(control.fileno(),),
            # A group of its own: Ctrl-C in the terminal is for us, and its Lambda functions can be ended with it.
            start_new_session=True,
        )


def _environment(data: str, functions: str) -> dict[str, str]:
    """The child's whole environment. The variables are MiniStack's documented ones."""
    root = str(Path(__file__).resolve().parents[2])
    search = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "HOME": data,
        # Where MiniStack makes the folders of Lambda functions.
        "TMPDIR": functions,
        "PYTHONPATH": os.pathsep.join(search),
        "PYTHONUNBUFFERED": "1",
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "LOG_LEVEL": "WARNING",
        "PERSIST_STATE": "0",
        "STATE_DIR": f"{data}/state",
        "S3_PERSIST": "0",
        "S3_DATA_DIR": f"{data}/s3",
        # Fixed ports, which two at once would fight for, and a Docker daemon, whose containers it would clean up.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{data}/no-docker.sock",
        "LAMBDA_EXECUTOR": "local",
    }


def _wait_until_ready(control: socket.socket, process: subprocess.Popen[bytes], log_path: Path) -> int:
    """The port, once the child has said ``ready PORT``."""
    deadline = time.monotonic() + START_SECONDS
    received = b""
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while not received.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise LocalAwsError(f"the local AWS was not ready within {START_SECONDS:.0f} s\n{_tail(log_path)}")
            chunk = control.recv(64)
            if not chunk:
                process.wait()
                raise LocalAwsError(f"the local AWS ended while starting\n{_tail(log_path)}")
            received += chunk
    return int(received.split()[1])


def _tail(log_path: Path) -> str:
    lines = log_path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
    return "\n".join([f"{log_path} ends with:", *lines])
