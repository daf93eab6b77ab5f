"""What went wrong with a stack, in words: from the engine's diagnostics to a line for a person and what to do.

Kinds: ``locked``, ``missing-stack``, ``backend``, ``credentials``, ``throttled``, ``plan``, ``config`` and
``resource`` (all else that a resource met).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """``kind`` as above; ``passing`` says whether trying again may help."""

    kind: str
    message: str
    fix: str = ""
    passing: bool = False


@dataclass(frozen=True)
class _Sign:
    """A text by which a failure is known."""

    pattern: re.Pattern[str]
    kind: str
    fix: str
    passing: bool = False


def _sign(pattern: str, kind: str, fix: str = "", passing: bool = False) -> _Sign:
    return _Sign(re.compile(pattern, re.IGNORECASE), kind, fix, passing)


_SIGNS = (
    _sign(
        r"currently locked by|another update is currently in progress",
        "locked",
        "wait for the other job; if it is dead: crossaccount up {stack} --recover",
    ),
    _sign(r"violates plan|not allowed by the plan|expected resource operations", "plan", "review again: preview"),
    _sign(r"no stack named", "missing-stack", "deploy it first: crossaccount up {stack}"),
    _sign(
        r"(Throttl\w*|RequestLimitExceeded|TooManyRequests|Rate exceeded|ServiceUnavailable|InternalFailure|"
        r"ServiceFailure|status code: 50\d|\(50\d\))",
        "throttled",
        "AWS refused for a reason that passes: run it again",
        passing=True,
    ),
    _sign(
        r"ExpiredToken|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|AuthFailure|no valid credential|"
        r"NoCredentialProviders|account ID not allowed|not in the list of allowed|allowedAccountIds|allowed account",
        "credentials",
        "sign in to the account's own credentials, then run it again",
    ),
    _sign(
        r"could not (get|read|open|list)[^\n]*(bucket|backend)|backend|connection refused|no such host|blob \(|"
        r"incorrect passphrase|passphrase must be set",
        "backend",
        "look at PULUMI_BACKEND_URL and its credentials: crossaccount doctor",
    ),
)

NOISE = ("update failed", "preview failed", "an unhandled error occurred", "running error", "refresh failed")


def failure_of(stack: str, errors: Sequence[str], stderr: str) -> Failure:
    """What the engine's ``errors`` (its diagnostics) and ``stderr`` amount to."""
    said = [text for text in dict.fromkeys(each.strip() for each in errors) if not text.lower().startswith(NOISE)]
    lines = said or _lines_of(stderr)
    text = "\n".join(lines) or "the engine failed and said nothing"
    for sign in _SIGNS:
        if sign.pattern.search(text):
            return Failure(sign.kind, text, sign.fix.format(stack=stack), sign.passing)
    return Failure("resource", text)


def _lines_of(stderr: str) -> list[str]:
    lines = [line.strip().removeprefix("error: ") for line in stderr.splitlines()]
    return [line for line in lines if line and not line.startswith(("warning:", "SDK "))]
