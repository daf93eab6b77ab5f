"""The review itself, as a value: what an update does to access, what it takes away, whom it replaces."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from crossaccount.access.diff import AccessDiff
from crossaccount.access.diff.change import VerdictWord
from crossaccount.access.findings.finding import Finding
from crossaccount.job.removals.transitions import Transition
from crossaccount.job.review.removals import HandMade
from crossaccount.sources.proof import Proof

Need = Literal["broadening", "replacement", "credentials"]
NEEDS: tuple[Need, ...] = ("broadening", "replacement", "credentials")
"""What asks for a yes of its own."""


@dataclass(frozen=True)
class Review:
    """What is known before anything is applied. Equal reviews have equal digests."""

    stacks: tuple[str, ...]
    access: AccessDiff = field(default_factory=AccessDiff)
    removals: tuple[HandMade, ...] = ()
    replaced: tuple[Finding, ...] = ()
    """Users and roles that others take the place of: XA501, XA502."""
    before: Mapping[str, str] = field(default_factory=dict)
    """By stack, how its account was read: ``live``, ``state``, or ``nothing`` of one that is not there yet."""
    warnings: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    """By stack, why it cannot be applied whatever is approved: credentials of another account."""
    configs: Mapping[str, str] = field(default_factory=dict)
    """By stack: the digest of what it is configured to be."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Account names to IDs, for people."""
    transitions: Mapping[str, Transition] = field(default_factory=dict, repr=False)
    """By stack: which ARNs come and go, and who names which; empty where none goes."""
    proof: Proof | None = None
    """How the access tests differ from those of another revision, where somebody may ask for that."""

    @property
    def verdict(self) -> VerdictWord:
        """Of the access diff, and of what goes that others made."""
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
        """Which yeses it takes beyond the one for an update at all."""
        asked = {
            "broadening": self.verdict in ("broadening", "mixed"),
            "replacement": bool(self.replaced),
            "credentials": self.access.hands_out,
        }
        return tuple(need for need in NEEDS if asked[need])

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that a person approves: configs, access, removals, replacements."""
        said = {**self.to_json(), "configs": dict(self.configs)}
        for key in ("before", "warnings", "needs", "proof"):
            said.pop(key, None)
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """As in the event ``access-reviewed``: the JSON of ``diff``, and what goes beside it."""
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
            **({"proof": self.proof.to_json()} if self.proof else {}),
        }
