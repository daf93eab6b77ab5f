"""The failure of a stack: its kind, a message for people and a fix, from the engine's diagnostics.

A failure is recognised by the text of the Pulumi CLI, its backends, pulumi-aws or AWS. The first sign whose pattern
matches decides the kind. ``resource`` is any other failure of a resource. The job adds ``worker`` (a lost worker, or a
bug of this program), ``pending`` (an interrupted run left open operations) and ``recovery`` (these cannot be repaired).

A self-managed backend (files, S3) has one JSON file for each lock on a stack; Pulumi Cloud does not show the holder. A
lock is stale only if that is proven: its process ran on this machine and is gone, or a person says that its host is
gone.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

_LOCK = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)")


@dataclass(frozen=True)
class Lock:
    """One lock: its user, host and process, and the time of its creation (ISO 8601)."""

    user: str
    host: str
    pid: int
    since: str

    def held(self) -> str:
        """The lock as a clause."""
        state = ", a process that is gone" if self.host == this_host() and not _runs(self.pid) else ""
        return f"held by {self.user}@{self.host}, process {self.pid}, since {self.since}{state}"

    def is_stale(self, gone: Collection[str] = ()) -> bool:
        """Whether its process no longer runs. ``gone`` are hosts that are known to be gone."""
        return self.host in gone or (self.host == this_host() and not _runs(self.pid))

    def fix(self, stack: str) -> str:
        """The fix for people."""
        if self.is_stale():
            return f"repair it: crossaccount up {stack} --recover"
        if self.host == this_host():
            return f"wait for that process, or stop it: kill -INT {self.pid}; then run the same command again"
        return (
            f"wait for that job; only if {self.host} no longer runs it: "
            f"crossaccount up {stack} --recover --gone {self.host}"
        )


def locks_in(text: str) -> tuple[Lock, ...]:
    """The locks that the CLI's message names."""
    found = (match.groupdict() for match in _LOCK.finditer(text))
    return tuple(Lock(each["user"], each["host"], int(each["pid"]), each["since"]) for each in found)


def this_host() -> str:
    """The name of this machine, as the CLI writes it into locks."""
    return socket.gethostname()


def _runs(pid: int) -> bool:
    """Whether the process of a lock may still run. A process ID that another program has now does not count.

    Windows has no question without effect: there, ``os.kill`` with 0 is a Ctrl-C.
    """
    if sys.platform == "win32":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True
    return not command or b"pulumi" in command


RUN_AGAIN = "nothing is lost: run the same command again"
SIGN_IN = "sign in to the stack's own account, then run the same command again: nothing is lost"
LOOK_AT_BACKEND = "check PULUMI_BACKEND_URL and its credentials with: crossaccount doctor"


@dataclass(frozen=True)
class Sign:
    """A failure of ``kind`` has a text that matches ``pattern``, ignoring case."""

    kind: str
    pattern: re.Pattern[str]
    fix: str
    passing: bool = False


def _sign(kind: str, pattern: str, fix: str, passing: bool = False) -> Sign:
    return Sign(kind, re.compile(pattern, re.IGNORECASE), fix, passing)


