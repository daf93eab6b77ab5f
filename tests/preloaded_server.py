"""The process behind :mod:`tests.preloaded`: a Python program that is imported once, and forked for each call.

Run as ``python preloaded_server.py SOCKET MAIN PRELOADED…``: ``SOCKET`` is the path to listen at, ``MAIN`` is
``module:function``. What is ``PRELOADED`` is a module, or a function of one that is called, before anything is served.
It ends when its stdin does.

What the program's import keeps of its home (``~/.aws/cli/cache``) is below ``HOME``, which is the caller's home in each
call. It knows the standard library alone: the interpreter is the program's own, and has no other package of ours.
"""

from __future__ import annotations

import array
import gc
import importlib
import marshal
import os
import select
import socket
import sys
import time
from contextlib import suppress
from typing import Any

HOME_FILE = 99
HOME = f"/proc/self/fd/{HOME_FILE}"


def main() -> None:
    """Import the program, then serve until whoever started this is gone."""
    path, program, *preloaded = sys.argv[1:]
    _live_in(os.path.dirname(path))
    os.environ["HOME"] = HOME
    before = dict(os.environ)
    run = _function(program)
    for each in preloaded:
        _function(each)() if ":" in each else importlib.import_module(each)
    # What the program's import sets in its environment, every call has as well.
    own = {key: value for key, value in os.environ.items() if before.get(key) != value}
    # Objects that all forks share are not visited by their collectors, which would copy their pages.
    gc.collect()
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    print("ready", flush=True)
    while True:
        _collect()
        readable, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in readable:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _serve(connection, run, own)
        connection.close()


def _collect() -> None:
    """Forget calls that have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _live_in(folder: str) -> None:
    """From now on, ``folder`` is what is at ``HOME``."""
    opened = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    os.dup2(opened, HOME_FILE, inheritable=False)
    os.close(opened)


def _function(name: str) -> Any:
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def _serve(connection: socket.socket, run: Any, own: dict[str, str]) -> None:
    """Be the program for one call; the caller reads the exit code. The process ends here."""
    size, files = _header(connection)
    with connection.makefile("rb") as stream:
        folder, arguments, environment = marshal.loads(stream.read(size))
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    _live_in(environment["HOME"])
    os.environ.clear()
    os.environ.update({**own, **environment})
    time.tzset()
    sys.argv = arguments
    code: object = 1
    try:
        code = run()
    except SystemExit as stopped:
        code = stopped.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
    if isinstance(code, str):
        print(code, file=sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    number = code if isinstance(code, int) else int(code is not None)
    connection.sendall(str(number).encode())
    os._exit(number & 0xFF)


def _header(connection: socket.socket) -> tuple[int, list[int]]:
    """The size of the request, and the caller's stdin, stdout and stderr."""
    files = array.array("i")
    data, ancillary, _, _ = connection.recvmsg(8, socket.CMSG_SPACE(3 * files.itemsize))
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            files.frombytes(content[: len(content) - len(content) % files.itemsize])
    return int.from_bytes(data, "big"), list(files)


if __name__ == "__main__":
    main()
