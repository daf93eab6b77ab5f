"""``verify``: each path that is expected to work, tried with the caller's real credentials.

Called are ``sts:AssumeRole`` (for the shortest session; its credentials are thrown away) and, to know who the caller
is, ``sts:GetCallerIdentity``, which needs no permission. IAM takes a while to tell all of itself of a change: a path
that should work and is denied is tried again until the time is up; so is one that AWS has no answer for. A denial where
something is left to the person (MFA, an address) is no answer: it cannot be judged from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from crossaccount.handoff.entry import Entry
from crossaccount.handoff.sts import CallFailed, Refused, ask

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

Outcome = Literal["works", "denied", "cannot judge"]
SHORTEST_SECONDS = 900
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0


class Clock(Protocol):
    """Time in seconds, and waiting; a test has its own."""

    def monotonic(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...


@dataclass(frozen=True)
class Tried:
    """What trying one path gave. ``said`` is AWS's own sentence, or what stands in the way of judging.

    ``again`` is whether it may be another answer in a while.
    """

    entry: Entry
    outcome: Outcome
    said: str = ""
    attempts: int = 1
    again: bool = False

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
    answer = ask(sts.get_caller_identity)
    if isinstance(answer, Refused):
        raise CallFailed(f"sts: {answer.said}; try: aws sts get-caller-identity")
    return str(answer["Arn"])


def verify(
    entries: Sequence[Entry], sts: STSClient, clock: Clock, wait_seconds: float, progress: Callable[[str], None]
) -> list[Tried]:
    """Try every entry; those that are denied or not answered, again and again within ``wait_seconds`` in all.

    Raises:
        CallFailed: the credentials cannot be used, or not any more.
    """
    found = {entry.name: _try(entry, sts, 1) for entry in entries}
    deadline, pause, attempts = clock.monotonic() + wait_seconds, FIRST_PAUSE, 1
    while (waiting := [each for each in found.values() if each.again]) and (left := deadline - clock.monotonic()) > 0:
        progress(f"{_why(waiting)}, trying again for {left:.0f} s")
        clock.sleep(min(pause, left))
        pause, attempts = min(pause * 2, LONGEST_PAUSE), attempts + 1
        found.update((each.entry.name, _try(each.entry, sts, attempts)) for each in waiting)
    return list(found.values())


def _why(waiting: Sequence[Tried]) -> str:
    denied = sum(each.outcome == "denied" for each in waiting)
    parts = [f"{denied} denied; IAM may not have told all of itself yet"] if denied else []
    return "; ".join([*parts, *([f"{len(waiting) - denied} not answered"] if len(waiting) > denied else [])])


def _try(entry: Entry, sts: STSClient, attempts: int) -> Tried:
    answer = ask(sts.assume_role, dict(_arguments(entry)))
    if not isinstance(answer, Refused):
        return Tried(entry, "works", attempts=attempts)
    if answer.kind != "denied":
        return Tried(entry, "cannot judge", answer.said, attempts, answer.kind == "passing")
    if entry.asking.in_words:
        return Tried(entry, "cannot judge", f"denied here, and it works only {entry.asking.in_words}", attempts)
    return Tried(entry, "denied", answer.said, attempts, again=True)


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
