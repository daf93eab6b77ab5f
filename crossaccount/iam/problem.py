"""What a user can cause: a problem of an input as one line, all lines in one report, and the errors that end a command.

    Exception
    ├── BadInput           what the user wrote cannot be used: exit code 2
    └── OperationFailed    the input is right and the operation failed: exit code 1

Every package's exceptions that reach a user derive from one of the two. Any other exception that ends a command is a
fault of this program: exit code 70.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from crossaccount.escaping import visible

LONGEST_FIX = 8_000
"""Characters: enough for a statement to add, and a bound for long input."""
NOT_GIVEN = object()
"""The ``got`` of a problem about a missing value: the line then has no value."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong at one place.

    ``where`` is a path into the input (``trusting.roles.AssumedRole.trust[0].mfa``), ``what`` the rule that is broken
    with its limit, ``got`` the value met, ``fix`` what to do. ``severity`` is ``error`` (AWS or we refuse it) or
    ``warning`` (it is accepted, and probably not meant). A warning that is a finding as well carries its ``code``.
    """

    where: str
    what: str
    got: object = field(hash=False)
    fix: str
    severity: str = "error"
    code: str = ""

    def __str__(self) -> str:
        got = "" if self.got is NOT_GIVEN else f", got {shown(self.got)}"
        return visible(f"{_cut(self.where)}: {_cut(self.what)}{got}; {_cut(self.fix, LONGEST_FIX)}")

    def at(self, prefix: str) -> Problem:
        """The same problem seen from further out: ``where`` with ``prefix`` before it."""
        joined = prefix + self.where if self.where.startswith("[") or not self.where else f"{prefix}.{self.where}"
        return Problem(joined, self.what, self.got, self.fix, self.severity, self.code)


def shown(value: object, limit: int = 80) -> str:
    """``value`` in YAML flow style (JSON), cut at ``limit`` characters."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        text = _represented(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _cut(text: str, limit: int = 500) -> str:
    """A place, a rule or a fix that contains the user's text, cut at ``limit`` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _represented(value: object) -> str:
    """Python's own text of a value that JSON does not take, or its type where even that fails: a huge number."""
    try:
        return repr(value)
    except (ValueError, RecursionError):
        return type(value).__name__


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """The problems that stop us."""
    return [problem for problem in problems if problem.severity == "error"]


def warnings(problems: Iterable[Problem]) -> list[Problem]:
    """The problems that are only warnings."""
    return [problem for problem in problems if problem.severity != "error"]


class BadInput(Exception):
    """What the user wrote cannot be used. ``lines`` say why, all at once; ``problems`` are those with a place.

    What two stacks share is wrong once, however many stacks say so.
    """

    def __init__(self, lines: Iterable[Problem | str]) -> None:
        self.lines = tuple(dict.fromkeys(lines))
        self.problems = tuple(line for line in self.lines if isinstance(line, Problem))
        super().__init__("\n".join(map(str, self.lines)))


class OperationFailed(Exception):
    """An operation failed though its input is right. ``str()`` is for a person: one or more lines, no traceback."""
