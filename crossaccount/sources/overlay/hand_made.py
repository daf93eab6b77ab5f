"""Manual changes by others that an update would remove, with their documents and the effect of the removal.

Removing a Deny allows more. Removing a permissions boundary, or a policy that cannot be read, may allow more. What AWS
itself adds in an incident is recognised by its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from crossaccount.access.estate.entities import Policy
from crossaccount.access.estate.policies import Policies, compiled_policy
from crossaccount.iam.compiled import CompiledStatement, Kind
from crossaccount.iam.documents import as_list, canonical, statements

What = Literal[
    "inline policy", "attached policy", "membership", "permissions boundary", "edited policy", "edited trust", "unread"
]

INCIDENT: Mapping[str, str] = {
    "AWSCompromisedKeyQuarantine": "AWS quarantined a user whose access key is public",
    "AWSRevokeOlderSessions": "somebody revoked the role's sessions",
}
"""The name prefixes of what AWS itself adds in an incident, and their meaning.
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html"""


@dataclass(frozen=True)
class HandMade:
    """One manual change. ``holder`` is the ARN of the entity that has it (for ``unread``, the account ID).

    ``name`` is the name of an inline policy or group, or the ARN of a managed policy. ``documents`` are the removed
    documents by name; None is one that cannot be read. ``why`` is the reason why the removal is a broadening; empty if
    it is none.
    """

    stack: str
    holder: str
    what: What
    name: str
    documents: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""

    @property
    def broadens(self) -> bool:
        """Whether its removal may allow more."""
        return bool(self.why)

    @property
    def incident(self) -> str:
        """The incident that AWS responded to with it; empty if there is none."""
        if self.what not in ("inline policy", "attached policy"):
            return ""
        name = self.name.rsplit("/", 1)[-1]
        return next((reason for start, reason in INCIDENT.items() if name.startswith(start)), "")

    def to_json(self) -> dict[str, Any]:
        """An item of ``removals`` in the job's events."""
        return {
            "stack": self.stack,
            "holder": self.holder,
            "what": self.what,
            "name": self.name,
            "documents": dict(self.documents),
            "broadens": self.broadens,
            "incident": self.incident,
            "why": self.why,
        }


class Removals:
    """Collects the removals of one account. ``before`` is the account now."""

    def __init__(self, stack: str, before: Mapping[str, Any]) -> None:
        self._stack = stack
        self._policies = Policies([before])
        self.found: list[HandMade] = []

    def inline(self, holder: str, name: str, document: Any) -> None:
        """An inline policy is deleted."""
        self._add(holder, "inline policy", name, [compiled_policy(name, document)])

    def attached(self, holder: str, arn: str) -> None:
        """A managed policy is detached."""
        self._add(holder, "attached policy", arn, [self._policies.get(arn)])

    def membership(self, holder: str, group: Mapping[str, Any]) -> None:
        """A user leaves a group."""
        inline = [compiled_policy(str(e["PolicyName"]), e.get("PolicyDocument")) for e in group["GroupPolicyList"]]
        attached = self._policies.attached(group.get("AttachedPolicies"))
        self._add(holder, "membership", str(group["GroupName"]), [*inline, *attached])

    def boundary(self, holder: str, arn: str) -> None:
        """A permissions boundary is removed or replaced."""
        policy = self._policies.get(arn)
        why = "a permissions boundary limits what its holder may do"
        self.found.append(HandMade(self._stack, holder, "permissions boundary", arn, _documents([policy]), why))

    def edited(self, holder: str, name: str, was: Any, becomes: Any, kind: Kind = "permissions") -> None:
        """A document that somebody edited by hand is restored."""
        what: What = "edited trust" if kind == "trust" else "edited policy"
        policy = compiled_policy(name, was, kind)
        why = policy.unknown and f"it cannot be read: {policy.unknown}"
        if not why and (gone := list(_denies_gone(was, becomes))):
            why = f"it denies {_actions(gone)}"
        self.found.append(HandMade(self._stack, holder, what, name, {name: was}, why))

    def _add(self, holder: str, what: What, name: str, policies: list[Policy]) -> None:
        self.found.append(HandMade(self._stack, holder, what, name, _documents(policies), _why(policies)))


def unread(stack: str, account_id: str, why: str) -> HandMade:
    """An account that could not be read: manual changes there are unknown."""
    reason = f"manual changes there cannot be read: {why}"
    return HandMade(stack, account_id, "unread", account_id, {}, reason)


def _denied(statement: CompiledStatement) -> list[str]:
    return [f"all but {', '.join(statement.actions)}"] if statement.actions_inverted else list(statement.actions)


def _documents(policies: Iterable[Policy]) -> dict[str, Any]:
    return {policy.name: policy.document for policy in policies}


def _why(policies: Iterable[Policy]) -> str:
    for policy in policies:
        if policy.unknown:
            return f"{policy.name} cannot be read: {policy.unknown}"
        denied = [action for each in policy.statements if not each.allows for action in _denied(each)]
        if denied:
            return f"{policy.name} denies {_listed(denied)}"
    return ""


def _denies_gone(was: Mapping[str, Any], becomes: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    kept = statements(canonical(becomes)) if becomes else []
    return (each for each in statements(canonical(was)) if each.get("Effect") == "Deny" and each not in kept)


def _actions(found: Iterable[Mapping[str, Any]]) -> str:
    listed: list[str] = []
    for statement in found:
        listed += as_list(statement.get("Action", "everything else"))
    return _listed(listed)


def _listed(actions: Iterable[str]) -> str:
    found = list(dict.fromkeys(actions))
    return ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
