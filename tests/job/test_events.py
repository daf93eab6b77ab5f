"""Events in a file, and what becomes of a job whose file or screen is full."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from crossaccount.job.events import Event, Message, event_log, until_it_fails
from crossaccount.settings import SettingsError

SAID = Message(stack="auth", severity="info", text="Über")


def test_every_event_is_a_line_and_a_second_job_appends(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    for _ in range(2):
        with event_log(file, _never) as emit:
            emit(SAID)
            assert json.loads(file.read_text().splitlines()[-1])["text"] == "Über", "there as soon as it happens"
    assert [json.loads(line)["event"] for line in file.read_text().splitlines()] == ["message", "message"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_full_disk_is_reported_once_and_nothing_is_raised() -> None:
    complaints: list[str] = []
    with event_log(Path("/dev/full"), complaints.append) as emit:
        emit(SAID)
        emit(SAID)
    assert complaints == [
        "--log /dev/full: can no longer be written (No space left on device); the job goes on without it"
    ]


def test_a_file_that_cannot_be_opened_is_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"--log: cannot be opened \(No such file or directory\), got \"?none/log"):
        event_log(Path("none/log"), _never).__enter__()


def test_a_reader_that_went_away_is_reported_once() -> None:
    complaints: list[str] = []

    def gone(_: Event) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    emit = until_it_fails(gone, "stdout", complaints.append)
    emit(SAID)
    emit(SAID)
    assert complaints == ["stdout: can no longer be written (Broken pipe); the job goes on without it"]


def _never(text: str) -> None:
    raise AssertionError(text)


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    with pytest.raises(SettingsError, match=r"--log: cannot be opened"):
        event_log(tmp_path / "log", _never).__enter__()
