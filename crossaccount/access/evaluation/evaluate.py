"""The evaluator: may this principal assume this role, and what may the role's session then do.

Definite: the request is fully described by its context, and the answer is allowed, denied (with the first of the
reasons in ``verdict.REASONS``), or undetermined where a policy that could change it is not known. Not judged: session
policies, VPC endpoint policies, and for actions the resource-based policies of what is acted on. A verdict has its
sentence for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.evaluation.callers import (
    ASSUME_ROLE,
    assume_action,
    is_provider,
    is_service,
    provider,
    service,
)
from crossaccount.access.evaluation.context import (
    NO_SESSION,
    Session,
    assume_context,
    open_session_context,
    session_context,
)
from crossaccount.access.evaluation.layers import Layers, assume_layers, call_layers
from crossaccount.access.evaluation.sides import Request
from crossaccount.access.requirements import Requirements
from crossaccount.access.verdict import (
    REASONS,
    Decision,
    Reason,
    Verdict,
    allow_in_words,
    but_for_in_words,
    denies_in_words,
    lacking_in_words,
    unknown_in_words,
)
from crossaccount.iam.arn import is_arn, parse_arn
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.conditions.context import ContextValue
from crossaccount.iam.published import matching_actions, resource_arns, service_exists


def judge_assume(
    estate: Estate,
    principal_arn: str,
    role_arn: str,
    context: Mapping[str, ContextValue],
    *,
    session: Session | None = None,
    action: str | None = None,
    now: datetime,
) -> Verdict:
    """Whether a user or a role may assume a role, under the given context.

    ``principal_arn`` may also be an identity provider (its ARN, or ``accounts.google.com``): then it is whether those
    whom it vouches for may; or an AWS service (``ec2.amazonaws.com``). ``action`` is ``sts:AssumeRole``, for a provider
    that of its kind (:func:`assume_action`). With a session that has tags or a source identity both sides have to allow
    ``sts:TagSession`` and ``sts:SetSourceIdentity`` as well. Of an account that no source describes, and of whoever is
    in it, nothing is known but what a trust says: undetermined. The root user of another assumes no role, whatever a
    trust says ("You cannot call AssumeRole by using AWS account root user credentials", STS API Reference).
    """
    caller = estate.principal(principal_arn)
    if caller is None and is_service(principal_arn):
        caller = service(principal_arn)
    elif caller is None and is_provider(principal_arn):
        caller = provider(principal_arn)
    elif caller is None and is_root(principal_arn) and parse_arn(principal_arn).account in estate.accounts:
        message = f"{principal_arn} is an account's root user, whom AWS lets assume no role"
        return Verdict("denied", ASSUME_ROLE, message, reason="no-trust")
    role = estate.roles.get(role_arn)
    if caller is None or role is None:
        return _not_there(estate, principal_arn if caller is None else role_arn, ASSUME_ROLE)
    session = session or NO_SESSION
    request_context = assume_context(caller, context, session, now, role)
    return judge_assume_in(estate, caller, role, request_context, session, action)


def judge_assume_in(
    estate: Estate,
    caller: Principal,
    role: Role,
    context: RequestContext,
    session: Session = NO_SESSION,
    action: str | None = None,
) -> Verdict:
    """As :func:`judge_assume`, for a context that is complete already."""
    request = Request(caller, action or assume_action(caller), role.arn, context)
    verdict = _conclude(assume_layers(estate, request, role), request)
    if session is NO_SESSION:
        return verdict
    others = [request._replace(action=each) for each in session.actions()]
    return min((verdict, *[_conclude(assume_layers(estate, each, role), each) for each in others]), key=_rank)


def judge_action(
    estate: Estate,
    role_arn: str,
    action: str,
    resource: str,
    context: Mapping[str, ContextValue],
    *,
    session: Session | None = None,
    now: datetime,
) -> Verdict:
    """Whether a session of the role may do ``action`` on ``resource``, a resource of the role's own account.

    Judged are the role's identity policies within its boundary and the account's control policies. A resource's own
    policy is not in an estate: it may allow or deny more, and in another account it has to allow. An action that takes
    no resource (``s3:ListAllMyBuckets``) is asked of ``*`` whatever ``resource`` says, as AWS does.
    """
    role = estate.roles.get(role_arn)
    if role is None:
        return _not_there(estate, role_arn, action)
    request_context = session_context(role, context, now, session=session or NO_SESSION)
    return judge_action_in(estate, role, action, resource, request_context)


def judge_action_in(estate: Estate, role: Role, action: str, resource: str, context: RequestContext) -> Verdict:
    """As :func:`judge_action`, for a context that is complete already."""
    request = _session_request(role, action, resource, context)
    return _conclude(call_layers(estate, request), request)


def action_alternatives(estate: Estate, role_arn: str, action: str, resource: str) -> Requirements | None:
    """On which conditions a session of the role may do ``action`` on ``resource``, as :func:`judge_action` has it.

    None where the estate does not have the role.
    """
    role = estate.roles.get(role_arn)
    if role is None:
        return None
    request = _session_request(role, action, resource, open_session_context(role, action, estate.since))
    return call_layers(estate, request).alternatives()


def _session_request(role: Role, action: str, resource: str, context: RequestContext) -> Request:
    return Request(role, action, "*" if takes_no_resource(action) else resource, context)


def takes_no_resource(action: str) -> bool:
    """Whether AWS's published list says of an action that it cannot be limited to a resource."""
    service, _, name = action.partition(":")
    return service_exists(service) and bool(matching_actions(service, name)) and resource_arns(service, name) == []


