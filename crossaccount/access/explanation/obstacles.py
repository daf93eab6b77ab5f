"""The obstacles of an AssumeRole call, each with a change that removes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.evaluation.callers import ExternalPrincipal, Naming, assume_action
from crossaccount.access.evaluation.layers import Layers, allowing
from crossaccount.access.evaluation.sides import Allow, SideAnswer
from crossaccount.access.requirements import NEVER
from crossaccount.access.verdict import Decision, shown_conditions
from crossaccount.iam.arn import parse_arn


@dataclass(frozen=True)
class Addition:
    """A statement that would remove an obstacle: for an identity policy of ``owner``, or for the role's trust policy.

    ``side`` is ``identity`` or ``trust``, ``owner`` the ARN of the principal or of the role.
    """

    side: str
    owner: str
    statement: Mapping[str, Any]


@dataclass(frozen=True)
class ConfigChange:
    """The same in the config of a stack: ``lines`` of YAML to add under the key ``path`` of ``file``."""

    file: str
    path: str
    lines: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The change of a config in the commands' JSON."""
        return {"file": self.file, "path": self.path, "lines": list(self.lines)}


@dataclass(frozen=True)
class Change:
    """One obstacle. ``kind``: ``deny``, ``scp``, ``rcp``, ``boundary``, ``grant``, ``trust``, ``condition``.

    ``decision`` is the deciding statement; None if one is missing. ``fix`` is the change, in words or as the statement
    to add. ``adds`` is that statement, if it is for a single principal or role. ``config`` is set where a stack
    declares the account; its lines then follow ``fix``.
    """

    kind: str
    what: str
    fix: str
    decision: Decision | None = None
    adds: Addition | None = None
    config: ConfigChange | None = None

    def to_json(self) -> dict[str, Any]:
        """A change in the commands' JSON."""
        decided_by = self.decision.to_json() if self.decision else None
        config = self.config.to_json() if self.config else None
        return {"kind": self.kind, "what": self.what, "fix": self.fix, "decided_by": decided_by, "config": config}


def obstacles(layers: Layers, caller: Principal, role: Role, action: str | None = None) -> Iterator[Change]:
    """All obstacles of a request that is never allowed: for the role, or for an additional ``action``."""
    action = action or assume_action(caller)
    yield from _denies(layers)
    for side in _lacking(layers):
        yield _missing(side, *_fix(side, caller, role, action))
    rest = cleared(layers, caller)
    if rest.alternatives() == NEVER:
        yield _contradiction(rest)


def cleared(layers: Layers, caller: Principal) -> Layers:
    """The sides without unconditional denies and with the missing statements."""
    lacking, naming = _lacking(layers), Naming.ROLE if caller.is_role else Naming.DIRECT

    def clear(side: SideAnswer) -> SideAnswer:
        added = Allow(Decision(side.side, "", ""), naming if side is layers.trust else Naming.DIRECT)
        return side._replace(
            deny=None,
            allows=(added,) if any(side is each for each in lacking) else side.allows,
            denying=tuple(denial for denial in side.denying if denial.atoms),
        )

    return layers._replace(
        identity=layers.identity and clear(layers.identity),
        boundary=layers.boundary and clear(layers.boundary),
        scps=tuple(map(clear, layers.scps)),
        rcps=tuple(map(clear, layers.rcps)),
        trust=layers.trust and clear(layers.trust),
    )


_SIGN_IN = {
    "aws": "signin.aws.amazon.com",
    "aws-cn": "signin.amazonaws.cn",
    "aws-us-gov": "signin.amazonaws-us-gov.com",
}
"""The host of AWS's sign-in page, by partition."""


def _denies(layers: Layers) -> Iterator[Change]:
    for side in layers.sides():
        outright = [denial.decision for denial in side.denying if not denial.atoms]
        for decision in (side.deny, *outright):
            if decision is not None:
                yield Change("deny", "it is denied outright by", "remove the statement, or narrow it", decision)


