"""All sides of a request combined: the first reason against it, or the requirements of an open request.

Across accounts both the caller's policies and the role's trust must allow. Within one account a trust that names the
user, the role or a session grants by itself; a trust that names the account does not. A trust is always needed. A
boundary limits the identity policies and a trust in the role's ARN, but not a trust in a user's ARN, in a session's ARN
or in ``*``. An explicit deny on any side wins.

A call with session tags, a source identity or contexts needs additional actions. AWS denies the whole call if a side
does not allow one of them. So conditions that only such a call can meet require these actions too.

Sources, of https://docs.aws.amazon.com/IAM/latest/UserGuide/:
reference_policies_evaluation-logic_policy-eval-denyallow.html, reference_policies_evaluation-logic-cross-account.html,
access_policies_boundaries.html, id_session-tags.html ("Permissions required to add session tags"),
id_credentials_temp_control-access_monitor.html (source identity);
https://docs.aws.amazon.com/singlesignon/latest/userguide/trustedidentitypropagation-identity-enhanced-iam-role-sessions.html
(contexts). That a role's own trust must allow it to assume itself is documented in
https://aws.amazon.com/blogs/security/announcing-an-update-to-iam-role-trust-policy-behavior/. This needs no rule here,
because no role is exempt from its trust.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.evaluation.callers import ExternalPrincipal, Naming, assume_action
from crossaccount.access.evaluation.context import SET_SOURCE_IDENTITY, open_context, open_context_on
from crossaccount.access.evaluation.sides import (
    SILENT,
    Allow,
    EvaluateSide,
    Request,
    SideAnswer,
    evaluate_side,
    unknown_atom,
)
from crossaccount.access.requirements import ALWAYS, NEVER, Atom, Requirements, both, either
from crossaccount.access.requirements.requirement import ANY_OF, Steps, all_of, any_of, without
from crossaccount.access.verdict import Decision, Reason
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.conditions.context import Open
from crossaccount.iam.published import takes_no_resource
from crossaccount.iam.request_keys import SETTING_SOURCE_IDENTITY


class Layers(NamedTuple):
    """The sides of a request. ``boundary`` is None if the caller has none; ``trust`` is None if the call needs no
    trust.

    ``identity`` is None for callers without known identity policies: users of identity providers, and external
    principals, whose policies are assumed to allow. ``scps`` and ``rcps`` have one entry per level; all must allow.
    """

    identity: SideAnswer | None
    boundary: SideAnswer | None = None
    scps: tuple[SideAnswer, ...] = ()
    rcps: tuple[SideAnswer, ...] = ()
    trust: SideAnswer | None = None
    same_account: bool = False

    def sides(self) -> tuple[SideAnswer, ...]:
        """All sides of the request, in the order of the reasons."""
        own = tuple([side for side in (self.boundary, self.identity, self.trust) if side is not None])
        return (*self.scps, *self.rcps, *own)

    def deny(self) -> Decision | None:
        """The first explicit deny: the caller's own first, then the trust's, then the organisation's."""
        for side in (self.identity, self.boundary, self.trust, *self.scps, *self.rcps):
            if side is not None and side.deny:
                return side.deny
        return None

    def unknown(self) -> tuple[str, ...]:
        """The policies that cannot be judged, each with the reason."""
        return tuple([text for side in self.sides() if side.unknown for text in side.unknown])

    def obstacle(self, *, near: bool = False) -> Reason | None:
        """The first reason why a side does not allow the request; None if every side may allow it.

        Unknown policies are assumed to allow. With ``near``, Conditions of allowing statements are assumed to be met.
        """
        trust = self._naming(near)
        if not all(_allows(side, near) for side in self.scps):
            return "scp"
        if not all(_allows(side, near) for side in self.rcps):
            return "rcp"
        if self.boundary is not None and not _allows(self.boundary, near) and not self._unlimited(trust):
            return "boundary"
        if self.identity is not None and not _allows(self.identity, near) and not self._alone(trust):
            return "no-grant"
        return "no-trust" if self.trust is not None and trust is Naming.NONE else None

    def alternatives(self) -> Requirements:
        """The requirements of an open request, by the same rules as :meth:`obstacle`."""
        if self.deny():
            return NEVER
        steps = Steps()
        found = self._allowing(steps)
        for side in (*self.scps, *self.rcps):
            found = both(found, allowing(side, steps=steps), steps)
        return without(found, (denial for side in self.sides() for denial in denying(side)), steps)

    def _allowing(self, steps: Steps) -> Requirements:
        limited = ALWAYS if self.boundary is None else allowing(self.boundary, steps=steps)
        granted = ALWAYS if self.identity is None else allowing(self.identity, steps=steps)
        if self.trust is None:
            return both(limited, granted, steps)
        found = both(both(allowing(self.trust, steps=steps), granted, steps), limited, steps)
        if not self.same_account:
            return found
        by_role = both(allowing(self.trust, Naming.ROLE, steps), limited, steps)
        return either(found, by_role, allowing(self.trust, Naming.DIRECT, steps), steps=steps)

    def grant(self) -> Decision | None:
        """The identity statement that helps to allow; None if the trust alone allows."""
        limited = self.boundary is not None and not self.boundary.allows
        return None if limited or not (self.identity and self.identity.allows) else self.identity.allows[0].decision

    def trusting(self) -> Decision | None:
        """The trust statement that allows: with a grant, any that names the caller; without one, the strongest."""
        if self.trust is None or not self.trust.allows:
            return None
        found = self.trust.allows
        return (found[0] if self.grant() else max(found, key=lambda allow: allow.naming)).decision

    def blocking_condition(self) -> Allow:
        """The statement whose Condition alone is not met, on the first side that does not allow.

        Callers use this if only Conditions prevent the call. Every side may allow then, and one Condition still be
        decisive: for example, without a grant, the Condition of a trust that names the caller, although another
        statement trusts the account.
        """
        for side in self.sides():
            if side.near and not side.allows and not side.unknown:
                return max(side.near, key=lambda allow: allow.naming)
        assert self.trust is not None
        return max(self.trust.near, key=lambda allow: allow.naming)

    def names_others(self) -> bool:
        """Whether only the trust prevents the call, and it trusts other principals by name."""
        trust = self.trust
        return trust is not None and not trust.allows and not any(map(_names_caller, trust.near))

    def _naming(self, near: bool) -> Naming:
        if self.trust is None:
            return Naming.NONE
        if self.trust.unknown:
            return Naming.DIRECT
        found = self.trust.allows + (self.trust.near if near else ())
        return max([allow.naming for allow in found], default=Naming.NONE)

    def _alone(self, trust: Naming) -> bool:
        return self.same_account and trust >= Naming.ROLE

    def _unlimited(self, trust: Naming) -> bool:
        return self.same_account and trust is Naming.DIRECT