def _conclude(layers: Layers, request: Request) -> Verdict:
    unknown = layers.unknown()
    if deny := layers.deny():
        return _explicitly_denied(deny, request, unknown)
    if layers.obstacle() is None:
        return _undetermined(unknown, request) if unknown else _allowed(layers, request)
    return _denied(layers.obstacle(near=True) or "condition", layers, request, unknown)


def _explicitly_denied(deny: Decision, request: Request, unknown: tuple[str, ...]) -> Verdict:
    """A Deny statement decides."""
    sentence = (denies_in_words, (deny, request.action, request.resource))
    return Verdict("denied", request.action, sentence, "explicit-deny", deny, unknown=unknown)


def _allowed(layers: Layers, request: Request) -> Verdict:
    """Nothing is in the way. The trust decides where there is one, else the grant."""
    grant, trust = layers.grant(), layers.trusting()
    sentence = (allow_in_words, (grant, trust, request.action, request.resource))
    return Verdict("allowed", request.action, sentence, None, trust or grant, grant, trust)


def _undetermined(unknown: tuple[str, ...], request: Request) -> Verdict:
    """Policies that nobody knows could change the answer."""
    sentence = (unknown_in_words, (unknown, request.action, request.resource))
    return Verdict("undetermined", request.action, sentence, unknown=unknown)


def _denied(reason: Reason, layers: Layers, request: Request, unknown: tuple[str, ...]) -> Verdict:
    """Nothing allows the request."""
    if reason == "condition":
        near = layers.standing_in_the_way()
        sentence = (but_for_in_words, (near.decision, near.unmet, request.action, request.resource))
        return Verdict("denied", request.action, sentence, reason, near.decision, unknown=unknown)
    caller = request.caller
    boundary = caller.boundary.name if caller.boundary else ""
    lacking = (lacking_in_words, (reason, caller.arn, caller.account, boundary, request.action, request.resource))
    return Verdict("denied", request.action, lacking, reason, unknown=unknown)


def _rank(verdict: Verdict) -> int:
    """A sure denial first, among denials the first reason.

    Where none is denied all are allowed, or all undetermined: what nobody knows is the same for every action.
    """
    return len(REASONS) if verdict.reason is None else REASONS.index(verdict.reason)


def is_root(arn: str) -> bool:
    """Whether an ARN is an account's own (``…:root``)."""
    return is_arn(arn) and parse_arn(arn).kind == "root"


def absence(estate: Estate, arn: str) -> str:
    """Why nothing is known of a principal or a role that the estate does not have."""
    if is_arn(arn) and parse_arn(arn).account in estate.accounts:
        return f"{arn} does not exist in its account's source"
    return f"no source describes the account of {arn}"


def _not_there(estate: Estate, arn: str, action: str) -> Verdict:
    return Verdict("undetermined", action, absence(estate, arn))
