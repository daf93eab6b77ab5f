"""What the evaluator answers: a verdict, with the statement that decides it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

Outcome = Literal["allowed", "denied", "undetermined"]
Side = Literal["identity", "trust", "boundary", "scp", "rcp"]
SIDES: tuple[Side, ...] = ("trust", "identity", "boundary", "scp", "rcp")
Reason = Literal["explicit-deny", "scp", "rcp", "boundary", "no-grant", "no-trust", "condition"]

REASONS: tuple[Reason, ...] = ("explicit-deny", "scp", "rcp", "boundary", "no-grant", "no-trust", "condition")
"""Why a request is denied, in the order in which they are looked for."""


class Decision(NamedTuple):
    """A statement that decides: which side it is on, its policy's name or ARN, and its Sid or index."""

    side: Side
    policy: str
    statement: str

    def to_json(self) -> dict[str, str]:
        """The ``decided_by`` of the commands' JSON."""
        return {"side": self.side, "policy": self.policy, "statement": self.statement}


class Verdict(NamedTuple):
    """The answer for one request.

    ``decided_by`` is the deny of an explicit deny, the statement whose Condition is not met, or what allows (the trust
    statement for an assumption, the grant for an action); None where nothing matched. ``grant`` and ``trust`` are the
    two statements that meet in an allowed assumption; ``grant`` is None where a trust of the same account needs none.
    ``action`` is the action that the verdict fell on. ``unknown`` lists, for people, the policies that nothing is known
    of, whether or not the outcome hangs on them. ``told`` is the message, or how to put it into words when it is asked
    for: most verdicts are only counted or compared.
    """

    outcome: Outcome
    action: str
    told: str | tuple[Callable[..., str], tuple[Any, ...]]
    reason: Reason | None = None
    decided_by: Decision | None = None
    grant: Decision | None = None
    trust: Decision | None = None
    unknown: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """Why, in one sentence."""
        if isinstance(self.told, str):
            return self.told
        words, about = self.told
        return words(*about)

    @property
    def allowed(self) -> bool:
        """Whether the request is surely allowed."""
        return self.outcome == "allowed"
