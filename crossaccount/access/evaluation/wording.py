"""Verdicts with their sentence for people."""

from __future__ import annotations

from collections.abc import Iterable

from crossaccount.access.estate.entities import Principal
from crossaccount.access.evaluation.layers import Layers
from crossaccount.access.evaluation.sides import Allow, Request
from crossaccount.access.verdict import Decision, Reason, Verdict
from crossaccount.iam.conditions import Condition

SIDES_IN_WORDS = {
    "identity": "the identity policy",
    "trust": "the",
    "boundary": "the permissions boundary",
    "scp": "the service control policy",
    "rcp": "the resource control policy",
}


def explicitly_denied(deny: Decision, request: Request, unknown: tuple[str, ...]) -> Verdict:
    """A Deny statement decides."""
    told = (_denies, (deny, request.action, request.resource))
    return Verdict("denied", request.action, told, "explicit-deny", deny, unknown=unknown)


def allowed(layers: Layers, request: Request) -> Verdict:
    """Nothing is in the way. The trust decides where there is one, else the grant."""
    grant, trust = layers.grant(), layers.trusting()
    told = (_allow, (grant, trust, request.action, request.resource))
    return Verdict("allowed", request.action, told, None, trust or grant, grant, trust)


def undetermined(unknown: tuple[str, ...], request: Request) -> Verdict:
    """Policies that nobody knows could change the answer."""
    told = (_hangs, (unknown, request.action, request.resource))
    return Verdict("undetermined", request.action, told, unknown=unknown)


def denied(reason: Reason, layers: Layers, request: Request, unknown: tuple[str, ...]) -> Verdict:
    """Nothing allows the request."""
    if reason == "condition":
        near = layers.standing_in_the_way()
        told = (_but_for, (near, request.action, request.resource))
        return Verdict("denied", request.action, told, reason, near.decision, unknown=unknown)
    lacking = (_lacking, (reason, request.caller, request.action, request.resource))
    return Verdict("denied", request.action, lacking, reason, unknown=unknown)


def _denies(deny: Decision, action: str, resource: str) -> str:
    return f"{_statement(deny)} denies {action} on {resource}"


def _allow(grant: Decision | None, trust: Decision | None, action: str, resource: str) -> str:
    parts = " and ".join(_statement(decision) for decision in (grant, trust) if decision)
    return f"{parts} {'allow' if grant and trust else 'allows'} {action} on {resource}"


def _hangs(unknown: tuple[str, ...], action: str, resource: str) -> str:
    return f"whether {action} on {resource} is allowed hangs on what is not known: {'; '.join(unknown)}"


def _lacking(reason: Reason, caller: Principal, action: str, resource: str) -> str:
    what = f"{action} on {resource}"
    if reason == "boundary" and caller.boundary is not None:
        return f"the permissions boundary {caller.boundary.name} does not allow {what}"
    texts = {
        "scp": f"the service control policies of {caller.account} do not allow {what}",
        "rcp": f"the resource control policies do not allow {what}",
        "no-grant": f"no identity policy of {caller.arn} allows {what}",
        "no-trust": f"the trust policy of {resource} does not let {caller.arn} in ({action})",
    }
    return texts[reason]


def _but_for(near: Allow, action: str, resource: str) -> str:
    return f"{_statement(near.decision)} would allow {action} on {resource}, but for {shown_conditions(near.unmet)}"


def shown_conditions(conditions: Iterable[Condition]) -> str:
    """Conditions in IAM's own words."""
    return " and ".join(
        f"{condition.operator} {condition.key} {', '.join(value.text for value in condition.values)}"
        for condition in conditions
    )


def _statement(decision: Decision) -> str:
    return f"{SIDES_IN_WORDS[decision.side]} {decision.policy} (statement {decision.statement})"
