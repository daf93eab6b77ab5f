"""The evaluator: may this principal assume this role, and what may the role's session then do.

Definite: the request is fully described by its context, and the answer is allowed, denied (with the first of the
reasons in ``verdict.REASONS``), or undetermined where a policy that could change it is not known. Not judged: session
policies, VPC endpoint policies, and for actions the resource-based policies of what is acted on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from crossaccount.access.alternatives import Alternatives
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.evaluation.context import (
    NO_SESSION,
    Session,
    assume_context,
    open_session_context,
    session_context,
)
from crossaccount.access.evaluation.layers import Layers
from crossaccount.access.evaluation.outsiders import Outsider, is_provider, provider
from crossaccount.access.evaluation.services import is_service, service
from crossaccount.access.evaluation.sides import SILENT, Request, Weigh, Weighed, weigh
from crossaccount.access.evaluation.wording import allowed, denied, explicitly_denied, undetermined
from crossaccount.access.verdict import REASONS, Verdict
from crossaccount.iam.actions import matching_actions, resource_arns, service_exists
from crossaccount.iam.arn import is_arn, parse_arn
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.conditions.context import ContextValue

ASSUME_ROLE = "sts:AssumeRole"
ASSUMING = (ASSUME_ROLE, "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")


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
    beside = [request._replace(action=each) for each in session.actions()]
    return min((verdict, *[_conclude(assume_layers(estate, each, role), each) for each in beside]), key=_rank)


def assume_action(caller: Principal) -> str:
    """The action by which a caller assumes a role: its own for each kind of identity provider."""
    if not (isinstance(caller, Outsider) and caller.provider) or caller.service:
        return ASSUME_ROLE
    return f"{ASSUME_ROLE}WithSAML" if ":saml-provider/" in caller.arn else f"{ASSUME_ROLE}WithWebIdentity"


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


def action_alternatives(estate: Estate, role_arn: str, action: str, resource: str) -> Alternatives | None:
    """On which conditions a session of the role may do ``action`` on ``resource``, as :func:`judge_action` has it.

    None where the estate does not have the role.
    """
    role = estate.roles.get(role_arn)
    if role is None:
        return None
    request = _session_request(role, action, resource, open_session_context(role))
    return call_layers(estate, request).alternatives()


def _session_request(role: Role, action: str, resource: str, context: RequestContext) -> Request:
    return Request(role, action, "*" if takes_no_resource(action) else resource, context)


def call_layers(estate: Estate, request: Request) -> Layers:
    """All sides of a call in the caller's own account, under a complete context or an open one."""
    return _layers(estate, request, request.caller.account, weigh)


def takes_no_resource(action: str) -> bool:
    """Whether AWS's published list says of an action that it cannot be limited to a resource."""
    service, _, name = action.partition(":")
    return service_exists(service) and bool(matching_actions(service, name)) and resource_arns(service, name) == []


def assume_layers(estate: Estate, request: Request, role: Role, weigh: Weigh = weigh) -> Layers:
    """All sides of an assumption, under a complete context or an open one.

    Whatever a trust says, it lets in nobody of another partition: "You cannot delegate access between accounts in
    different partitions" (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html).
    """
    trust = weigh("trust", (role.trust,), request) if can_reach(request.caller, role) else SILENT["trust"]
    return _layers(estate, request, role.account, weigh, trust)


def can_reach(caller: Principal, role: Role) -> bool:
    """Whether a caller is in the role's partition. Of who is outside the sources that is not known."""
    return isinstance(caller, Outsider) or caller.partition == role.partition


def _layers(
    estate: Estate, request: Request, resource_account: str, weigh: Weigh, trust: Weighed | None = None
) -> Layers:
    """SCPs are those of the caller's account, RCPs those of the resource's. Neither limits service-linked roles.

    Who comes through an identity provider is no principal of any account, so no SCP is about him.
    """
    caller = request.caller
    free = caller.is_service_linked
    scps = () if free else estate.service_control.get(caller.account, ())
    rcps = () if free else estate.resource_control.get(resource_account, ())
    outside = isinstance(caller, Outsider)
    return Layers(
        None if outside else weigh("identity", caller.saying(request.action), request),
        None if caller.boundary is None else weigh("boundary", (caller.boundary,), request),
        tuple([weigh("scp", level, request) for level in scps]),
        tuple([weigh("rcp", level, request) for level in rcps]),
        trust,
        caller.account == resource_account,
    )


def _conclude(layers: Layers, request: Request) -> Verdict:
    unknown = layers.unknown()
    if deny := layers.deny():
        return explicitly_denied(deny, request, unknown)
    if layers.obstacle() is None:
        return undetermined(unknown, request) if unknown else allowed(layers, request)
    return denied(layers.obstacle(near=True) or "condition", layers, request, unknown)


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
