"""Everything that keeps an assumption from being allowed, each with the change that would take it out of the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crossaccount.access.alternatives import NEVER
from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.evaluation.evaluate import assume_action
from crossaccount.access.evaluation.layers import Layers, allowing
from crossaccount.access.evaluation.outsiders import Outsider
from crossaccount.access.evaluation.principals import Naming
from crossaccount.access.evaluation.sides import Weighed
from crossaccount.access.evaluation.wording import shown_conditions
from crossaccount.access.verdict import Decision


@dataclass(frozen=True)
class Change:
    """One thing in the way. ``kind``: ``deny``, ``scp``, ``rcp``, ``boundary``, ``grant``, ``trust``, ``condition``.

    ``decision`` is the statement that stands there, None where one is missing; ``fix`` says what to do, in words or as
    the statement to add.
    """

    kind: str
    what: str
    fix: str
    decision: Decision | None = None

    def to_json(self) -> dict[str, Any]:
        """A change in the commands' JSON."""
        decided_by = self.decision.to_json() if self.decision else None
        return {"kind": self.kind, "what": self.what, "fix": self.fix, "decided_by": decided_by}


def obstacles(layers: Layers, caller: Principal, role: Role, action: str | None = None) -> Iterator[Change]:
    """All that is in the way of a request which is never allowed; it is for a role, or for ``action`` beside that."""
    action = action or assume_action(caller)
    found = list(_denies(layers))
    for side in (*layers.scps, *layers.rcps):
        if not _may_allow(side):
            found.append(_missing(side, f"let a statement of this level allow {action} on {role.arn}"))
    found += _own(layers, caller, role, action)
    yield from found or [_contradiction(layers)]


def _denies(layers: Layers) -> Iterator[Change]:
    for side in layers.sides():
        if side.deny:
            yield Change("deny", "it is denied outright by", "take the statement away, or narrow it", side.deny)


def _own(layers: Layers, caller: Principal, role: Role, action: str) -> Iterator[Change]:
    """What the caller's own policies and the trust lack. In one account a trust in the caller would do as well."""
    naming = max((allow.naming for allow in layers.trust.allows), default=Naming.NONE) if layers.trust else Naming.NONE
    alone = naming if layers.same_account else Naming.NONE
    if layers.boundary is not None and not _may_allow(layers.boundary) and alone < Naming.DIRECT:
        yield _missing(layers.boundary, f"let the boundary allow {action} on {role.arn}")
    if layers.identity is not None and not _may_allow(layers.identity) and alone < Naming.ROLE:
        grant = {"Effect": "Allow", "Action": action, "Resource": role.arn}
        yield _missing(layers.identity, f"add to an identity policy of {caller.arn}: {json.dumps(grant)}")
    if layers.trust is not None and not _may_allow(layers.trust):
        kind = "Federated" if isinstance(caller, Outsider) and caller.provider else "AWS"
        trust = {"Effect": "Allow", "Principal": {kind: caller.arn}, "Action": action}
        yield _missing(layers.trust, f"add to the trust policy of {role.arn}: {json.dumps(trust)}")


def _may_allow(side: Weighed) -> bool:
    return allowing(side) != NEVER


_WHAT = {
    "identity": ("grant", "no identity policy allows it"),
    "trust": ("trust", "the trust policy does not let the principal in"),
    "boundary": ("boundary", "the permissions boundary does not allow it"),
    "scp": ("scp", "a service control policy's level does not allow it"),
    "rcp": ("rcp", "a resource control policy's level does not allow it"),
}


def _missing(side: Weighed, fix: str) -> Change:
    """A side that allows nothing: for a Condition that this principal never meets, or for want of a statement."""
    if side.near:
        near = side.near[0]
        what = f"never met by this principal is {shown_conditions(near.unmet)} of"
        return Change("condition", what, f"change the condition, or {fix}", near.decision)
    kind, what = _WHAT[side.side]
    return Change(kind, what, fix)


def _contradiction(layers: Layers) -> Change:
    """Every side would allow, but no request meets the conditions of all of them."""
    asked = [(allow.decision, str(atom)) for side in layers.sides() for allow in side.allows for atom in allow.atoms]
    kept = [
        (denial.decision, f"not all of {', '.join(map(str, denial.atoms))}")
        for side in layers.sides()
        for denial in side.denying
    ]
    texts = [f"{text} ({decision.side}, {decision.policy}[{decision.statement}])" for decision, text in asked + kept]
    what = f"no request meets the conditions of all sides at once: {'; '.join(dict.fromkeys(texts))}"
    return Change("condition", what, "make the conditions agree")
