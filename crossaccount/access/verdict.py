"""What the evaluator answers: a verdict, with the statement that decides it and its sentence for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

from crossaccount.iam.conditions import Condition

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
    of, whether or not the outcome hangs on them. ``names_others``: the reason is the condition of a trust by name
    that names others than the caller, so that it is a want of trust as well. ``sentence`` is the message, or how to put
    it into words when it is asked for: most verdicts are only counted or compared.
    """

    outcome: Outcome
    action: str
    sentence: str | tuple[Callable[..., str], tuple[Any, ...]]
    reason: Reason | None = None
    decided_by: Decision | None = None
    grant: Decision | None = None
    trust: Decision | None = None
    unknown: tuple[str, ...] = ()
    names_others: bool = False

    def is_because(self, reason: Reason) -> bool:
        """Whether a reason holds for it."""
        return reason == self.reason or (reason == "no-trust" and self.names_others)

    @property
    def message(self) -> str:
        """Why, in one sentence."""
        if isinstance(self.sentence, str):
            return self.sentence
        words, about = self.sentence
        return words(*about)

    @property
    def allowed(self) -> bool:
        """Whether the request is surely allowed."""
        return self.outcome == "allowed"


SIDES_IN_WORDS = {
    "identity": "the identity policy",
    "trust": "the",
    "boundary": "the permissions boundary",
    "scp": "the service control policy",
    "rcp": "the resource control policy",
}


def denies_in_words(deny: Decision, action: str, resource: str) -> str:
    """A Deny statement that decides."""
    return f"{_statement(deny)} denies {action} on {resource}"


def allow_in_words(grant: Decision | None, trust: Decision | None, action: str, resource: str) -> str:
    """The grant and the trust that allow."""
    parts = " and ".join(_statement(decision) for decision in (grant, trust) if decision)
    return f"{parts} {'allow' if grant and trust else 'allows'} {action} on {resource}"


def unknown_in_words(unknown: tuple[str, ...], action: str, resource: str) -> str:
    """Policies that are not known, and could change the answer."""
    return f"whether {action} on {resource} is allowed is unknown: {'; '.join(unknown)}"


def lacking_in_words(reason: Reason, caller: str, account: str, boundary: str, action: str, resource: str) -> str:
    """A side without a statement that allows."""
    what = f"{action} on {resource}"
    if reason == "boundary":
        return f"the permissions boundary {boundary} does not allow {what}"
    texts = {
        "scp": f"the service control policies of {account} do not allow {what}",
        "rcp": f"the resource control policies do not allow {what}",
        "no-grant": f"no identity policy of {caller} allows {what}",
        "no-trust": f"the trust policy of {resource} does not let {caller} in ({action})",
    }
    return texts[reason]


def but_for_in_words(near: Decision, unmet: Iterable[Condition], action: str, resource: str) -> str:
    """A statement of which only the Condition is not met."""
    return f"{_statement(near)} would allow {action} on {resource}, but for {shown_conditions(unmet)}"


def shown_conditions(conditions: Iterable[Condition]) -> str:
    """Conditions in IAM's own words."""
    return " and ".join(
        f"{condition.operator} {condition.key} {', '.join(value.text for value in condition.values)}"
        for condition in conditions
    )


def _statement(decision: Decision) -> str:
    return f"{SIDES_IN_WORDS[decision.side]} {decision.policy} (statement {decision.statement})"
