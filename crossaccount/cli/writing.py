"""Stdout that cannot be written: a full disk, a reader that went away, one that was closed from the start."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

FAILED = 1
_FIXES = {
    errno.ENOSPC: "make room, or write elsewhere",
    errno.EDQUOT: "make room, or write elsewhere",
    errno.EPIPE: "let the reader read to the end, or write to a file",
}
"""What stops a write, and nothing else that a command does without saying of which file."""


@contextmanager
def written_out() -> Iterator[None]:
    """Sees to it that all of stdout is written; else one line on stderr, and exit code 1.

    Where there is no stdout (``>&-``) nothing is begun: a change that nobody can read of is none to make.
    What is left in the buffer is given up: Python would try it once more at its exit, and fail in words of its own.
    """
    if sys.stdout is None:
        _stop(os.strerror(errno.EBADF), "leave it open, or send it to /dev/null")
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.errno not in _FIXES or error.filename is not None:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _stop(error.strerror, _FIXES[error.errno])


def _stop(got: str | None, fix: str) -> NoReturn:
    print(f'stdout: cannot be written, got "{got}"; {fix}', file=sys.stderr)
    sys.exit(FAILED)
