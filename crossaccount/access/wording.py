"""Verdicts with their sentence for people."""

from __future__ import annotations

from collections.abc import Iterable

from crossaccount.access.layers import Layers
from crossaccount.access.sides import Allow, Request
from crossaccount.access.verdict import Decision, Reason, Verdict
from crossaccount.iam.conditions import Condition

_SIDES = {
    "identity": "the identity policy",
    "trust": "the",
    "boundary": "the permissions boundary",
    "scp": "the service control policy",
    "rcp": "the resource control policy",
}


def explicitly_denied(deny: Decision, request: Request, unknown: tuple[str, ...]) -> Verdict:
    """A Deny statement decides."""
    message = f"{_statement(deny)} denies {_what(request)}"
    return Verdict("denied", request.action, message, "explicit-deny", deny, unknown=unknown)


def allowed(layers: Layers, request: Request) -> Verdict:
    """Nothing is in the way. The trust decides where there is one, else the grant."""
    grant, trust = layers.grant(), layers.trusting()
    parts = " and ".join(_statement(decision) for decision in (grant, trust) if decision)
    verb = "allow" if grant and trust else "allows"
    return Verdict(
        "allowed",
        request.action,
        f"{parts} {verb} {_what(request)}",
        decided_by=trust or grant,
        grant=grant,
        trust=trust,
    )


def undetermined(unknown: tuple[str, ...], request: Request) -> Verdict:
    """Policies that nobody knows could change the answer."""
    message = f"whether {_what(request)} is allowed hangs on what is not known: {'; '.join(unknown)}"
    return Verdict("undetermined", request.action, message, unknown=unknown)


def denied(reason: Reason, layers: Layers, request: Request) -> Verdict:
    """Nothing allows the request."""
    unknown = layers.unknown()
    near = layers.standing_in_the_way() if reason == "condition" else None
    if near is not None:
        return Verdict("denied", request.action, _condition(near, request), reason, near.decision, unknown=unknown)
    return Verdict("denied", request.action, _lacking(reason, request), reason, unknown=unknown)


def _lacking(reason: Reason, request: Request) -> str:
    what, caller = _what(request), request.caller
    if reason == "boundary" and caller.boundary is not None:
        return f"the permissions boundary {caller.boundary.name} does not allow {what}"
    texts = {
        "scp": f"the service control policies of {caller.account} do not allow {what}",
        "rcp": f"the resource control policies do not allow {what}",
        "no-grant": f"no identity policy of {caller.arn} allows {what}",
        "no-trust": f"the trust policy of {request.resource} does not let {caller.arn} in ({request.action})",
    }
    return texts.get(reason, f"a Condition keeps {what} from being allowed")


def _condition(near: Allow, request: Request) -> str:
    return f"{_statement(near.decision)} would allow {_what(request)}, but for {shown_conditions(near.unmet)}"


def shown_conditions(conditions: Iterable[Condition]) -> str:
    """Conditions in IAM's own words."""
    return " and ".join(
        f"{condition.operator} {condition.key} {', '.join(value.text for value in condition.values)}"
        for condition in conditions
    )


def _statement(decision: Decision) -> str:
    return f"{_SIDES[decision.side]} {decision.policy} (statement {decision.statement})"


def _what(request: Request) -> str:
    return f"{request.action} on {request.resource}"
