"""A file of the user's, changed whole or not at all: a backup first, then one rename. Mode 0600.

A link is followed: what it points at is changed, and stays where it is.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from crossaccount.handoff.errors import HandoffError
from crossaccount.iam.problem import NOT_GIVEN, Problem

MODE = 0o600


def read_text(file: Path) -> str:
    """What the file has; empty where there is none. Any bytes survive :func:`replace_text`.

    Raises:
        HandoffError: it cannot be read.
    """
    try:
        return file.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise _refused(file, "cannot be read", error) from None


def replace_text(file: Path, text: str, now: datetime) -> Path | None:
    """Write ``text``; the backup's name, or None where there was no file or nothing has changed.

    Raises:
        HandoffError: it cannot be written; the file is as it was.
    """
    target = file.resolve()
    before = read_text(target) if target.exists() else None
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        backup = None
        if before is not None and before != text:
            backup = _free(target.with_name(f"{target.name}.{now:%Y%m%dT%H%M%S}.backup"))
            _write_whole(backup, before)
        if before != text:
            _write_whole(target, text)
        target.chmod(MODE)
    except OSError as error:
        raise _refused(file, "cannot be written", error) from None
    return backup


def _write_whole(target: Path, text: str) -> None:
    """A new file beside the target, on the disk before it takes the target's name."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, MODE)
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _free(wanted: Path) -> Path:
    """A name that no file has: a backup is never overwritten."""
    found, number = wanted, 1
    while found.exists():
        number += 1
        found = wanted.with_name(f"{wanted.name}{number}")
    return found


def _refused(file: Path, what: str, error: OSError) -> HandoffError:
    return HandoffError([Problem(str(file), f"{what} ({error.strerror})", NOT_GIVEN, "check its permissions")])
