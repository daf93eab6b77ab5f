"""How a command ends if it cannot go on: lines on stderr and an exit code, never a traceback.

:class:`failures_in_words` reports what a user can cause, :class:`JsonUsage` mistakes of usage, and :func:`written_out`
a stdout that cannot be written. Anything else is a bug of this program: :func:`fault_in_one_line` reports it in one
line, saves a report for the authors to a file, and ends with 70 (``EX_SOFTWARE``).
"""

from __future__ import annotations

import errno
import os
import platform
import re
import shlex
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from crossaccount import escaping
from crossaccount.cli.folding import folded
from crossaccount.cli.printing import guarded, print_json, raw, say, say_lines, terminal_width
from crossaccount.iam.problem import BadInput, OperationFailed

FAILED = 1
BAD_INPUT = 2
OUR_FAULT = 70
INTERRUPTED = 130

_AS_JSON = "crossaccount.as-json"
_WRITING_FIXES = {
    errno.ENOSPC: "free disk space, or write to another place",
    errno.EDQUOT: "free disk space, or write to another place",
    errno.EPIPE: "let the reader read to the end, or write to a file",
}
"""The errors of a write to a stream. All other operations of a command name their file."""
_SECRET_NAME = re.compile(r"SECRET|TOKEN|PASS|KEY|CREDENTIAL", re.IGNORECASE)
_USER_IN_URL = re.compile(r"(?<=://)[^/@\s]+(?=@)")
HIDDEN = "***"
SHORTEST_SECRET = 6
"""Characters. A shorter value is not a secret, and would match in every word."""


class failures_in_words:  # noqa: N801 (reads as a sentence where it is used)
    """Turns an error into its lines and an exit code; with ``as_json`` also into ``{"error": …}`` on stdout."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, (typer.Exit, KeyboardInterrupt)):
            return
        if isinstance(error, BadInput):
            stop(str(error), BAD_INPUT, self._as_json)
        if isinstance(error, OperationFailed):
            stop(str(error), FAILED, self._as_json)


def stop(message: str, code: int, as_json: bool) -> NoReturn:
    """Print what is wrong, and end with ``code``."""
    say_lines(message, err=True)
    if as_json:
        print_json({"error": message}, indent=None)
    raise typer.Exit(code)


class JsonUsage(TyperGroup):
    """The group of all commands: with ``--json`` a mistake is ``{"error": …}`` on stdout, and its lines on stderr."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the command line. All output passes the guard, also mistakes of usage."""
        with guarded():
            return super().main(*arguments, **options)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Remember whether ``--json`` is given; arguments after ``--`` are no options."""
        ctx.meta[_AS_JSON] = wants_json(args)
        with _usage_as_json(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; its own arguments are read here."""
        with _usage_as_json(ctx):
            return super().invoke(ctx)


def interrupted(stopped: KeyboardInterrupt) -> str:
    """The message about a command that a signal stopped; the signal's name is in the exception."""
    return f"interrupted by {stopped.args[0] if stopped.args else 'SIGINT'}"


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether the answer is to be JSON."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    by_format = any(pair == ("--format", "json") for pair in pairwise(own))
    return "--json" in own or "--format=json" in own or by_format


@contextmanager
def _usage_as_json(ctx: Any) -> Iterator[None]:
    try:
        yield
    except typer.Exit:
        raise
    except KeyboardInterrupt as stopped:  # typer prints nothing for it
        say(interrupted(stopped), err=True)
        raise typer.Exit(INTERRUPTED) from stopped
    except Exception as error:
        # The class is typer's own copy of click's in some versions: known by what it does.
        if hasattr(error, "format_message") and getattr(error, "exit_code", None) == BAD_INPUT:
            message = _plain(error.format_message())
            width = terminal_width(sys.stderr)
            shown = message if width is None else folded(message, width - len("Error: "))
            error.format_message = lambda: shown
            if ctx.meta[_AS_JSON]:
                print_json({"error": message}, indent=None)
        raise


