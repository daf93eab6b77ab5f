"""The evaluator: may this principal assume this role, and what may the resulting session do.

The context describes the request completely. The answer is allowed, denied (with the first applicable reason of
``verdict.REASONS``), or undetermined if an unknown policy could change it. Session policies, VPC endpoint policies and,
for actions, resource-based policies are not evaluated. Each verdict has a sentence for people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import TRUST_POLICY, Principal, Role
from crossaccount.access.evaluation.callers import (
    ASSUME_ROLE,
    assume_action,
    is_provider,
    is_service,
    provider,
    service,
    sessions_of,
)
from crossaccount.access.evaluation.context import (
    CARRIED_IDENTITY,
    NO_SESSION,
    SET_SOURCE_IDENTITY,
    Session,
    assume_context,
    open_session_context,
    session_context,
)
from crossaccount.access.evaluation.layers import (
    Layers,
    assume_layers,
    call_layers,
    carried_actions,
)
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
from crossaccount.iam.arn import ACCOUNT_ID, is_arn, parse_arn
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.conditions.context import ContextValue, normal
from crossaccount.iam.nearest import nearest
from crossaccount.iam.published import takes_no_resource

USER_ID = "aws:userid"
_SOME = "?"
"""Stands for a value that nobody gives; no condition looks at it."""
_SESSION = re.compile(r"\Aarn:[\w-]+:sts::\d{12}:assumed-role/[^/*?]+/[^/*?]+\Z")


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

    ``principal_arn`` may also be an identity provider (its ARN, or ``accounts.google.com``), for its users, or an AWS
    service (``ec2.amazonaws.com``). The action is ``sts:AssumeRole``; for identity providers, the matching
    AssumeRoleWith… action (:func:`assume_action`). If the session has tags or a source identity, both sides must also
    allow ``sts:TagSession`` and ``sts:SetSourceIdentity``. The policies of an account without a source are unknown, so
    the verdict for its principals is undetermined. A root user can assume no role, whatever a trust allows ("You cannot
    call AssumeRole by using AWS account root user credentials", STS API Reference).
    """
    caller = caller_of(estate, principal_arn)
    context = {**session_of(principal_arn, caller), **context}
    if caller is None and is_root(principal_arn) and parse_arn(principal_arn).account in estate.accounts:
        message = f"{principal_arn} is an account's root user, which AWS does not allow to assume a role"
        return Verdict("denied", ASSUME_ROLE, message, reason="no-trust")
    role = estate.roles.get(role_arn)
    if caller is None or role is None:
        return _nonexistent(estate, principal_arn if caller is None else role_arn, ASSUME_ROLE)
    session = session or NO_SESSION
    request_context = assume_context(caller, context, session, now, role)
    return judge_assume_in(estate, caller, role, request_context, session, action)


def caller_of(estate: Estate, name: str) -> Principal | None:
    """The caller of an ARN or a name: a user, a role (also by the ARN of a session), a provider, or a service.

    None if no source has it.
    """
    if (found := estate.principal(name)) is not None:
        return found
    if is_service(name):
        return service(name)
    if is_provider(name):
        return provider(name)
    if not is_session(name):
        return None
    arn = parse_arn(name)
    role = arn.resource.split("/")[1]
    return next((each for each in estate.roles.values() if (each.account, each.name) == (arn.account, role)), None)


def session_of(name: str, caller: Principal | None) -> dict[str, ContextValue]:
    """The additional keys of requests by the session of an ARN; empty for any other name."""
    if caller is None or not is_session(name):
        return {}
    return {USER_ID: f"{caller.unique_id or ''}:{parse_arn(name).resource.split('/')[2]}"}


def is_session(name: str) -> bool:
    """Whether a name is the ARN of a role's session (``arn:aws:sts::…:assumed-role/role/session``)."""
    return is_arn(name) and _SESSION.match(name) is not None


def session_dependent_verdict(
    estate: Estate, caller: Principal, role: Role, context: RequestContext, session: Session, verdict: Verdict
) -> Verdict | None:
    """An undetermined verdict if the answer depends on which session calls; None if it does not, or if the session is
    given.
    """
    if SET_SOURCE_IDENTITY in carried_actions(caller) and context.get(CARRIED_IDENTITY) is None:
        return _of_some_identity(estate, caller, role, context, session)
    if context.get(USER_ID) is not None:
        return None
    others = (judge_assume_in(estate, caller, role, each, session) for each in as_sessions(caller, role, context))
    if all(other.outcome == verdict.outcome for other in others):
        return None
    names = ", ".join(named_sessions(caller, role))
    unknown = f"which session of {caller.arn} calls: the {TRUST_POLICY} names {names}; give {USER_ID} in context"
    return _undetermined((unknown,), Request(caller, verdict.action, role.arn, context))