def _names_caller(allow: Allow) -> bool:
    """Whether a statement whose Condition alone is not met names the caller.

    A trust by name trusts the account with a condition on ``aws:PrincipalArn``: it names the principals that match.
    """
    return not any(each.key.lower() == "aws:principalarn" and not each.negated for each in allow.unmet)


def _allows(side: SideAnswer, near: bool) -> bool:
    return bool(side.allows or side.unknown or (near and side.near))


def allowing(side: SideAnswer, least: Naming = Naming.ACCOUNT, steps: Steps | None = None) -> Requirements:
    """The conditions under which a side allows. Trust statements must name the caller at least as strongly as
    ``least``.
    """
    unknown = ((unknown_atom(side.side, text, "Allow"),) for text in side.unknown)
    return either(tuple(allow.atoms for allow in side.allows if allow.naming >= least), tuple(unknown), steps=steps)


def denying(side: SideAnswer) -> Iterator[tuple[Atom, ...]]:
    """The conditions of each statement of the side that denies."""
    yield from (denial.atoms for denial in side.denying)
    yield from ((unknown_atom(side.side, text, "Deny"),) for text in side.unknown)


def call_layers(estate: Estate, request: Request) -> Layers:
    """All sides of a call in the caller's own account, with a complete or an open context."""
    return _layers(estate, request, request.caller.account, evaluate_side)


def assume_layers(estate: Estate, request: Request, role: Role, evaluate_side: EvaluateSide = evaluate_side) -> Layers:
    """All sides of an AssumeRole call, with a complete or an open context.

    A trust never allows principals of another partition: "You cannot delegate access between accounts in
    different partitions" (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html).
    """
    return _layers(estate, request, role.account, evaluate_side, trust_side(request, role, evaluate_side))


def trust_side(request: Request, role: Role, evaluate_side: EvaluateSide = evaluate_side) -> SideAnswer:
    """The answer of a role's trust."""
    if not can_reach(request.caller, role):
        return SILENT["trust"]
    trust = evaluate_side("trust", (role.trust,), request)
    if trust.allows and (elsewhere := _provider_elsewhere(request.caller, role)):
        return trust._replace(allows=(), unknown=(elsewhere,))
    return trust


def _provider_elsewhere(caller: Principal, role: Role) -> str:
    """Why it is unknown whether a provider's users can assume a role: the provider is in another account than the role.

    AWS does not document such a trust. In practice AWS refuses the call.
    """
    if not isinstance(caller, ExternalPrincipal) or not caller.provider or not caller.arn.startswith("arn:"):
        return ""
    account = parse_arn(caller.arn).account
    if account == role.account:
        return ""
    return f"{role.trust.name}: whether a provider of account {account} lets anybody in is not documented by AWS"


