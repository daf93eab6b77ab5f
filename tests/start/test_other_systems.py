"""What Windows lacks is said in one line, or done without; nothing of it is imported before it is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crossaccount.engine import failures
from crossaccount.handoff.config_file import change_text
from crossaccount.handoff.entry import HandoffError
from crossaccount.local.server import LocalAws, LocalAwsError
from tests.scenarios import ROOT

WITHOUT_UNIX = """
import signal, sys
for name in ("fcntl", "pwd", "grp", "termios", "resource"):
    sys.modules[name] = None
del signal.SIGHUP
import importlib, pkgutil
import crossaccount, crossaccount.components
for module in pkgutil.walk_packages(crossaccount.__path__, "crossaccount."):
    if not module.name.endswith(("__main__", ".local.serve", ".program_host")):
        importlib.import_module(module.name)
from crossaccount.job.running.stopping import SIGNALS
print([each.name for each in SIGNALS])
"""


def test_every_module_can_be_imported_where_there_is_no_unix() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_UNIX], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "['SIGINT', 'SIGTERM']", done.stderr


def test_a_local_aws_says_that_it_does_not_run_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "name", "nt")
    with pytest.raises(LocalAwsError, match="not on Windows; use WSL"), LocalAws():
        pass


def test_no_process_is_asked_whether_it_lives_where_that_would_interrupt_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, _: asked.append(pid))
    monkeypatch.setattr(sys, "platform", "win32")
    lock = failures.Lock("me", failures.this_host(), 4242, "2026-01-01T00:00:00Z")
    assert "gone" not in lock.held()
    assert asked == []


def test_a_merge_without_a_lock_is_refused_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config"
    file.write_text("[default]\n")
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(HandoffError, match="without --merge"):
        change_text(file, lambda content: content + "more", datetime.now(UTC))
    assert file.read_text() == "[default]\n"