def _plain(message: str) -> str:
    """Typer's message without pydantic's prefix, and with its choices on one line. Help stays as it is."""
    return message.replace("\n\t", " ").replace(": Value error, ", ": ")


@contextmanager
def written_out() -> Iterator[None]:
    """Ensures that all of stdout is written; else one line on stderr, and exit code 1.

    Without stdout (``>&-``) nothing starts: no change is made that cannot be reported.
    The rest of the buffer is dropped: Python would try to write it at exit, and fail with its own message.
    """
    if sys.stdout is None:
        _unwritten(os.strerror(errno.EBADF), "leave it open, or send it to /dev/null")
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.errno not in _WRITING_FIXES or error.filename is not None:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), raw(sys.stdout).fileno())
        _unwritten(error.strerror, _WRITING_FIXES[error.errno])


def _unwritten(got: str | None, fix: str) -> NoReturn:
    print(f'stdout: cannot be written, got "{got}"; {fix}', file=sys.stderr)
    sys.exit(FAILED)


@contextmanager
def fault_in_one_line(arguments: Sequence[str]) -> Iterator[None]:
    """The last line of defence: an unexpected error becomes one line, a report in a file, and exit code 70.

    A thread's error is reported the same way, and the command goes on: the code that waits for the thread notices.
    """
    before = threading.excepthook
    threading.excepthook = lambda failed: _report_fault(failed.exc_value, arguments)
    try:
        yield
    except Exception as error:
        # The current folder of a shell may be deleted; then no relative path can be resolved.
        gone = isinstance(error, FileNotFoundError) and not _has_folder()
        if gone:
            message = "the current folder: does not exist any more; change to another folder"
            say_lines(message, err=True)
        else:
            message = _report_fault(error, arguments)
        if wants_json(arguments):
            print_json({"error": message}, indent=None)
        sys.exit(BAD_INPUT if gone else OUR_FAULT)
    finally:
        threading.excepthook = before


def _has_folder() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def _report_fault(error: BaseException | None, arguments: Sequence[str]) -> str:
    if error is None or isinstance(error, SystemExit):
        return ""
    kept = _kept(report_of(error, arguments))
    command = next((each for each in arguments if not each.startswith("-")), "")
    where = f"crossaccount {command}".rstrip()
    summary = escaping.visible(without_secrets(f"{type(error).__name__}: {error}".rstrip(": ")))
    message = f"{where}: a fault of crossaccount itself, got {summary}; please report it with {kept}"
    say(message, err=True)
    return message


def report_of(error: BaseException, arguments: Sequence[str]) -> str:
    """The information to fix the bug: versions, the command line, the traceback. Without secrets."""
    from crossaccount import __version__

    lines = [
        f"crossaccount {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"$ crossaccount {shlex.join(map(without_secrets, _own(arguments)))}",
        "",
        "".join(traceback.format_exception(error)),
    ]
    return escaping.visible_lines(without_secrets("\n".join(lines)))


def _own(arguments: Sequence[str]) -> list[str]:
    """The command line without the words of somebody else's command after ``--``."""
    return [*arguments[: arguments.index("--")], "--", HIDDEN] if "--" in arguments else list(arguments)


def without_secrets(text: str) -> str:
    """``text`` without the credentials in URLs and without the values of secret environment variables."""
    values = {value for name, value in os.environ.items() if _SECRET_NAME.search(name)}
    for value in sorted((each for each in values if len(each) >= SHORTEST_SECRET), key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return _USER_IN_URL.sub(HIDDEN, text)


def _kept(report: str) -> str:
    """The path of the report, or why there is none."""
    try:
        handle, name = tempfile.mkstemp(prefix="crossaccount-fault-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(report)
    except OSError as error:
        return f"what led to it (no file could be written: {error.strerror})"
    return name