def can_reach(caller: Principal, role: Role) -> bool:
    """Whether a caller is in the role's partition. External principals are assumed to be."""
    return isinstance(caller, ExternalPrincipal) or caller.partition == role.partition


def _layers(
    estate: Estate,
    request: Request,
    resource_account: str,
    evaluate_side: EvaluateSide,
    trust: SideAnswer | None = None,
) -> Layers:
    own = caller_sides(estate, request, evaluate_side)
    rcps = resource_control_sides(estate, request, resource_account, evaluate_side)
    return Layers(*own, rcps, trust, request.caller.account == resource_account)


CallerSides = tuple[SideAnswer | None, SideAnswer | None, tuple[SideAnswer, ...]]
"""The sides of the caller's account: identity policies, boundary and SCPs, as in :class:`Layers`."""


def caller_sides(estate: Estate, request: Request, evaluate_side: EvaluateSide = evaluate_side) -> CallerSides:
    """The sides of the caller's account. SCPs do not limit service-linked roles.

    Users of an identity provider belong to no account, so no SCP applies to them.
    """
    caller = request.caller
    scps = () if caller.is_service_linked else estate.service_control.get(caller.account, ())
    outside = isinstance(caller, ExternalPrincipal)
    return (
        None if outside else evaluate_side("identity", caller.policies_about(request.action), request),
        None if caller.boundary is None else evaluate_side("boundary", (caller.boundary,), request),
        tuple([evaluate_side("scp", level, request) for level in scps]),
    )


def resource_control_sides(
    estate: Estate, request: Request, account: str, evaluate_side: EvaluateSide = evaluate_side
) -> tuple[SideAnswer, ...]:
    """The RCPs of the resource's ``account``, one answer for each level. They do not limit service-linked roles."""
    unlimited = request.caller.is_service_linked or not _rcps_bind(request.action)
    if unlimited or _SERVICE_LINKED in request.resource:
        return ()
    return tuple([evaluate_side("rcp", level, request) for level in estate.resource_control.get(account, ())])


_UNDER_RCPS = frozenset(
    {
        "aoss",
        "appconfig",
        "appstream",
        "autoscaling",
        "autoscaling-plans",
        "budgets",
        "clouddirectory",
        "cloudfront",
        "cloudsearch",
        "cloudtrail-data",
        "codeartifact",
        "codebuild",
        "codecommit",
        "codepipeline",
        "cognito-identity",
        "cognito-idp",
        "comprehend",
        "comprehendmedical",
        "compute-optimizer",
        "cost-optimization-hub",
        "dax",
        "dsql",
        "dynamodb",
        "ecr",
        "ecr-public",
        "events",
        "firehose",
        "fis",
        "fms",
        "gamelift",
        "health",
        "inspector-scan",
        "kendra",
        "kinesisvideo",
        "kms",
        "logs",
        "memorydb",
        "networkmonitor",
        "notifications",
        "opensearch",
        "pca-connector-ad",
        "personalize",
        "polly",
        "pricing",
        "resource-groups",
        "rolesanywhere",
        "s3",
        "secretsmanager",
        "servicediscovery",
        "signin",
        "sqs",
        "sts",
        "support",
        "swf",
        "textract",
        "timestream-influxdb",
        "transcribe",
        "transfer",
        "translate",
        "wafv2",
        "workspaces",
        "xray",
    }
)
"""The services whose resources RCPs limit, read 2026-12-01 of
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services."""
_NEVER_UNDER_RCPS = frozenset({"kms:retiregrant"})
"""The same page, "Resources and entities not restricted by RCPs"."""
_SERVICE_LINKED = ":role/aws-service-role/"
"""Part of the ARN of roles whose trust RCPs do not limit, by the same section."""


@lru_cache(maxsize=4_096)
def _rcps_bind(action: str) -> bool:
    """Whether resource control policies limit an action on a resource: AWS lists the services."""
    service = action.partition(":")[0].lower()
    if service not in _UNDER_RCPS or action.lower() in _NEVER_UNDER_RCPS:
        return False
    return service == "sts" or not takes_no_resource(action)


TAG_SESSION = "sts:TagSession"
SET_CONTEXT = "sts:SetContext"

_WITHOUT = {
    TAG_SESSION: Open(frozenset({"aws:tagkeys", "sts:transitivetagkeys"}), ("aws:requesttag/",)),
    SET_SOURCE_IDENTITY: Open(frozenset({"sts:sourceidentity"})),
    SET_CONTEXT: Open(frozenset({"sts:requestcontextproviders"}), ("sts:requestcontext/",)),
}
"""By action: the context of calls that do not need it, with all else open."""
ADDITIONAL = tuple(_WITHOUT)
"""The actions that a call may need in addition to the one that assumes the role."""


