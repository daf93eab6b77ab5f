"""What went wrong with a stack, in words: from the engine's diagnostics to a line for a person and what to do.

Kinds are those of ``crossaccount.engine.signs``; ``resource`` is all else that a resource met. The job itself adds
``worker`` (a worker that went away, a mistake of ours), ``pending`` (an interrupted run left something open) and
``recovery`` (what it left cannot be repaired here).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crossaccount.engine.locks import locks_in
from crossaccount.engine.signs import OTHER, SIGNS, Sign


@dataclass(frozen=True)
class Failure:
    """``kind`` as above; ``passing`` says whether trying again may help."""

    kind: str
    message: str
    fix: str = ""
    passing: bool = False


_HEAD = re.compile(r"^(?:preview|update|refresh|destroy) failed: *(?=\S)", re.IGNORECASE)
TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>[0-9]+)', re.MULTILINE)

NOISE = (
    "update failed",
    "preview failed",
    "an unhandled error occurred",
    "running error",
    "refresh failed",
    "update canceled",
    "update cancelled",
    "could not find module sdk",
)
"""What the engine says besides the reason."""


def failure_of(stack: str, errors: Sequence[str], stderr: str) -> Failure:
    """What the engine's ``errors`` (its diagnostics) and ``stderr`` amount to."""
    said = [text for text in dict.fromkeys(map(_tidy, errors)) if not _is_noise(text)]
    lines = said or _lines_of(stderr)
    text = "\n".join(lines) or "the engine failed and said nothing"
    if locks := locks_in(text):
        return Failure("locked", "; ".join(lock.held() for lock in locks), locks[0].fix(stack))
    # Trying again helps only where everything passes: what does not pass is what a person must know first.
    signs = sorted((_sign_of(each) for each in said or [text]), key=lambda sign: sign.passing)
    return Failure(signs[0].kind, text, signs[0].fix.format(stack=stack), signs[0].passing)


def is_only_noise(errors: Sequence[str]) -> bool:
    """Whether the engine gives no reason: it was stopped."""
    return all(_is_noise(_tidy(each)) for each in errors)


def _is_noise(text: str) -> bool:
    return not text or text.lower().startswith(NOISE)


def _sign_of(text: str) -> Sign:
    return next((sign for sign in SIGNS if sign.pattern.search(text)), OTHER)


def _tidy(text: str) -> str:
    """The reason in ``text``: without the engine's own head, and the list that a provider puts around its one error.

    Of a program's traceback that is the exception and the program's line.
    """
    text = _HEAD.sub("", text.strip())
    if TRACEBACK in text:
        return _raised(text)
    lines = [line.strip().removeprefix("* ") for line in text.splitlines()]
    return "\n".join(line for line in lines if line and not line.endswith("error occurred:"))


def raised(errors: Sequence[str]) -> bool:
    """Whether a program that runs as a process ended with an exception."""
    return any(TRACEBACK in each for each in errors)


def _raised(text: str) -> str:
    """A program's exception in one line, with the innermost line of the program itself."""
    frames = [each for each in _FRAME.finditer(text) if "site-packages" not in each["file"]]
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith((" ", "Traceback"))]
    where = f"{frames[-1]['file']}, line {frames[-1]['line']}: " if frames else ""
    return f"{where}{lines[-1].strip()}" if lines else text


def _lines_of(stderr: str) -> list[str]:
    lines = [line.strip().removeprefix("error: ") for line in stderr.splitlines()]
    return [line for line in lines if line and not line.startswith(("warning:", "SDK "))]
