"""Events where they are kept or shown: a file of JSON lines, and takers that may fail without failing the job.

A full disk or a reader that went away must not stop what is half done in AWS. It is said once; the job goes on, and its
exit code is about its stacks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from crossaccount.escaping import json_text
from crossaccount.iam.problem import Problem
from crossaccount.job.events import Event, Tell
from crossaccount.settings import SettingsError

PRIVATE = 0o600


def surviving(tell: Tell, where: str, complain: Callable[[str], None]) -> Tell:
    """``tell``, until it fails for the first time, which is said to ``complain``."""
    lost = False

    def told(event: Event) -> None:
        nonlocal lost
        if lost:
            return
        try:
            tell(event)
        except OSError as error:
            lost = True
            complain(f"{where}: cannot be written any more ({error.strerror}); the job goes on without it")

    return told


@contextmanager
def event_log(file: Path, complain: Callable[[str], None]) -> Iterator[Tell]:
    """Appends events to ``file``, one line of JSON each, as they happen. It is for its owner only.

    Raises:
        SettingsError: the file cannot be opened; nothing has begun.
    """
    try:
        log = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE)
    except OSError as error:
        what = f"cannot be opened ({error.strerror})"
        raise SettingsError([Problem("--log", what, str(file), "name another file")]) from None

    def write(event: Event) -> None:
        # In one piece: two jobs may write to one file.
        os.write(log, f"{json_text(event.to_json())}\n".encode())

    try:
        yield surviving(write, f"--log {file}", complain)
    finally:
        os.close(log)
