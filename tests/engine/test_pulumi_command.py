"""How the job's CLIs are started and stopped, with a program that plays the CLI."""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from pathlib import Path

import pytest
from pulumi import automation

from crossaccount.engine import pulumi_cli
from crossaccount.engine.pulumi_cli import StoppableCommand

PLAYED = f"""#!{sys.executable}
import os, pathlib, signal, sys, time
if "version" in sys.argv:
    print("v3.260.0")
    sys.exit()
seen = pathlib.Path(sys.argv[-1])
def count(*_):
    seen.write_text(seen.read_text() + "SIGINT ")
    if "stubborn" not in sys.argv:
        print("update canceled", file=sys.stderr)
        sys.exit(255)
signal.signal(signal.SIGINT, count)
seen.write_text(f"{{os.getpgrp()}} ")
while "fails" not in sys.argv:
    time.sleep(0.02)
print("what it says")
print("error: no", file=sys.stderr)
sys.exit(3)
"""
WAIT_SECONDS = 30


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoppableCommand:
    program = tmp_path / "pulumi"
    program.write_text(PLAYED)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return StoppableCommand()


class Running:
    """One CLI, run in a thread."""

    def __init__(self, command: StoppableCommand, seen: Path, *arguments: str) -> None:
        self.error: BaseException | None = None
        self._seen = seen
        self._arguments = [*arguments, str(seen)]
        self._thread = threading.Thread(target=self._run, args=(command,))
        self._thread.start()
        until = time.monotonic() + WAIT_SECONDS
        while not (seen.exists() and seen.read_text()):
            assert time.monotonic() < until
            time.sleep(0.01)

    def end(self) -> str:
        """What it has seen, once it has ended."""
        self._thread.join(WAIT_SECONDS)
        assert not self._thread.is_alive()
        return self._seen.read_text()

    def _run(self, command: StoppableCommand) -> None:
        try:
            command.run(self._arguments, ".", {})
        except automation.CommandError as error:
            self.error = error


def test_what_it_says_is_in_the_error(command: StoppableCommand, tmp_path: Path) -> None:
    with pytest.raises(automation.CommandError) as failed:
        command.run(["fails", str(tmp_path / "seen")], ".", {})
    assert "code: 3" in str(failed.value)
    assert "what it says" in str(failed.value)
    assert "error: no" in str(failed.value)


def test_it_is_asked_once_and_is_out_of_the_terminals_reach(command: StoppableCommand, tmp_path: Path) -> None:
    running = Running(command, tmp_path / "seen")
    command.interrupt()
    group, *signals = running.end().split()
    assert int(group) != os.getpgrp()
    assert signals == ["SIGINT"]
    assert "update canceled" in str(running.error)


def test_nothing_begins_once_it_is_asked_to_stop(command: StoppableCommand, tmp_path: Path) -> None:
    command.interrupt()
    with pytest.raises(InterruptedError):
        command.run(["up", str(tmp_path / "seen")], ".", {})
    assert not (tmp_path / "seen").exists()


def test_one_stack_is_asked_once_however_often_it_is_to_end(
    command: StoppableCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulumi_cli, "DYING_SECONDS", 0.3)
    running = Running(command, tmp_path / "seen", "stubborn", "--stack", "auth")
    other = Running(command, tmp_path / "other", "--stack", "workload")
    for _ in range(3):
        command.end("auth")
        time.sleep(0.1)
    command.interrupt()
    assert other.end().split()[1:] == ["SIGINT"]
    time.sleep(0.2)
    assert (tmp_path / "seen").read_text().split()[1:] == ["SIGINT"]
    command.interrupt()
    assert running.end().split()[1:] == ["SIGINT", "SIGINT"]


def test_given_up_it_is_asked_once_more_and_then_killed(
    command: StoppableCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulumi_cli, "DYING_SECONDS", 0.3)
    running = Running(command, tmp_path / "seen", "stubborn")
    command.interrupt()
    assert not command.given_up
    time.sleep(0.2)
    command.interrupt()
    assert running.end().split()[1:] == ["SIGINT", "SIGINT"]
    assert command.given_up
    assert "code: -9" in str(running.error)
