"""One change of access, and all changes of a diff with their verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from crossaccount.access.chains.way import Conditions
from crossaccount.access.requirements import Requirements, requirements_json

Kind = Literal[
    "path-gained",
    "path-lost",
    "path-loosened",
    "path-tightened",
    "permission-gained",
    "permission-lost",
    "credential-gained",
    "credential-lost",
]
Direction = Literal["broadening", "narrowing", "neutral"]
VerdictWord = Literal["broadening", "narrowing", "mixed", "neutral"]
AccessLevel = Literal["list", "read", "tagging", "write", "permissions-management"]

Alternatives = tuple[Conditions, ...]
"""The conditions of a way: an OR of ANDs, hop by hop."""

BROADENING: tuple[Kind, ...] = ("path-gained", "path-loosened", "permission-gained", "credential-gained")


@dataclass(frozen=True)
class Change:
    """One gain or loss of access.

    Of a path: ``principal`` → ``role``, ``before`` and ``after`` what there is to meet (None: there was no path). Of a
    permission: its holder, a user as ``principal`` or a role as ``role`` (both where a trust lets the one into the
    other); ``actions`` and ``resources`` as patterns, the highest ``access_level`` of all the actions together, and
    under ``after`` (gained) or ``before`` (lost) the conditions on which; ``whole`` says in words which policy of AWS's
    own the actions are, where they are all that a long statement of it has. Of a credential: its user as ``principal``,
    ``credential`` what it is, and ``assumes`` whether its user may assume a role with it. ``why`` says in words what
    does it.
    """

    kind: Kind
    principal: str | None
    role: str | None
    before: Requirements | None = None
    after: Requirements | None = None
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    access_level: AccessLevel | None = None
    why: str = ""
    credential: str = ""
    assumes: bool = False
    whole: str = ""

    @property
    def direction(self) -> Direction:
        """Whether the change gives more access or less. A credential of a user without roles is neutral."""
        if self.credential and not self.assumes:
            return "neutral"
        return "broadening" if self.kind in BROADENING else "narrowing"

    @property
    def is_path(self) -> bool:
        """Whether it is about a path."""
        return self.kind.startswith("path")

    def to_json(self) -> dict[str, Any]:
        """A change in the commands' JSON."""
        return {
            "kind": self.kind,
            "principal": self.principal,
            "role": self.role,
            "before": _json(self.before),
            "after": _json(self.after),
            "actions": list(self.actions),
            "resources": list(self.resources),
            "access_level": self.access_level,
            "why": self.why,
            **({"credential": self.credential, "assumes": self.assumes} if self.credential else {}),
        }


@dataclass(frozen=True)
class Reach:
    """A principal that reaches a role through the roles ``via``, with the conditions before and after.

    None means that the pair has no way. Before a way was opened there may have been a direct path, or another way.
    """

    principal: str
    role: str
    via: tuple[str, ...]
    before: Alternatives | None
    after: Alternatives | None

    @property
    def opens(self) -> bool:
        """Whether the way is new; False if it is lost."""
        return self.after is not None

    def goes_through(self, change: Change) -> bool:
        """Whether one of its hops is a changed path."""
        stops = (self.principal, *self.via, self.role)
        return any((change.principal, change.role) == hop for hop in pairwise(stops))

    def to_json(self) -> dict[str, Any]:
        """An item of ``reach`` in the JSON of ``diff``."""
        return {
            "principal": self.principal,
            "role": self.role,
            "via": list(self.via),
            "before": _hops_json(self.before),
            "after": _hops_json(self.after),
        }


def _hops_json(alternatives: Alternatives | None) -> list[list[dict[str, Any]]] | None:
    return None if alternatives is None else [[each.to_json() for each in conditions] for conditions in alternatives]


@dataclass(frozen=True)
class AccessDiff:
    """All changes: paths, then credentials, then permissions, each sorted by principal and role.

    ``reach`` are the ways through other roles that they open and close; the verdict depends on the changes alone.
    """

    changes: tuple[Change, ...] = ()
    reach: tuple[Reach, ...] = ()

    @classmethod
    def of(cls, changes: Iterable[Change], reach: tuple[Reach, ...] = ()) -> AccessDiff:
        """The changes in order, each once."""
        return cls(tuple(sorted(dict.fromkeys(changes), key=_order)), reach)

    @property
    def verdict(self) -> VerdictWord:
        """The verdict on all changes together."""
        directions = {change.direction for change in self.changes} - {"neutral"}
        if len(directions) == 2:
            return "mixed"
        return directions.pop() if directions else "neutral"

    @property
    def broadens(self) -> bool:
        """Whether anything is gained."""
        return self.verdict in ("broadening", "mixed")

    @property
    def hands_out(self) -> bool:
        """Whether a user gains a credential, also one that can assume nothing."""
        return any(change.kind == "credential-gained" for change in self.changes)

    def to_json(self) -> dict[str, Any]:
        """The JSON document of ``diff``."""
        return {
            "verdict": self.verdict,
            "changes": [change.to_json() for change in self.changes],
            "reach": [each.to_json() for each in self.reach],
        }


def _json(alternatives: Requirements | None) -> list[list[dict[str, Any]]] | None:
    return None if alternatives is None else requirements_json(alternatives)


def _order(change: Change) -> tuple[object, ...]:
    ends = (change.principal or "", change.role or "")
    rank = 0 if change.is_path else 1 if change.credential else 2
    return rank, *ends, change.kind, change.credential, change.actions, change.resources, change.why