def _of_some_identity(
    estate: Estate, caller: Principal, role: Role, context: RequestContext, session: Session
) -> Verdict:
    """The verdict on a caller whose sessions all carry a source identity, which the context does not give."""
    carrying = context.having(CARRIED_IDENTITY, (_SOME,))
    supposed = [carrying.supposing(CARRIED_IDENTITY, answer) for answer in (False, True)]
    one, other = (judge_assume_in(estate, caller, role, each, session) for each in supposed)
    if one.outcome == other.outcome:
        return one
    unknown = f"which source identity the session of {caller.arn} carries; give aws:SourceIdentity in context"
    return _undetermined((unknown,), Request(caller, one.action, role.arn, context))


def as_sessions(caller: Principal, role: Role, context: RequestContext) -> list[RequestContext]:
    """A request as each session of the caller that a trust names, and as one that it does not name."""
    named = named_sessions(caller, role)
    ids = [f"{caller.unique_id}:{name}" for name in (*named, "-".join(("not", *named)))] if named else []
    return [context.having(USER_ID, (each,)) for each in ids]


def named_sessions(caller: Principal, role: Role) -> list[str]:
    """The names of the caller's own sessions that a role's trust lists."""
    elements = (statement.principal for statement in role.trust.statements)
    return [name for element in elements if element for name in sessions_of(element, caller)]


