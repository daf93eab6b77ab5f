"""What the commands print and write: lines for people, JSON, documents for others, files.

Everything leaves through here, and nothing that somebody else wrote acts where it arrives. :func:`guarded` puts a
:class:`Guarded` around stdout and stderr: whatever is printed, its control characters are shown, no line of it is a
command of a CI runner, and what the stream's encoding lacks becomes an escape. That is the second guard. The first is
where text is put together: :func:`say` writes one line whatever is in it, so that a line break in a name begins none.

Rich and pydantic are not imported here: ``--help`` must be instant.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from crossaccount import escaping
from crossaccount.cli.folding import folded
from crossaccount.iam.problem import Problem

if TYPE_CHECKING:
    from rich.console import Console

STDOUT = Path("-")
NARROWEST = 40
"""Columns. In a narrower terminal lines are not folded, and tables lose content."""
SILENT_SECONDS = 2.0
MarkdownOption = Annotated[
    Path | None, typer.Option("--markdown", metavar="FILE", help="Write Markdown for a pull request; - is stdout.")
]


class Guarded:
    """A text stream that shows what would act. ``raw`` is the stream behind it, ``colours`` lets Rich's own through.

    It has no ``buffer``: writing to one would bypass the guard.
    """

    def __init__(self, raw: Any, *, colours: bool = False) -> None:
        self.raw = raw
        self._colours = colours
        self._starts_line = True

    def write(self, text: str) -> int:
        """Write ``text`` with what would act as escapes."""
        if not isinstance(text, str):  # how click finds out what a stream takes
            raise TypeError(f"a text stream takes text, got {type(text).__name__}")
        if text:
            known = escaping.without_commands(text) if self._colours else self._lines(text)
            self._starts_line = text.endswith("\n")
            _write(self.raw, known)
        return len(text)

    def writelines(self, texts: Iterable[str]) -> None:
        """Write each."""
        for each in texts:
            self.write(each)

    def flush(self) -> None:
        """Flush the stream behind."""
        self.raw.flush()

    def isatty(self) -> bool:
        """Whether a person reads the stream."""
        return bool(self.raw.isatty())

    def fileno(self) -> int:
        """The stream's descriptor."""
        return int(self.raw.fileno())

    @property
    def encoding(self) -> str:
        """What characters become."""
        return _encoding(self.raw)

    @property
    def errors(self) -> str:
        """What becomes of a character that the encoding lacks."""
        return "backslashreplace"

    def _lines(self, text: str) -> str:
        return escaping.lines(text, starts_line=self._starts_line)


@contextmanager
def guarded() -> Iterator[None]:
    """Stdout and stderr that show what would act, for as long as a command runs."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (each if each is None or isinstance(each, Guarded) else Guarded(each) for each in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def raw(stream: Any) -> Any:
    """The stream without its guard, for what is escaped for its medium already."""
    return stream.raw if isinstance(stream, Guarded) else stream


def say(text: str, *, err: bool = False) -> None:
    """One line for people: a line break in ``text`` is shown, too."""
    _print(f"{escaping.one_line(text)}\n", err)


def say_lines(text: str, *, err: bool = False) -> None:
    """Finished lines for people, whose parts are already escaped."""
    _print(f"{escaping.lines(text)}\n", err)


def console(stderr: bool = False) -> Console:
    """The console of Rich, for tables and colours."""
    from crossaccount.cli.console import open_console

    return open_console(stderr)


@contextmanager
def still_working(command: str) -> Iterator[None]:
    """A line on stderr once ``command`` has taken two seconds, and again each time that its time has doubled.

    Only a terminal gets it: in a log a line that comes or not, as the machine is fast or slow, is a difference.
    """
    if not raw(sys.stderr).isatty():
        yield
        return
    ended, started = threading.Event(), time.monotonic()

    def wait() -> None:
        pause = SILENT_SECONDS
        while not ended.wait(pause):
            pause = time.monotonic() - started
            say(f"{command}: still working, {pause:.0f} s", err=True)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    try:
        yield
    finally:
        ended.set()
        waiting.join()


def anybody() -> bool:
    """Whether there is a terminal to ask questions on."""
    return sys.stdin.isatty()


def answer(question: str) -> str:
    """The answer from the terminal. The question is on stderr: stdout may hold JSON."""
    sys.stderr.write(escaping.one_line(question))
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def confirmed(question: str) -> bool:
    """Whether the answer is yes."""
    return answer(f"{question} [y/N] ").lower() in ("y", "yes")


def print_json(document: Any, *, indent: int | None = 2) -> None:
    """One JSON document, and nothing else on stdout."""
    print_json_text([escaping.json_text(document, indent=indent), "\n"])


def print_json_text(parts: Iterable[str]) -> None:
    """JSON that is text already, in parts. Where stdout cannot write a character, JSON's own escape stands for it."""
    stream = raw(sys.stdout)
    for part in parts:
        known = escaping.json_escaped(part)
        try:
            stream.write(known)
        except UnicodeEncodeError:
            stream.write(escaping.json_escaped(known, only_ascii=True))
    stream.flush()


def print_document(text: str) -> None:
    """A document whose writer escaped it for its medium: Markdown, CSV, a script. As it is, on stdout."""
    _write(raw(sys.stdout), text)
    raw(sys.stdout).flush()


def fits_stdout(text: str) -> bool:
    """Whether stdout's encoding has every character of ``text``."""
    try:
        text.encode(_encoding(raw(sys.stdout)))
    except UnicodeEncodeError:
        return False
    return True


def refuse_two_documents(file: Path | None, as_json: bool, option: str = "--markdown") -> None:
    """Stdout holds one document: not that of ``option`` and JSON, or another."""
    from crossaccount.cli.failures import BAD_INPUT, stop

    if file == STDOUT and as_json:
        stop(f"{option}: stdout holds the JSON already, got -; name a file", BAD_INPUT, as_json)


def write(option: str, file: Path, text: str, as_json: bool) -> None:
    """Write what ``option`` asked for, in UTF-8; ``-`` is stdout, and a file that cannot be written is bad input."""
    from crossaccount.cli.failures import BAD_INPUT, stop

    if file == STDOUT:
        print_document(text)
        return
    try:
        file.write_text(text, encoding="utf-8", errors="backslashreplace")
    except (OSError, ValueError) as error:  # a NUL in the name is a ValueError
        reason = error.strerror if isinstance(error, OSError) else str(error)
        problem = Problem(option, f"cannot be written ({reason})", str(file), "name another file")
        stop(str(problem), BAD_INPUT, as_json)


def without_stdout() -> None:
    """Give stdout up: what is still in its buffer would fail once more when this process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), raw(sys.stdout).fileno())


def _print(text: str, err: bool) -> None:
    """At once: a log is read while the command runs, and a reader who is gone must be noticed."""
    stream: TextIO = sys.stderr if err else sys.stdout
    width = terminal_width(stream)
    _write(stream, text if width is None else folded(text, width))
    stream.flush()


def terminal_width(stream: Any) -> int | None:
    """The columns of the terminal that a stream is; None if it is none, or has no width."""
    behind = raw(stream)
    if behind is None or not behind.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    try:
        width = int(columns) if columns.isdecimal() else os.get_terminal_size(behind.fileno()).columns
    except (OSError, ValueError):  # a stream of a test has no descriptor
        return None
    return width if width >= NARROWEST else None


def _encoding(stream: Any) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


def _write(stream: Any, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.write(escaping.encodable(text, _encoding(stream)))
