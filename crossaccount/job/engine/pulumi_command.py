"""The pulumi CLI as child processes that can be asked to stop.

Each runs in a session of its own, so that a Ctrl-C on the terminal reaches only the job, which then asks the children
once: on one SIGINT the CLI finishes the operation it is in, writes its state and releases its lock; a second would
make it give up at once.

What they print goes into files, not pipes: a CLI whose job was killed would die of its first word into a broken pipe,
with the lock held and what it was just making unrecorded. So it finds the program gone, and ends in good order.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from typing import IO

from pulumi import automation
from pulumi.automation._cmd import OnOutput
from pulumi.automation.errors import create_command_error

DYING_SECONDS = 10.0


class StoppableCommand(automation.PulumiCommand):
    """``PulumiCommand`` that keeps hold of what it started."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self.stopping = False
        self.given_up = False

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> automation.CommandResult:
        """See ``pulumi.automation.PulumiCommand.run``.

        Raises:
            automation.CommandError: or one of its kinds: the command failed.
        """
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            process = self._start([self.command, "--non-interactive", *args], cwd, additional_env, stdout, stderr)
            try:
                code = process.wait()
            except KeyboardInterrupt:
                process.send_signal(signal.SIGINT)
                raise
            finally:
                with self._lock:
                    self._running.discard(process)
            result = automation.CommandResult(_said(stdout, on_output), _said(stderr, on_error), code)
        if code != 0:
            raise create_command_error(result)
        return result

    def interrupt(self) -> None:
        """Ask everything that runs to stop, and let nothing new begin. Asked again: give it up.

        Once given up, the CLI drops its operations and keeps a note of them in the state; if it does not even do that
        within ``DYING_SECONDS``, it is killed, and its lock stays.
        """
        with self._lock:
            self.given_up, self.stopping = self.stopping, True
            for process in self._running:
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
        if self.given_up:
            killing = threading.Timer(DYING_SECONDS, self._kill)
            killing.daemon = True
            killing.start()

    def _kill(self) -> None:
        with self._lock:
            for process in self._running:
                if process.poll() is None:
                    process.kill()

    def _start(
        self, command: list[str], cwd: str, additional: Mapping[str, str], stdout: IO[bytes], stderr: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **additional, "PULUMI_AUTOMATION_API": "true"}
        with self._lock:
            if self.stopping:
                raise InterruptedError
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            self._running.add(process)
            return process


def _said(file: IO[bytes], callback: OnOutput | None) -> str:
    """What the CLI wrote; it goes to the callback once the CLI has ended: what a job shows comes by events."""
    file.seek(0)
    lines = [line.rstrip() for line in file.read().decode("utf-8", "replace").splitlines()]
    if callback:
        for line in lines:
            callback(line)
    return "\n".join(lines)
