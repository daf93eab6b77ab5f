"""Confines processes that the local AWS starts, such as Lambda functions: no environment, no rights of root.

MiniStack runs a function as a local process of its own user, with its own environment. :func:`confine` replaces
``subprocess.Popen`` in the server's process, so that whatever starts a process there gets

- of the environment of the server only what a program needs to start (``_KEPT``), besides what it is given on purpose;
- where the server is root: user and group ``nobody``, no other groups, and for files only the folder that was made for
  it, which becomes its own (0700).

And the server's own port is the only one. For some functions MiniStack opens further ports that know no signatures (the
API of custom runtimes, IoT's MQTT on all addresses): callers there cannot be authenticated, so opening such a port
fails.

The interpreter may be where ``nobody`` cannot go, such as below ``/root``. Then the process inherits the interpreter's
folders as open directories and starts through ``/proc/self/fd``. It can go up from there, to whatever every user may
read. A server that is not root has no rights to give away:
its functions run as its own user. So they do where no folder for temporary files is open to ``nobody``.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pwd

_KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "GATEWAY_PORT")
_OPEN = "/proc/self/fd"
_PREFIX = "local-aws-functions-"
_PLACES = ("/tmp", "/var/tmp", "/dev/shm")


def nobody() -> pwd.struct_passwd | None:
    """The user of started processes; None if this process is not root, or if there is no such user."""
    import pwd  # not on Windows, where nothing of this is run

    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        return None


def make_folder_for_functions() -> str:
    """A fresh folder that the folders of functions are made in.

    The user of functions may go through it, and nobody but us may list or write it. It is where temporary files are, or
    where that user can get to it, if there is such a place.
    """
    user = nobody()
    usual = tempfile.gettempdir()
    if user is None:
        return tempfile.mkdtemp(prefix=_PREFIX)
    places = (place for place in (usual, *_PLACES) if _may_go(Path(place), user.pw_uid, user.pw_gid))
    folder = tempfile.mkdtemp(prefix=_PREFIX, dir=next(places, usual))
    os.chown(folder, os.geteuid(), user.pw_gid)
    os.chmod(folder, 0o710)
    return folder


def confine(functions: str) -> None:
    """Confine every process that this one starts from now on; ``functions`` is the folder that theirs are made in."""
    original: Any = subprocess.Popen
    user = nobody()
    if user is not None and not _may_go(Path(functions), user.pw_uid, user.pw_gid):
        user = None
    started: set[Path] = set()

    class Confined(original):  # type: ignore[misc]
        def __init__(self, args: Any, *more: Any, env: Mapping[str, str] | None = None, **options: Any) -> None:
            env = environment(env)
            if user is not None:
                _give_away(Path(functions), options.get("cwd"), user, started)
                args, env, options = _startable(args, env, options, user)
                options |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "umask": 0o077}
            super().__init__(args, *more, env=env, **options)

    subprocess.Popen = Confined  # type: ignore[assignment,misc]
    _open_no_port()


def _open_no_port() -> None:
    original = socket.socket.bind

    def bind(self: socket.socket, address: Any, /) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            raise PermissionError(errno.EACCES, "the local AWS opens no port besides its own")
        original(self, address)

    socket.socket.bind = bind  # type: ignore[assignment,method-assign]


def environment(given: Mapping[str, str] | None) -> dict[str, str]:
    """The environment of a process, without the variables of the server."""
    source = os.environ if given is None else given
    return {name: value for name, value in source.items() if name in _KEPT or os.environ.get(name) != value}


def _give_away(functions: Path, cwd: Any, user: pwd.struct_passwd, started: set[Path]) -> None:
    """Give a process its folder, once: later it may contain links of the process.

    Raises:
        PermissionError: the process would run somewhere else.
    """
    place = Path(os.path.realpath(cwd)) if cwd is not None else functions
    top = next((each for each in (place, *place.parents) if each.parent == functions), None)
    if top is None:
        raise PermissionError(f"a process of the local AWS runs in a folder below {functions}, got {place}")
    if top in started:
        return
    started.add(top)
    for _, folders, files, at in os.fwalk(top, follow_symlinks=False):
        for name in (*folders, *files):
            found = os.stat(name, dir_fd=at, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode) or found.st_nlink == 1:
                os.chown(name, user.pw_uid, user.pw_gid, dir_fd=at, follow_symlinks=False)
    os.chown(top, user.pw_uid, user.pw_gid)
    os.chmod(top, 0o700)


def _startable(
    args: Any, env: dict[str, str], options: dict[str, Any], user: pwd.struct_passwd
) -> tuple[Any, dict[str, str], dict[str, Any]]:
    """The call, so that ``user`` can start it: our own interpreter is reached through open directories if need be."""
    program = args if isinstance(args, (str, bytes, os.PathLike)) else args[0]
    found = shutil.which(os.fsdecode(program))
    ours = found is not None and os.path.realpath(found) == os.path.realpath(sys.executable)
    if not ours or not isinstance(args, (list, tuple)):
        return args, env, options
    needed = [sys.base_prefix, sysconfig.get_path("purelib")]
    if all(reachable(Path(each), user.pw_uid, user.pw_gid) for each in (sys.executable, *needed)):
        return args, env, options
    base, packages = (_opened(each) for each in needed)
    libraries = [f"{_OPEN}/{base}/lib", *filter(None, [env.get("LD_LIBRARY_PATH", "")])]
    env = {
        **env,
        "PYTHONHOME": f"{_OPEN}/{base}",
        "PYTHONPATH": os.pathsep.join(filter(None, [f"{_OPEN}/{packages}", env.get("PYTHONPATH", "")])),
        "LD_LIBRARY_PATH": os.pathsep.join(libraries),
    }
    inside = os.path.relpath(os.path.realpath(sys.executable), os.path.realpath(sys.base_prefix))
    options = {**options, "pass_fds": (*options.get("pass_fds", ()), base, packages)}
    return [f"{_OPEN}/{base}/{inside}", *args[1:]], env, options


@cache
def _opened(folder: str) -> int:
    """A folder, opened for looking things up in it."""
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)


def reachable(path: Path, uid: int, gid: int) -> bool:
    """Whether a user with one group can go through every folder to ``path``, links followed, and read it."""
    real = Path(os.path.realpath(path))
    return _may_go(path.parent, uid, gid) and _may_go(real.parent, uid, gid) and _may(real, uid, gid, 0o5)


def _may_go(folder: Path, uid: int, gid: int) -> bool:
    """Whether a user may go to a folder and through it."""
    real = Path(os.path.realpath(folder))
    return all(_may(each, uid, gid, 0o1) for each in {folder, *folder.parents, real, *real.parents})


def _may(path: Path, uid: int, gid: int, bits: int) -> bool:
    found = path.stat()
    shift = 6 if found.st_uid == uid else 3 if found.st_gid == gid else 0
    return (found.st_mode >> shift) & bits == bits
