"""The files that decide what a program of the project's own does: all of its folder, whatever their kind.

A program may import a module, a compiled one or one in a zip file; a ``.pth`` file may add folders; and any other file
may be data that it reads. The command cannot tell which, so each file counts, and so does the file or folder that a
link leads to. Three kinds are left out: Git's own folder, which no commit can contain; compiled files in
``__pycache__``, which programs started from here never use (:func:`compiled_apart`); and files that the caller names,
such as states and the command's own output.

Sources: https://docs.python.org/3/library/site.html, https://docs.python.org/3/reference/import.html and
https://docs.python.org/3/using/cmdline.html#envvar-PYTHONPYCACHEPREFIX
"""

from __future__ import annotations

import atexit
import hashlib
import os
import stat
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings import SettingsError
from crossaccount.settings.input_files import read_bytes

MAX_FILES = 200_000
"""A link may lead to a whole file system."""
GIT = ".git"
CACHE = "__pycache__"
MODULES = (".py", ".pyc", ".so", ".pyd")
_PIPS = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "wheel")
"""Packages that pip consists of or imports if they are there."""
_NOT_COMPARED = (1).to_bytes(4, "little")
"""The flags of a compiled module that is found by its hash and never compared with its source."""
_LOCK = ".#"
"""The beginning of the name of a link that an editor makes while a file is open. The link leads nowhere."""
_OF_CLI = (b"encryptionsalt:", b"secretsprovider:", b"encryptedkey:")
"""Lines that the CLI adds to a stack's file while a job runs."""
_SETTLED_NS = 2_000_000_000
"""The age after which a file's time is enough to notice a change."""


@dataclass
class ProgramFiles:
    """The files of the project in ``root`` and of its program in ``directory``, but those under ``apart``."""

    root: Path
    directory: Path
    apart: Collection[Path] = ()
    _known: set[tuple[int, int]] = field(default_factory=set, init=False, repr=False)
    _count: int = field(default=0, init=False, repr=False)

    def digest(self) -> str:
        """SHA-256 of their names and contents.

        Raises:
            SettingsError: one cannot be read or is no regular file, a link leads to a folder that contains the
                project, or there are more than ``MAX_FILES``.
        """
        whole = hashlib.sha256()
        self._known.clear()
        self._count = 0
        for name, content in self._entries():
            whole.update(os.fsencode(name) + b"\0" + content + b"\0")
        return whole.hexdigest()

    def _entries(self) -> Iterator[tuple[str, bytes]]:
        left_out = {os.path.realpath(each) for each in self.apart} | set(_written_now())
        for start in dict.fromkeys((self.root, self.directory)):
            yield from self._folder(os.path.realpath(start), os.path.relpath(start, self.root), left_out)

    def _folder(self, folder: str, name: str, left_out: set[str]) -> Iterator[tuple[str, bytes]]:
        found = _identity(os.stat(folder))
        if found in self._known:
            return
        self._known.add(found)
        try:
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=lambda each: each.name)
        except OSError as error:
            raise _refused(name, f"cannot be read ({error.strerror})", "check its permissions") from None
        for entry in entries:
            if entry.name != GIT and entry.path not in left_out:
                yield from self._entry(entry, entry.name if name == "." else f"{name}/{entry.name}", left_out)

    def _entry(self, entry: os.DirEntry[str], name: str, left_out: set[str]) -> Iterator[tuple[str, bytes]]:
        self._count += 1
        if self._count > MAX_FILES:
            fix = "move what the program does not need out of it"
            raise _refused(name, f"the project's folder has more than {MAX_FILES} files", fix)
        if entry.is_symlink():
            if not os.path.exists(entry.path):
                if not entry.name.startswith(_LOCK):
                    yield name, b"-> " + os.fsencode(os.readlink(entry.path))
                return
            yield name, b"-> " + os.fsencode(os.readlink(entry.path))
        if entry.is_dir():
            if entry.is_symlink() and self._contains_all(entry.path):
                what = "leads to a folder that contains the project, all of which its program may read"
                raise _refused(name, what, "remove the link, or let it lead to the folder that the program needs")
            yield from self._folder(os.path.realpath(entry.path), name, left_out)
        elif not is_kept_by_python(entry.path):
            yield name, _content(entry, name)

    def _contains_all(self, folder: str) -> bool:
        above = Path(os.path.realpath(folder))
        return all(each != above and each.is_relative_to(above) for each in (self.root, self.directory))


def is_kept_by_python(file: str | Path) -> bool:
    """Whether a file is Python's compiled form of a source next to it, which Python compares at each import.

    An unchecked compiled file (PEP 552) is imported even if the source differs, so it counts as code of its own.
    """
    folder, name = os.path.split(file)
    if os.path.basename(folder) != CACHE or not name.endswith(".pyc"):
        return False
    if not os.path.isfile(os.path.join(os.path.dirname(folder), f"{name.partition('.')[0]}.py")):
        return False
    try:
        with open(file, "rb", opener=_without_waiting) as opened:
            return opened.read(8)[4:] != _NOT_COMPARED
    except OSError:
        return False


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def modules_before_pips(folder: Path, more: Collection[str] = ()) -> list[str]:
    """The files and packages of a folder that ``python -m pip`` would import if the folder were first on its path.

    ``more`` are further names of modules.
    """
    wanted = {*sys.stdlib_module_names, *_PIPS, *more}
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []
    return [
        each.name
        for each in entries
        if each.name.partition(".")[0] in wanted and (is_module(each) or any(map(is_module, each.glob("__init__.*"))))
    ]


def is_module(path: Path) -> bool:
    """Whether a file is an importable module, in source or compiled form."""
    return path.suffix in MODULES and path.exists() and not path.is_dir()


@cache
def compiled_apart() -> dict[str, str]:
    """The variable that makes Python keep its compiled files in a folder of this process, and use no others.

    A compiled file in ``__pycache__`` may hold other code than its source: Python compares a time and a size or, if the
    file says so, nothing. Of Python 3.8 on.
    """
    folder = tempfile.TemporaryDirectory(prefix="crossaccount-compiled-")
    atexit.register(folder.cleanup)
    return {"PYTHONPYCACHEPREFIX": folder.name}


def _content(entry: os.DirEntry[str], name: str) -> bytes:
    """SHA-256 of a file; of a stack's, without what the CLI adds."""
    if name.startswith("Pulumi.") and name.endswith(".yaml") and "/" not in name:
        lines = read_bytes(Path(entry.path), name).splitlines(keepends=True)
        return hashlib.sha256(b"".join(each for each in lines if not each.startswith(_OF_CLI))).digest()
    now = entry.stat()
    if not stat.S_ISREG(now.st_mode) or abs(time.time_ns() - now.st_ctime_ns) < _SETTLED_NS:
        return _hashed(entry.path, name)
    return _hashed_once(entry.path, name, (*_identity(now), now.st_size, now.st_mtime_ns, now.st_ctime_ns))


def _hashed(path: str, name: str) -> bytes:
    return hashlib.sha256(read_bytes(Path(path), name)).digest()


@cache
def _hashed_once(path: str, name: str, state: tuple[int, ...]) -> bytes:
    del state
    return _hashed(path, name)


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _written_now() -> Iterable[str]:
    """The files that this command's output is written to."""
    for descriptor in (1, 2):
        link = f"/dev/fd/{descriptor}"
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                yield os.path.realpath(link)
        except OSError:
            continue


def _refused(name: str, what: str, fix: str) -> SettingsError:
    return SettingsError([Problem(name, what, NOT_GIVEN, fix)])
