"""Files from outside: read whole, within a size, and only if they are regular files.

A device or a FIFO could deliver for ever. So could a FIFO keep the command waiting: a file is opened without waiting,
and its kind is asked of the open file. A file that a config names has to be inside the folder of the project: a pull
request must not make us read, and show in an error, what else is on the machine.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from crossaccount.iam.json_text import JsonError, parse_json
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError

MEBIBYTE = 1024 * 1024
MAX_YAML = 16 * MEBIBYTE
MAX_JSON = 512 * MEBIBYTE
"""AWS's answer about an account with 5,000 roles has about 100 MiB."""
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


INSIDE = "must be relative to the folder of Pulumi.yaml, and inside it"


def leaves_folder(name: str) -> bool:
    """Whether the name of a file in a config leaves the project's folder; the problem is ``INSIDE``."""
    return Path(name).is_absolute() or ".." in Path(name).parts


def no_folder(where: str, name: object) -> Problem:
    """The problem of a config that names files, and is read without the folder of a project."""
    return Problem(where, "there is no folder to look in", name, "load the config with the folder of its Pulumi.yaml")


def read_bytes(path: Path, shown_as: str, limit: int = MAX_JSON, *, within: Path | None = None) -> bytes:
    """The content of a file; ``shown_as`` names it in errors. ``within`` is a folder that it must not leave by a link.

    Raises:
        SettingsError: there is no such file, it cannot be read, is no regular file, or has more than ``limit`` bytes.
    """
    if within is not None and (outside := outside_of(path, within)):
        raise _refused(shown_as, outside, "copy the file into the folder")
    try:
        opened = os.open(path, _OPEN)
    except ValueError:
        raise _refused(shown_as, "is not the name of a file (it has a NUL)", "correct the name") from None
    except OSError as error:
        if os.path.islink(path) and not os.path.exists(path):
            raise _refused(shown_as, "is a link to a file that does not exist", "correct the link") from None
        kind = _kind(path)
        if kind:
            raise _refused(shown_as, f"is {kind}, not a file", "name a regular file") from None
        what = f"cannot be read ({error.strerror})"
        raise _refused(shown_as, what, "check the path and its permissions") from None
    if kind := _kind(opened):
        os.close(opened)
        raise _refused(shown_as, f"is {kind}, not a file", "save its content to a regular file")
    with os.fdopen(opened, "rb") as file:
        try:
            content = file.read(limit + 1)
        except OSError as error:
            raise _refused(shown_as, f"cannot be read ({error.strerror})", "check the file") from None
    if len(content) > limit:
        what = f"has more than {limit // MEBIBYTE} MiB"
        raise _refused(shown_as, what, "divide it into several files")
    return content


def read_text(path: Path, shown_as: str, limit: int = MAX_YAML, *, within: Path | None = None) -> str:
    """The content of a UTF-8 file, without a byte order mark; line ends as they are. Errors as :func:`read_bytes`."""
    try:
        return read_bytes(path, shown_as, limit, within=within).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(shown_as, "is not UTF-8 text", "save it as UTF-8") from None


def read_json(path: Path, shown_as: str, *, within: Path | None = None) -> Any:
    """The value in a JSON file.

    Raises:
        SettingsError: as :func:`read_bytes`; or the file is not JSON, or goes beyond the limits.
    """
    try:
        return parse_json(read_text(path, shown_as, MAX_JSON, within=within))
    except JsonError as error:
        raise _refused(shown_as, str(error), "correct the file, or save it again") from None


def outside_of(path: Path, root: Path) -> str:
    """Why ``path`` leads out of the folder ``root``; empty where it does not. Git's own folder counts as outside."""
    try:
        inner = Path(os.path.realpath(path)).relative_to(os.path.realpath(root))
    except ValueError:
        is_link = Path(os.path.abspath(path)).is_relative_to(os.path.abspath(root))
        return "is a link that leads out of the project's folder" if is_link else "is outside of the project's folder"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "is in Git's own folder" if ".git" in inner.parts else ""


def _kind(file: Path | int) -> str:
    """What a file is where it is no regular one."""
    try:
        mode = os.stat(file).st_mode
    except (OSError, ValueError):
        return ""
    return "" if stat.S_ISREG(mode) else next((name for test, name in _KINDS if test(mode)), "no regular file")


def _refused(shown_as: str, what: str, fix: str) -> SettingsError:
    return SettingsError([Problem(shown_as, what, NOT_GIVEN, fix)])
