"""Files of the user's that a hand-off changes: whole or not at all, a backup first, then one rename. Mode 0600.

A link is followed: what it points at is changed, and stays where it is, with its owner. Two merges wait for each other.
What somebody else appends in the meantime is seen before the rename, or in the old file after it, and merged as well.
"""

from __future__ import annotations

import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from crossaccount.handoff.aws_config import merged
from crossaccount.handoff.credentials import ROLES_ANYWHERE, permission_set
from crossaccount.handoff.entry import HandedOut, HandoffError
from crossaccount.handoff.kinds.aws_profiles import CONFIG, GRANTED, INDEX, PROFILES
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import MEBIBYTE, read_bytes

MODE = 0o600
MAX_SIZE = 16 * MEBIBYTE
WAIT_SECONDS = 30.0
SETTLE_SECONDS = 0.02
"""How long after a rename the old file is looked at once more: an append that was under way ends within it."""


def merge_profiles(handed: HandedOut, file: Path, now: datetime) -> Path | None:
    """Merge the profiles into ``file``; the backup's name, if one was needed.

    Raises:
        HandoffError: other profiles have names of ours, the file cannot be read or written, or a profile would have a
            placeholder.
    """
    own = [entry for entry in handed.entries if not (entry.through or entry.own_source)]
    people = any(permission_set(entry.role if entry.is_own else entry.principal) for entry in own)
    machines = [entry for entry in own if ROLES_ANYWHERE in entry.services]
    anchors = all(entry.trust_anchor for entry in machines)
    missing = handed.given.missing(identity_center=people, roles_anywhere=bool(machines), anchors=anchors)
    if lacking := list(missing):
        raise HandoffError(lacking)
    return change_text(file, lambda text: merged(text, PROFILES.sections(handed), handed, str(file)), now)


def write_granted(handed: HandedOut, folder: Path, now: datetime) -> None:
    """Write the registry into ``folder``, merging its config as any other.

    Raises:
        HandoffError: there is a ``granted.yml`` that does not name our config, or a file cannot be read or written.
    """
    index = folder / INDEX
    wanted = GRANTED.files(handed)[INDEX]
    current = _decoded(_content(_target(index), index))
    if current and CONFIG not in current:
        fix = f"add ./{CONFIG} to its awsConfig, or choose another folder"
        raise HandoffError([Problem(str(index), f"does not name ./{CONFIG}", NOT_GIVEN, fix)])
    merge_profiles(handed, folder / CONFIG, now)
    change_text(index, lambda text: text or wanted, now)


def change_text(file: Path, change: Callable[[str], str], now: datetime) -> Path | None:
    """Write what ``change`` makes of the file's text (empty where there is no file).

    The backup's name, or None where there was no file or nothing has changed. Any bytes that ``change`` leaves alone
    survive. ``change`` is called again where the file was changed by somebody else in the meantime.

    Raises:
        HandoffError: the file is no regular one, or cannot be read or written; it is as it was.
    """
    target = _target(file)
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(target.parent, file):
            return _changed(target, file, change, now)
    except OSError as error:
        raise _refused(file, f"cannot be written ({error.strerror})", "check its permissions") from None


def _changed(target: Path, file: Path, change: Callable[[str], str], now: datetime) -> Path | None:
    backup: Path | None = None
    late: Callable[[bytes], bytes] | None = None
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        before = _content(target, file)
        base = late(before or b"") if late else before
        text = change(_decoded(base)).encode("utf-8", "surrogateescape")
        if text == before:
            os.chmod(target, MODE)
            return backup
        with _temporary_file(target, text, before is not None) as new:
            if _content(target, file) != before:
                continue
            if before is not None:
                backup = backup or _free(target.with_name(f"{target.name}.{now:%Y%m%dT%H%M%S}.backup"))
                with _temporary_file(backup, before, True, owner_of=target) as copy:
                    os.replace(copy, backup)
            old = os.open(target, os.O_RDONLY) if before is not None else None
            try:
                _put(new, target, before is None)
                late = _late(old, before or b"")
            except FileExistsError:
                continue
            finally:
                if old is not None:
                    os.close(old)
        if late is None:
            return backup
    raise _refused(file, "is changed again and again by another program", "stop the other program, and try again")


def _put(new: str, target: Path, is_new: bool) -> None:
    """Give the new file its name; where there was none before, none that has come since is replaced."""
    if not is_new:
        os.replace(new, target)
        return
    try:
        os.link(new, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        os.rename(new, target)


def _late(old: int | None, before: bytes) -> Callable[[bytes], bytes] | None:
    """The new file's text if another program wrote into the old one after it was read; else None."""
    if old is None:
        return None
    time.sleep(SETTLE_SECONDS)
    content = os.pread(old, MAX_SIZE, 0)
    if content == before or not content:
        return None
    if content.startswith(before):
        return lambda current: current + content[len(before) :]
    return lambda _: content


@contextmanager
def _alone(folder: Path, file: Path) -> Iterator[None]:
    """Hold the folder's lock. It ends with the process, so no lock file can be left behind."""
    try:
        import fcntl
    except ImportError:
        fix = "hand out without --merge, and put the text into the file yourself"
        raise _refused(file, "this system has no locks of folders, and two merges could lose an entry", fix) from None
    held = os.open(folder, os.O_RDONLY)
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise _refused(file, "another merge holds its folder's lock", "wait for it to end") from None
                time.sleep(0.01)
        yield
    finally:
        os.close(held)


@contextmanager
def _temporary_file(target: Path, text: bytes, kept: bool, owner_of: Path | None = None) -> Iterator[str]:
    """A new file in the folder of ``target``, on the disk, with its owner if there was one; gone afterwards."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, MODE)
        if kept:
            was = os.stat(owner_of or target)
            now = os.stat(name)
            if (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
                os.chown(name, was.st_uid, was.st_gid)
        yield name
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


def _target(file: Path) -> Path:
    """The file that is meant, behind ``~`` and links; there need not be one yet."""
    full = os.path.expanduser(file)
    if str(file).startswith("~") and full == str(file):
        raise _refused(file, "there is no such user", "write the path in full")
    try:
        found = Path(os.path.realpath(full))
        if not stat.S_ISREG(os.stat(found).st_mode):
            _content(found, file)  # the message has the reason
    except FileNotFoundError:
        return found
    except (OSError, ValueError) as error:
        what = f"cannot be read ({error.strerror})" if isinstance(error, OSError) else "is not the name of a file"
        raise _refused(file, what, "correct the path") from None
    return found


def _content(target: Path, file: Path) -> bytes | None:
    """The content of a file; None if there is no file."""
    if not os.path.lexists(target):
        return None
    try:
        return read_bytes(target, str(file), MAX_SIZE)
    except SettingsError as error:
        raise HandoffError(error.problems) from None


def _decoded(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "surrogateescape")


def _free(wanted: Path) -> Path:
    """A name that no file has: a backup is never overwritten."""
    found, number = wanted, 1
    while os.path.lexists(found):
        number += 1
        found = wanted.with_name(f"{wanted.name}{number}")
    return found


def _refused(file: Path, what: str, fix: str) -> HandoffError:
    return HandoffError([Problem(str(file), what, NOT_GIVEN, fix)])