def judge_assume_in(
    estate: Estate,
    caller: Principal,
    role: Role,
    context: RequestContext,
    session: Session = NO_SESSION,
    action: str | None = None,
) -> Verdict:
    """As :func:`judge_assume`, for a complete context."""
    request = Request(caller, action or assume_action(caller), role.arn, context)
    verdict = _conclude(assume_layers(estate, request, role), request)
    needed = dict.fromkeys((*carried_actions(caller), *session.actions()))
    if not needed:
        return verdict
    others = [request._replace(action=each) for each in needed]
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

    This evaluates the role's identity policies, its boundary and the account's control policies. An estate has no
    resource-based policies: these may allow or deny more, and in another account they must allow. For an action without
    resources (``s3:ListAllMyBuckets``) the resource is always ``*``, as in AWS.
    """
    role = estate.roles.get(role_arn)
    if role is None:
        return _nonexistent(estate, role_arn, action)
    given = {**_owned(role, resource), **context}
    request_context = session_context(role, given, now, session=session or NO_SESSION)
    return judge_action_in(estate, role, action, resource, request_context)


def judge_call(
    estate: Estate,
    role_arn: str,
    action: str,
    resource: str,
    context: Mapping[str, ContextValue],
    *,
    session: Session = NO_SESSION,
    owner: str = "",
    now: datetime,
) -> Verdict:
    """As :func:`judge_action`, including what the resource's side must allow.

    For assuming a role this is the role's trust. The policy of a resource in another account, and of a KMS key, must
    allow too. No source has it, so such a verdict is at best undetermined. ``owner`` is the account of a resource whose
    ARN has none; default: the role's. The session begins at the time of the request.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html and
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html ("no AWS principal, including the account
    root user or key creator, has any permissions to a KMS key unless they are explicitly allowed").
    """
    role = estate.roles.get(role_arn)
    if role is None:
        return _nonexistent(estate, role_arn, action)
    given = normal(context)
    if action.lower() == ASSUME_ROLE.lower() and resource != "*":
        target = estate.roles.get(resource)
        if target is None:
            return _nonexistent(estate, resource, ASSUME_ROLE)
        own = {**normal({f"aws:PrincipalTag/{key}": value for key, value in session.tags.items()}), **given}
        if session.source_identity is not None:
            own = {CARRIED_IDENTITY: (session.source_identity,), **own}
        context_of_call = assume_context(role, own, NO_SESSION, now, target)
        return judge_assume_in(estate, role, target, context_of_call, session.carried())
    account = owner or _account_of(resource) or role.account
    known = normal({"aws:ResourceAccount": account})
    if account != role.account and (place := estate.membership(account)) is not None:
        known |= dict.fromkeys(("aws:resourceorgid", "aws:resourceorgpaths"), ()) | normal(place.keys("Resource"))
    if "aws:currenttime" in given:
        known["aws:tokenissuetime"] = given["aws:currenttime"]
    request_context = session_context(role, {**known, **given}, now, session=session)
    request = _session_request(role, action, resource, request_context)
    verdict = _conclude(call_layers(estate, request), request)
    if verdict.outcome == "denied" or request.resource == "*":
        return verdict
    if account != role.account:
        return _undetermined((f"the policy of {resource}, a resource of account {account}",), request)
    if _asks_key(action.lower(), resource):
        return _undetermined((f"the policy of the key {resource}, which has to allow as well",), request)
    return verdict


def _asks_key(action: str, resource: str) -> bool:
    """Whether a call asks the policy of a KMS key: also by the name of an alias, unless it is about the alias itself.

    https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html.
    """
    if not action.startswith("kms:"):
        return False
    return ":key/" in resource or (":alias/" in resource and not action.endswith("alias"))


def _account_of(resource: str) -> str:
    """The account in a resource's ARN; empty if it has none, or only a pattern."""
    account = resource.split(":", 5)[4] if resource.count(":") >= 5 else ""
    return account if ACCOUNT_ID.match(account) else ""


def _owned(role: Role, resource: str) -> dict[str, ContextValue]:
    """The keys of a resource's account: the one in its ARN, or the role's."""
    return {} if resource == "*" else {"aws:ResourceAccount": _account_of(resource) or role.account}


def judge_action_in(estate: Estate, role: Role, action: str, resource: str, context: RequestContext) -> Verdict:
    """As :func:`judge_action`, for a complete context."""
    request = _session_request(role, action, resource, context)
    return _conclude(call_layers(estate, request), request)


def action_requirements(estate: Estate, role_arn: str, action: str, resource: str) -> Requirements | None:
    """The conditions under which a session of the role may do ``action`` on ``resource``, as in :func:`judge_action`.

    None if the estate does not have the role.
    """
    role = estate.roles.get(role_arn)
    if role is None:
        return None
    context = open_session_context(role, action, estate.since)
    if "*" not in resource:
        context = context._replace(values={**context.values, **normal(_owned(role, resource))})
    request = _session_request(role, action, resource, context)
    return call_layers(estate, request).alternatives()


def _session_request(role: Role, action: str, resource: str, context: RequestContext) -> Request:
    return Request(role, action, "*" if takes_no_resource(action) else resource, context)


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
    """Every side allows. The trust decides if there is one, else the grant."""
    grant, trust = layers.grant(), layers.trusting()
    sentence = (allow_in_words, (grant, trust, request.action, request.resource))
    return Verdict("allowed", request.action, sentence, None, trust or grant, grant, trust)


def _undetermined(unknown: tuple[str, ...], request: Request) -> Verdict:
    """Unknown policies could change the answer."""
    sentence = (unknown_in_words, (unknown, request.action, request.resource))
    return Verdict("undetermined", request.action, sentence, unknown=unknown)


def _denied(reason: Reason, layers: Layers, request: Request, unknown: tuple[str, ...]) -> Verdict:
    """Nothing allows the request."""
    if reason == "condition":
        near = layers.blocking_condition()
        sentence = (but_for_in_words, (near.decision, near.unmet, request.action, request.resource))
        others = layers.names_others()
        return Verdict("denied", request.action, sentence, reason, near.decision, unknown=unknown, names_others=others)
    caller = request.caller
    boundary = caller.boundary.name if caller.boundary else ""
    lacking = (lacking_in_words, (reason, caller.arn, caller.account, boundary, request.action, request.resource))
    return Verdict("denied", request.action, lacking, reason, unknown=unknown)


def _rank(verdict: Verdict) -> int:
    """The first of several verdicts: a denial before all others, and among denials the first reason.

    Without a denial all are allowed, or all are undetermined, because unknown policies are the same for every action.
    """
    return len(REASONS) if verdict.reason is None else REASONS.index(verdict.reason)


def is_root(arn: str) -> bool:
    """Whether an ARN is an account's own (``…:root``)."""
    return is_arn(arn) and parse_arn(arn).kind == "root"


def absence(estate: Estate, arn: str) -> str:
    """Why a principal or a role is not in the estate, and the one of its account that has nearly its name."""
    account = parse_arn(arn).account if is_arn(arn) else ""
    if account not in estate.accounts | estate.declared:
        return f"no source describes the account of {arn}"
    near = _nearly(estate, arn)
    meant = f"; did you mean {near}?" if near else ""
    if account in estate.declared:
        return f"the stack of {account} does not declare {arn}: whether it exists is not known{meant}"
    return f"{arn} does not exist in its account's source{meant}"


def _nearly(estate: Estate, arn: str) -> str:
    head, _, name = arn.partition("/")
    known = [each for each in (*estate.users, *estate.roles) if each.startswith(f"{head}/")]
    near = nearest(name, (each.removeprefix(f"{head}/") for each in known))
    return f"{head}/{near}" if near else ""


def _nonexistent(estate: Estate, arn: str, action: str) -> Verdict:
    return Verdict("undetermined", action, absence(estate, arn))