SIGNS = (
    _sign("locked", r"currently locked by|another update is currently in progress", "wait for that job"),
    _sign("killed", r"CLI was killed by signal", "repair what it left: crossaccount up {stack} --recover"),
    _sign(
        "plan",
        r"violates plan|not allowed by the plan|expected resource operations",
        "review again: crossaccount preview {stack} --save-plan DIR",
    ),
    _sign(
        "passphrase",
        r"incorrect passphrase|passphrase must be set|unable to find either `?PULUMI_CONFIG_PASSPHRASE",
        "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the stack's own",
    ),
    _sign(
        "backend",
        r"blob \(.*(SlowDown|RequestTimeout|StatusCode: 50\d|i/o timeout|connection reset)",
        f"the state backend had an outage; {RUN_AGAIN}",
        passing=True,
    ),
    _sign(
        "backend",
        r"blob \(|unable to open (bucket|state directory)|unable to access bucket|bucket .* is not accessible|"
        r"could not list bucket|\.pulumi/meta\.yaml|PULUMI_ACCESS_TOKEN must be set|invalid access token|"
        r"api\.pulumi\.com|no driver registered|no space left on device",
        LOOK_AT_BACKEND,
    ),
    _sign(
        "plugin",
        r"could not automatically download and install \w+ plugin|failed to download plugin|"
        r"error downloading (provider|plugin)",
        "let the machine reach get.pulumi.com, or install the plugin from a file: "
        "https://www.pulumi.com/docs/iac/cli/commands/pulumi_plugin_install/; a local AWS needs no plugin: add --local",
    ),
    _sign("missing-stack", r"no stack named|unknown stack", "deploy it first: crossaccount up {stack}"),
    _sign(
        "account",
        r"AWS account ID not allowed|not in the list of allowed|forbidden AWS account",
        "the credentials belong to another account: check the stack's aws:profile, aws:assumeRoles and AWS_PROFILE",
    ),
    _sign(
        "credentials",
        r"ExpiredToken|RequestExpired|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|AuthFailure|"
        r"no valid credential|NoCredentialProviders|failed to refresh cached credentials|SSO session has expired|"
        r"InvalidGrantException|cannot be assumed|not authorized to perform: sts:AssumeRole|"
        r"failed to get shared config profile|profile .* (could not|cannot) be found|Unable to locate credentials",
        SIGN_IN,
    ),
    _sign(
        "propagation",
        r"MalformedPolicyDocument\S*: Invalid principal in policy",
        "the principal does not exist, or IAM has not propagated it yet: run the command again in a minute, or trust "
        "it by name (mode: by-name)",
        passing=True,
    ),
    _sign(
        "throttled",
        r"\bThrottl(ing|ed)(Exception)?\b|Rate exceeded|RequestLimitExceeded|TooManyRequests|SlowDown|"
        r"Request rate is too high|RetryQuotaExceeded|failed to get rate limit token",
        f"AWS throttled calls of this account; {RUN_AGAIN}, with a lower --parallel",
        passing=True,
    ),
    _sign(
        "unavailable",
        r"ServiceUnavailable|InternalFailure|InternalServerError|InternalError\b|ServiceFailure|StatusCode: 50\d|"
        r"status code: 50\d|\(50\d\)|ConcurrentModification|EntityTemporarilyUnmodifiable|"
        r"RequestTimeout|i/o timeout|TLS handshake timeout|connection reset by peer|read timeout|"
        r"Connection was closed before|Could not connect to the endpoint|EndpointConnectionError|no such host",
        f"AWS could not be reached or had an outage; {RUN_AGAIN}",
        passing=True,
    ),
    _sign(
        "exists",
        r"EntityAlreadyExists|ResourceExistsException|already exists",
        "if an interrupted run created it: crossaccount up {stack} --recover; if somebody else did: adopt it with "
        "import: true, or delete it",
    ),
    _sign(
        "quota",
        r"LimitExceeded|Cannot exceed quota|ServiceQuotaExceeded",
        "request a higher quota from AWS, or declare less; see crossaccount check",
    ),
    _sign(
        "denied",
        r"AccessDenied|is not authorized to perform|UnauthorizedOperation",
        f"allow it for the identity that deploys the stack, then: {RUN_AGAIN}",
    ),
    _sign("credentials", r"unable to validate AWS credentials|validating provider credentials", SIGN_IN),
    _sign(
        "protected",
        r"marked for protection|is protected",
        "first remove protect from the stack's config and deploy",
    ),
)
"""The signs in the order in which they are tried."""

OTHER = _sign("resource", "", "correct what the engine reports, then run the same command again")
"""The failure that matches no sign."""


@dataclass(frozen=True)
class Failure:
    """The failure of a stack. ``passing``: whether trying again may help."""

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
"""Lines of the engine that are not the reason."""


def failure_of(stack: str, errors: Sequence[str], stderr: str) -> Failure:
    """The failure that the engine's ``errors`` (its diagnostics) and ``stderr`` describe."""
    messages = [text for text in dict.fromkeys(map(_tidy, errors)) if not _is_noise(text)]
    lines = messages or _lines_of(stderr)
    text = "\n".join(lines) or "the engine failed without a message"
    if locks := locks_in(text):
        return Failure("locked", "; ".join(lock.held() for lock in locks), locks[0].fix(stack))
    # Trying again helps only if every reason is temporary. A reason that is not temporary is shown first.
    signs = sorted((_sign_of(each) for each in messages or [text]), key=lambda sign: sign.passing)
    return Failure(signs[0].kind, text, signs[0].fix.format(stack=stack), signs[0].passing)


def is_only_noise(errors: Sequence[str]) -> bool:
    """Whether the engine gives no reason, because it was stopped."""
    return all(_is_noise(_tidy(each)) for each in errors)


def _is_noise(text: str) -> bool:
    return not text or text.lower().startswith(NOISE)


def _sign_of(text: str) -> Sign:
    return next((sign for sign in SIGNS if sign.pattern.search(text)), OTHER)


def _tidy(text: str) -> str:
    """The reason in ``text``, without the engine's heading and without the list that a provider puts around one error.

    For a traceback of a program, the exception and the program's line.
    """
    text = _HEAD.sub("", text.strip())
    if TRACEBACK in text:
        return _raised(text)
    lines = [line.strip().removeprefix("* ") for line in text.splitlines()]
    return "\n".join(line for line in lines if line and not line.endswith("error occurred:"))


def raised(errors: Sequence[str]) -> bool:
    """Whether a program in its own process ended with an exception."""
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
