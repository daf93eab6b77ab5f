"""``verify``: each path that is expected to work, tried with the caller's real credentials.

Called are ``sts:AssumeRole`` (for the shortest session; its credentials are thrown away) and, to know who the caller
is, ``sts:GetCallerIdentity``, which needs no permission. IAM takes a while to tell all of itself of a change: a path
that should work and is denied is tried again until the time is up. A denial where something is left to the person (MFA,
an address) is no answer: it cannot be judged from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from crossaccount.handoff.entry import Entry

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

Outcome = Literal["works", "denied", "cannot judge"]
SHORTEST_SECONDS = 900
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0
_DENIED = ("AccessDenied", "AccessDeniedException")


class Clock(Protocol):
    """Time in seconds, and waiting; a test has its own."""

    def monotonic(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...


class CallFailed(Exception):
    """STS could not be asked, for another reason than permissions."""


@dataclass(frozen=True)
class Tried:
    """What trying one path gave. ``said`` is AWS's own sentence, or what stands in the way of judging."""

    entry: Entry
    outcome: Outcome
    said: str = ""
    attempts: int = 1

    def to_json(self) -> dict[str, Any]:
        """A result in the command's JSON."""
        return {
            "principal": self.entry.principal,
            "role": self.entry.role,
            "outcome": self.outcome,
            "said": self.said,
            "attempts": self.attempts,
        }


def caller_arn(sts: STSClient) -> str:
    """Whose credentials they are, as STS says it: a user's ARN, or a session's of a role.

    Raises:
        CallFailed: there are no credentials, or they do not work.
    """
    return str(_asked(sts.get_caller_identity)["Arn"])


def verify(
    entries: Sequence[Entry], sts: STSClient, clock: Clock, wait_seconds: float, progress: Callable[[str], None]
) -> list[Tried]:
    """Try every entry; those that are denied, again and again within ``wait_seconds`` in all.

    Raises:
        CallFailed: a call failed for another reason than permissions.
    """
    found = {entry.name: _try(entry, sts, 1) for entry in entries}
    deadline, pause, attempts = clock.monotonic() + wait_seconds, FIRST_PAUSE, 1
    while (denied := [each.entry for each in found.values() if each.outcome == "denied"]) and (
        left := deadline - clock.monotonic()
    ) > 0:
        progress(f"{len(denied)} denied; IAM may not have told all of itself yet, trying again for {left:.0f} s")
        clock.sleep(min(pause, left))
        pause, attempts = min(pause * 2, LONGEST_PAUSE), attempts + 1
        found.update((entry.name, _try(entry, sts, attempts)) for entry in denied)
    return list(found.values())


def _try(entry: Entry, sts: STSClient, attempts: int) -> Tried:
    denial = _denial(sts, dict(_arguments(entry)))
    if denial is None:
        return Tried(entry, "works", attempts=attempts)
    if entry.asking.in_words:
        return Tried(entry, "cannot judge", f"denied here, and it works only {entry.asking.in_words}", attempts)
    return Tried(entry, "denied", denial, attempts)


def _arguments(entry: Entry) -> Iterator[tuple[str, Any]]:
    asking = entry.asking
    yield "RoleArn", entry.role
    yield "RoleSessionName", asking.session_name
    yield "DurationSeconds", min(SHORTEST_SECONDS, asking.duration or SHORTEST_SECONDS)
    if asking.external_id:
        yield "ExternalId", asking.external_id
    if asking.source_identity:
        yield "SourceIdentity", asking.source_identity
    if asking.tags:
        yield "Tags", [{"Key": key, "Value": value} for key, value in asking.tags.items()]


def _denial(sts: STSClient, arguments: dict[str, Any]) -> str | None:
    """What AWS says when it denies; None where the session works."""
    from botocore.exceptions import ClientError

    try:
        _asked(sts.assume_role, arguments)
    except CallFailed as error:
        cause = error.__cause__
        if isinstance(cause, ClientError) and cause.response["Error"]["Code"] in _DENIED:
            return str(cause.response["Error"].get("Message") or "AccessDenied")
        raise
    return None


def _asked(call: Callable[..., Any], arguments: Mapping[str, Any] | None = None) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call(**(arguments or {}))
    except (ClientError, BotoCoreError) as error:
        raise CallFailed(f"sts: {' '.join(str(error).split())}; try: aws sts get-caller-identity") from error
