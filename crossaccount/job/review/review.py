"""The review as a value: the effect of an update on access, the manual changes that it removes, the principals that it
replaces."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from crossaccount.access.diff import AccessDiff
from crossaccount.access.diff.change import VerdictWord
from crossaccount.access.diff.markdown import change_lines, reach_lines
from crossaccount.access.findings.finding import Finding
from crossaccount.iam.names import display
from crossaccount.job.events import Event
from crossaccount.job.review.control_policies import ControlPolicies
from crossaccount.job.review.order import Transition
from crossaccount.sources.overlay.hand_made import HandMade
from crossaccount.sources.proof import Proof

Need = Literal["broadening", "replacement", "credentials"]
NEEDS: tuple[Need, ...] = ("broadening", "replacement", "credentials")
"""What needs a separate approval."""


@dataclass(frozen=True)
class Review:
    """The review of an update. Equal reviews have equal digests."""

    stacks: tuple[str, ...]
    access: AccessDiff = field(default_factory=AccessDiff)
    removals: tuple[HandMade, ...] = ()
    replaced: tuple[Finding, ...] = ()
    """The findings on replaced users and roles: XA501, XA502."""
    before: Mapping[str, str] = field(default_factory=dict)
    """By stack, how its account was read: ``live``, ``state``, or ``nothing`` for a new stack."""
    warnings: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    """By stack: why no approval allows its update, such as credentials of another account."""
    configs: Mapping[str, str] = field(default_factory=dict)
    """By stack: the digest of its config."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Account names to IDs, for people."""
    transitions: Mapping[str, Transition] = field(default_factory=dict, repr=False)
    """By stack: the transition of its ARNs; empty if no ARN disappears."""
    control: Mapping[str, ControlPolicies] = field(default_factory=dict, repr=False)
    """By stack: its control policies before and after."""
    verb: str = "up"
    """What is reviewed: ``up`` or ``destroy``."""
    proof: Proof | None = None
    """How the access tests differ from those of another revision; None if they are not compared."""

    @property
    def verdict(self) -> VerdictWord:
        """The verdict on the access diff and on the removed manual changes together."""
        if self.access.broadens or not any(each.broadens for each in self.removals):
            return self.access.verdict
        return "broadening" if self.access.verdict == "neutral" else "mixed"

    @property
    def credentials(self) -> frozenset[str]:
        """The users that gain a password, an access key or an MFA device, by ARN."""
        found = self.access.changes
        return frozenset({each.principal or "" for each in found if each.kind == "credential-gained"})

    @property
    def needs(self) -> tuple[Need, ...]:
        """The separate approvals that the update needs."""
        needed = {
            "broadening": self.verdict in ("broadening", "mixed"),
            "replacement": bool(self.replaced),
            "credentials": self.access.hands_out,
        }
        return tuple(need for need in NEEDS if needed[need])

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that a person approves: configs, access, removals, replacements."""
        approved = {**self.to_json(), "configs": dict(self.configs)}
        for key in ("before", "warnings", "needs", "proof"):
            approved.pop(key, None)
        return hashlib.sha256(json.dumps(approved, sort_keys=True, default=str).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """The JSON of ``diff``, with the other members of the event ``access-reviewed``."""
        return {
            **self.access.to_json(),
            "verdict": self.verdict,
            "stacks": list(self.stacks),
            "removals": [each.to_json() for each in self.removals],
            "replaced": [each.to_json() for each in self.replaced],
            "refused": dict(self.refused),
            "before": dict(self.before),
            "warnings": list(self.warnings),
            "needs": list(self.needs),
            **({"verb": self.verb} if self.verb != "up" else {}),
            **({"proof": self.proof.to_json()} if self.proof else {}),
        }


@dataclass(frozen=True, kw_only=True)
class AccessReviewed(Event):
    """The review of an update: ``verdict`` and ``changes`` as in ``diff --json``, and the members of the review."""

    review: Review

    def to_json(self) -> dict[str, Any]:
        """The event as a JSON object, complete."""
        return {
            **Event(time=self.time).to_json(),
            "event": "access-reviewed",
            **self.review.to_json(),
            "digest": self.review.digest,
        }


LONGEST = 400
"""The most characters of a document that are shown; the JSON has the whole document."""
TAKES = {
    "inline policy": "removes the inline policy {name} that somebody made by hand",
    "attached policy": "detaches {name}, which somebody attached by hand",
    "membership": "removes from the group {name} a member that somebody added by hand",
    "permissions boundary": "removes the permissions boundary {name} that somebody set by hand",
    "edited policy": "restores {name}, which somebody edited by hand",
    "edited trust": "restores the trust policy, which somebody edited by hand",
    "unread": "{name}",
}

Shown = Callable[[str], str]


def shown_by(review: Review) -> Shown:
    """A function that shows an ARN with account names."""
    return lambda arn: display(arn, review.names) if arn.startswith("arn:") else arn


def review_lines(review: Review) -> list[str]:
    """The lines of a review. After a hundred changes, the others are only counted."""
    return list(_lines(review, shown_by(review)))


def review_notes(review: Review) -> list[str]:
    """The lines of a review without its changes of access, which are listed elsewhere."""
    return list(_lines(review, shown_by(review), changes=False))


def _lines(review: Review, shown: Shown, *, changes: bool = True) -> Iterator[str]:
    for warning in review.warnings:
        yield f"warning: {warning}"
    for stack, why in review.refused.items():
        yield f"error: {stack}: {why}; it is left alone"
    for each in review.removals:
        yield from removal_lines(each, shown)
    for finding in review.replaced:
        yield f"! {shown(finding.where)}: {finding.message} ({finding.code}); {finding.fix}"
    first, rest = change_lines(review.access.changes if changes else (), shown)
    yield from first
    if rest:
        yield f"… and {rest}"
    if review.access.reach:
        yield "through other roles:"
        yield from reach_lines(review.access.reach, shown)
    yield from review.proof.lines() if review.proof else ()
    yield f"access: {review.verdict}" + (
        f"; needs separate approval: {', '.join(review.needs)}" if review.needs else ""
    )


def removal_lines(removal: HandMade, shown: Shown) -> Iterator[str]:
    """A removal, why it is a broadening, and its documents."""
    name = shown(removal.name)
    yield f"! {shown(removal.holder)}: {removal_words(removal, name)}"
    for policy, document in removal.documents.items():
        yield f"    {shown(policy)}: {_document(document)}"


def removal_words(removal: HandMade, name: str) -> str:
    """A removal as a sentence."""
    text = removal.why if removal.what == "unread" else TAKES[removal.what].format(name=name)
    if removal.incident:
        text += f" (incident response: {removal.incident})"
    if removal.broadens and removal.what != "unread":
        text += f"; a broadening: {removal.why}"
    return text


def _document(document: Any) -> str:
    text = "cannot be read" if document is None else json.dumps(document, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