def needed(conjunction: Iterable[Atom]) -> tuple[str, ...]:
    """The additional actions of a call that meets all of the atoms."""
    found = set[str]()
    for atom in conjunction:
        found |= _needed_by(atom)
    return tuple(action for action in _WITHOUT if action in found) if found else ()


@lru_cache(maxsize=65_536)
def _needed_by(atom: Atom) -> frozenset[str]:
    """The actions without which a call surely does not meet an atom."""
    contexts = ((action, RequestContext.of(open=kind)) for action, kind in _WITHOUT.items())
    return frozenset(action for action, without in contexts if _answer(atom, without) is False)


def _answer(atom: Atom, context: RequestContext) -> bool | None:
    """Whether an open context meets an atom; None if that is unknown."""
    if atom.operator == ANY_OF:
        found = any_of([all_of([_answer(each, context) for each in part]) for part in atom.conjunctions])
    else:
        found = atom.condition.answer(context) if atom.is_condition else None
    return None if found is None else found != atom.negated


def with_actions(
    alternatives: Requirements, allowing: Callable[[str], Requirements], carried: tuple[str, ...] = ()
) -> Requirements:
    """The same requirements, including those of the additional actions, which ``allowing`` returns.

    ``carried`` are the actions that every call of the caller needs.
    """
    steps = Steps()
    found = [_with_actions(each, allowing, carried, frozenset(), steps) for each in alternatives]
    return either(*found, steps=steps)


def _with_actions(
    conjunction: tuple[Atom, ...],
    allowing: Callable[[str], Requirements],
    carried: tuple[str, ...],
    done: frozenset[str],
    steps: Steps,
) -> Requirements:
    """One alternative with its actions. The requirements of an action may need another action."""
    actions = [action for action in dict.fromkeys((*carried, *needed(conjunction))) if action not in done]
    whole: Requirements = (conjunction,)
    for action in actions:
        whole = both(whole, allowing(action), steps)
    if not actions:
        return whole
    further = [_with_actions(each, allowing, (), done.union(actions), steps) for each in whole]
    return either(*further, steps=steps) if further != [(each,) for each in whole] else whole


class Answer(NamedTuple):
    """The requirements of an open request, and the statements that take part.

    ``actions`` are additional actions that some of the alternatives need.
    """

    alternatives: Requirements
    grants: tuple[Decision, ...] = ()
    trust: tuple[Decision, ...] = ()
    actions: tuple[str, ...] = ()


def open_layers(estate: Estate, caller: Principal, role: Role, action: str | None = None) -> Layers:
    """All sides of an AssumeRole call, or of an additional action, with every key open that the caller does not
    imply.
    """
    context = open_context_on(open_context(caller, since=estate.since), role)
    return assume_layers(estate, Request(caller, action or assume_action(caller), role.arn, context), role)


def complete(answer: Answer, estate: Estate, caller: Principal, role: Role) -> Answer:
    """The same answer, including the requirements of the additional actions."""

    @cache
    def allowing(action: str) -> Requirements:
        return open_layers(estate, caller, role, action).alternatives()

    alternatives = with_actions(answer.alternatives, allowing, carried_actions(caller))
    return Answer(NEVER) if alternatives == NEVER else answer._replace(alternatives=alternatives)


def carried_actions(caller: Principal) -> tuple[str, ...]:
    """The additional actions that every AssumeRole call of a caller needs, because of what its sessions carry.

    IAM Roles Anywhere sets a source identity and tags whenever it assumes a role: the trust policy "must grant the
    permissions" (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html#role-trusts). EKS Pod
    Identity can be told to set no tags.
    """
    if isinstance(caller, Role):
        return caller.carried_actions
    return (SET_SOURCE_IDENTITY, TAG_SESSION) if caller.arn in SETTING_SOURCE_IDENTITY else ()


def answer_for(layers: Layers, caller: Principal) -> Answer:
    """The combined answer of all sides, including the actions that every call of the caller needs."""
    found = answer_of(layers)
    carried = carried_actions(caller)
    if found.alternatives == NEVER or not carried:
        return found
    return found._replace(actions=tuple(dict.fromkeys((*carried, *found.actions))))


def answer_of(layers: Layers) -> Answer:
    """The combined answer of all sides."""
    alternatives = layers.alternatives()
    if alternatives == NEVER:
        return Answer(NEVER)
    granting = layers.identity.allows if layers.identity else ()
    if layers.boundary is not None and not layers.boundary.allows and not layers.boundary.unknown:
        granting = ()
    trusting = layers.trust.allows if layers.trust else ()
    return Answer(
        alternatives,
        tuple(allow.decision for allow in granting),
        tuple(allow.decision for allow in trusting),
        tuple(dict.fromkeys(action for each in alternatives for action in needed(each))),
    )
