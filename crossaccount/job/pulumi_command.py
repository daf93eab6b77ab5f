"""The pulumi CLI as child processes that can be asked to stop.

Each runs in a session of its own, so that a Ctrl-C on the terminal reaches only the job, which then asks the children
once: on one SIGINT the CLI finishes the operation it is in, writes its state and releases its lock; a second would
make it give up at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from typing import IO, Any

from pulumi import automation
from pulumi.automation._cmd import OnOutput
from pulumi.automation.errors import create_command_error


class StoppableCommand(automation.PulumiCommand):
    """``PulumiCommand`` that keeps hold of what it started."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self.stopping = False

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
        process = self._start([self.command, "--non-interactive", *args], cwd, additional_env)
        said: dict[str, list[str]] = {"stdout": [], "stderr": []}
        readers = [
            threading.Thread(target=_read, args=(process.stdout, on_output, said["stdout"])),
            threading.Thread(target=_read, args=(process.stderr, on_error, said["stderr"])),
        ]
        try:
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()
            code = process.wait()
        finally:
            with self._lock:
                self._running.discard(process)
        result = automation.CommandResult("\n".join(said["stdout"]), "\n".join(said["stderr"]), code)
        if code != 0:
            raise create_command_error(result)
        return result

    def interrupt(self) -> None:
        """Ask everything that runs to stop, and let nothing new begin."""
        with self._lock:
            self.stopping = True
            for process in self._running:
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)

    def _start(self, command: list[str], cwd: str, additional: Mapping[str, str]) -> subprocess.Popen[str]:
        environment = {**os.environ, **additional, "PULUMI_AUTOMATION_API": "true"}
        with self._lock:
            if self.stopping:
                raise InterruptedError
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
            self._running.add(process)
            return process


def _read(stream: IO[str], callback: Any, chunks: list[str]) -> None:
    for line in stream:
        stripped = line.rstrip()
        if callback:
            callback(stripped)
        chunks.append(stripped)
    stream.close()
