"""Whose a lock is, and whether its owner can still be there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from crossaccount.engine.failures import Lock, locks_in, this_host

SINCE = "2026-11-22T08:34:06Z"


@pytest.fixture
def ended() -> int:
    """The number of a process that is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_clis_message_names_every_lock() -> None:
    text = (
        "the stack is currently locked by 2 lock(s). Either wait …\n"
        f"  s3://state/.pulumi/locks/a.json: created by deploy@runner-17 (pid 12) at {SINCE}\n"
        f"  s3://state/.pulumi/locks/b.json: created by kim@laptop.local (pid 7) at {SINCE}"
    )
    assert locks_in(text) == (Lock("deploy", "runner-17", 12, SINCE), Lock("kim", "laptop.local", 7, SINCE))


def test_a_lock_is_stale_when_its_process_on_this_machine_is_gone(ended: int) -> None:
    lock = Lock("kim", this_host(), ended, SINCE)
    assert lock.is_stale()
    assert "a process that is gone" in lock.held()
    assert lock.fix("auth") == "repair it: crossaccount up auth --recover"


def test_a_number_that_another_program_has_by_now_holds_nothing() -> None:
    other = subprocess.Popen([sys.executable, "-c", "print(flush=True); import time; time.sleep(30)"], stdout=-1)
    try:
        assert other.stdout is not None
        other.stdout.readline()  # it is the program that it says, not yet a copy of this one
        assert Lock("kim", this_host(), other.pid, SINCE).is_stale()
    finally:
        other.kill()
        other.communicate()


def test_a_process_that_may_be_pulumi_holds_its_lock() -> None:
    command = [sys.executable, "-c", "import time; time.sleep(30)", "pulumi"]
    process = subprocess.Popen(command)
    try:
        lock = Lock("kim", this_host(), process.pid, SINCE)
        assert not lock.is_stale()
        assert f"kill -INT {process.pid}" in lock.fix("auth")
        assert lock.held() == f"held by kim@{this_host()}, process {process.pid}, since {SINCE}"
    finally:
        process.kill()
        process.wait()


def test_another_machines_lock_is_stale_only_when_a_person_says_that_the_machine_is_gone() -> None:
    lock = Lock("deploy", "runner-17", os.getpid(), SINCE)
    assert not lock.is_stale()
    assert not lock.is_stale(gone=["runner-18"])
    assert lock.is_stale(gone=["runner-17"])
    assert "crossaccount up auth --recover --gone runner-17" in lock.fix("auth")
