"""What a finding is: a kind with a stable code, a place, and a sentence each on what is wrong and what to do.

Rules yield :class:`Found`, which knows its place in AWS's own terms; :class:`Finding` is what people and programs get,
its ``where`` a text: a place in the config where the estate is a stack's, else an ARN and a statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from crossaccount.access.estate.entities import TRUST_POLICY

Severity = Literal["error", "warning"]

Element = Literal[
    "", "mfa", "external_id", "principals", "services", "conditions", "actions", "resources", "max_session_duration"
]
"""The part of a statement (or of an entity) that a finding is about, as the config calls it."""

INLINE, ATTACHED, GROUPS_OF = "inline policies", "managed policies", "list of groups"
"""What stands for a policy's name where all of an entity's count together. IAM takes no space in a name."""
OF_THE_ENTITY = (TRUST_POLICY, INLINE, ATTACHED, GROUPS_OF)

_IN_IAM: Mapping[Element, str] = {
    "mfa": ".Condition",
    "external_id": ".Condition",
    "conditions": ".Condition",
    "principals": ".Principal",
    "services": ".Principal",
    "actions": ".Action",
    "resources": ".Resource",
    "max_session_duration": " MaxSessionDuration",
}


@dataclass(frozen=True)
class Kind:
    """One kind of finding. ``severity`` is ``error`` only for what AWS refuses or what locks out or opens access.

    ``why`` says what comes of it, ``fix`` what to do about it in general, ``source`` where the rule is from.
    """

    code: str
    severity: Severity
    title: str
    why: str
    fix: str
    source: str

    @property
    def hint(self) -> str:
        """``fix`` as the second half of a line: without capital and full stop."""
        first = self.fix[:1].lower() if self.fix[1:2].islower() or self.fix[1:2] == " " else self.fix[:1]
        return first + self.fix[1:].removesuffix(".")


@dataclass(frozen=True)
class Place:
    """Where in an estate: an entity, a policy of it, a statement of that, an element of that, as far as it goes.

    ``policy`` is an inline policy's name, one of ``OF_THE_ENTITY``, or empty (a managed policy is its own ``owner``).
    ``statement`` is the statement itself, by which it is found again in a config that orders them otherwise.
    """

    owner: str
    policy: str = ""
    index: int | None = None
    element: Element = ""
    statement: Mapping[str, Any] = field(default_factory=dict, compare=False, hash=False)

    def __str__(self) -> str:
        named = self.policy if self.policy in ("", *OF_THE_ENTITY) else f"inline policy {self.policy}"
        statement = "" if self.index is None else f"Statement[{self.index}]"
        text = " ".join(part for part in (self.owner, named, statement) if part)
        suffix = _IN_IAM.get(self.element, "")
        return text + (suffix if self.index is not None or not suffix.startswith(".") else "")


@dataclass(frozen=True)
class Finding:
    """One finding, as it is printed. ``where`` can be given to ``crossaccount:suppress``."""

    code: str
    severity: Severity
    where: str
    message: str
    fix: str

    def to_json(self) -> dict[str, str]:
        """An item of ``findings`` in the commands' JSON."""
        return {
            "code": self.code,
            "severity": self.severity,
            "where": self.where,
            "message": self.message,
            "fix": self.fix,
        }


@dataclass(frozen=True)
class Found:
    """A finding as a rule yields it: its place not yet a text."""

    kind: Kind
    place: Place
    message: str
    fix: str

    def at(self, where: str) -> Finding:
        """The finding with its place as people should read it."""
        return Finding(self.kind.code, self.kind.severity, where, self.message, self.fix)