def _lacking(layers: Layers) -> list[SideAnswer]:
    """The sides that must allow and never do. Within one account a trust in the caller is enough."""
    naming = max((allow.naming for allow in layers.trust.allows), default=Naming.NONE) if layers.trust else Naming.NONE
    alone = naming if layers.same_account else Naming.NONE
    own = (layers.boundary if alone < Naming.DIRECT else None, layers.identity if alone < Naming.ROLE else None)
    sides = (*layers.scps, *layers.rcps, *own, layers.trust)
    return [side for side in sides if side is not None and allowing(side) == NEVER]


def _fix(side: SideAnswer, caller: Principal, role: Role, action: str) -> tuple[str, Addition | None]:
    """The fix for a side that never allows: the narrowest statement to add, in words and as a value."""
    if side.side == "boundary":
        return f"let the boundary allow {action} on {role.arn}", None
    if side.side == "identity":
        grant = {"Effect": "Allow", "Action": action, "Resource": role.arn}
        fix = f"add to an identity policy of {caller.arn}: {json.dumps(grant)}"
        return fix, Addition("identity", caller.arn, grant)
    if side.side == "trust":
        trust = {"Effect": "Allow", **trusted(caller), "Action": action}
        return f"add to the trust policy of {role.arn}: {json.dumps(trust)}", Addition("trust", role.arn, trust)
    return f"let a statement of this level allow {action} on {role.arn}", None


def trusted(caller: Principal) -> dict[str, Any]:
    """``Principal`` and, if needed, ``Condition`` of a statement that allows only ``caller``.

    A user of a shared provider (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html)
    must be distinguished from its other users; only the reader knows which one to allow.
    """
    if caller.arn.startswith("o-"):
        return {"Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"aws:PrincipalOrgID": caller.arn}}}
    if not (isinstance(caller, ExternalPrincipal) and caller.provider):
        return {"Principal": {"AWS": caller.arn}}
    if caller.service:
        return {"Principal": {"Service": caller.arn}}
    if ":saml-provider/" in caller.arn:
        conditions = {"SAML:aud": f"https://{_SIGN_IN.get(parse_arn(caller.arn).partition, '<the sign-in page>')}/saml"}
    else:
        host = caller.arn.partition(":oidc-provider/")[2] or caller.arn
        conditions = {f"{host}:aud": "<the audience>", f"{host}:sub": "<the subject>"}
    return {"Principal": {"Federated": caller.arn}, "Condition": {"StringEquals": conditions}}


_WHAT = {
    "identity": ("grant", "no identity policy allows it"),
    "trust": ("trust", "the trust policy does not let the principal in"),
    "boundary": ("boundary", "the permissions boundary does not allow it"),
    "scp": ("scp", "a service control policy's level does not allow it"),
    "rcp": ("rcp", "a resource control policy's level does not allow it"),
}


def _missing(side: SideAnswer, fix: str, adds: Addition | None) -> Change:
    """The obstacle of a side that allows nothing: a Condition that this principal never meets, or a missing
    statement.
    """
    if side.near:
        near = side.near[0]
        what = f"never met by this principal is {shown_conditions(near.unmet)} of"
        return Change("condition", what, f"change the condition, or {fix}", near.decision, adds)
    kind, what = _WHAT[side.side]
    return Change(kind, what, fix, adds=adds)


def _contradiction(layers: Layers) -> Change:
    """Every side would allow, but no request meets the conditions of all of them."""
    conditions = [
        (allow.decision, str(atom)) for side in layers.sides() for allow in side.allows for atom in allow.atoms
    ]
    kept = [
        (denial.decision, f"not all of {', '.join(map(str, denial.atoms))}")
        for side in layers.sides()
        for denial in side.denying
    ]
    texts = [
        f"{text} ({decision.side}, {decision.policy}[{decision.statement}])" for decision, text in conditions + kept
    ]
    what = f"no request meets the conditions of all sides at once: {'; '.join(dict.fromkeys(texts))}"
    return Change("condition", what, "make the conditions agree")


def conflict(action: str, others: Sequence[str]) -> Change:
    """Each action has its alternatives, but no request meets those of all at once."""
    what = f"no request meets the conditions of {action} and those of {' and '.join(others)} at once"
    return Change("condition", what, "make the conditions agree")
