"""All sides of one request put together: the first reason against it, or what an open request still has to meet.

Across accounts the caller's policies and the role's trust both have to allow. Within one account a trust that names the
user, the role or a session grants by itself, one that names the account does not; a trust is always needed. A boundary
limits what the identity policies and a trust in the role's ARN grant, not a trust in the user's ARN, in a session's or
in everyone. An explicit deny on any side wins.

A call that passes session tags, a source identity or contexts needs more actions than its own. It is denied as a whole
where a side does not allow one of them, so conditions that only such a call can meet need these actions as well.

Sources, of https://docs.aws.amazon.com/IAM/latest/UserGuide/:
reference_policies_evaluation-logic_policy-eval-denyallow.html, reference_policies_evaluation-logic-cross-account.html,
access_policies_boundaries.html, id_session-tags.html ("Permissions required to add session tags"),
id_credentials_temp_control-access_monitor.html (source identity);
https://docs.aws.amazon.com/singlesignon/latest/userguide/trustedidentitypropagation-identity-enhanced-iam-role-sessions.html
(contexts). That a role has to be let in by its own trust to assume itself is
https://aws.amazon.com/blogs/security/announcing-an-update-to-iam-role-trust-policy-behavior/; it needs no rule here,
because no role is exempt from its trust.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.evaluation.callers import ExternalPrincipal, Naming, assume_action
from crossaccount.access.evaluation.context import open_context, open_context_on
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


class Layers(NamedTuple):
    """The sides of a request. ``boundary`` is None where the caller has none, ``trust`` where no trust is asked.

    ``identity`` is None for who has no identity policies to ask: an identity provider's users, and whoever is outside
    of the sources, whose own policies are taken to allow. ``scps`` and ``rcps`` have one entry per level, all of which
    have to allow.
    """

    identity: SideAnswer | None
    boundary: SideAnswer | None = None
    scps: tuple[SideAnswer, ...] = ()
    rcps: tuple[SideAnswer, ...] = ()
    trust: SideAnswer | None = None
    same_account: bool = False

    def sides(self) -> tuple[SideAnswer, ...]:
        """All sides there are, in the order in which reasons are looked for."""
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
        """The first reason why nothing allows the request; None where nothing is surely in its way.

        Policies that cannot be judged are taken to allow whatever they may allow; with ``near`` the Conditions of
        allowing statements are taken as met.
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
        """What an open request still has to meet to be allowed, by the same rules as :meth:`obstacle`."""
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
        """The identity statement that takes part in allowing; None where the trust does it alone."""
        limited = self.boundary is not None and not self.boundary.allows
        return None if limited or not (self.identity and self.identity.allows) else self.identity.allows[0].decision

    def trusting(self) -> Decision | None:
        """The trust statement that allows: with a grant any that names the caller, without one the strongest."""
        if self.trust is None or not self.trust.allows:
            return None
        found = self.trust.allows
        return (found[0] if self.grant() else max(found, key=lambda allow: allow.naming)).decision

    def blocking_condition(self) -> Allow:
        """The statement of which only the Condition is not met, on the first side that does not allow.

        Asked where only Conditions are in the way. Then every side may allow and still one be there: a trust in the
        account, where there is no grant, beside a trust in the caller himself with a Condition.
        """
        for side in self.sides():
            if side.near and not side.allows and not side.unknown:
                return max(side.near, key=lambda allow: allow.naming)
        assert self.trust is not None
        return max(self.trust.near, key=lambda allow: allow.naming)

    def names_others(self) -> bool:
        """Whether a trust by name is all that is in the way, and names others than the caller."""
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
    """Whether a statement that only its Condition keeps from allowing is about the caller at all.

    A trust by name is one in the account under a condition on ``aws:PrincipalArn``: it names whom that fits.
    """
    return not any(each.key.lower() == "aws:principalarn" and not each.negated for each in allow.unmet)


def _allows(side: SideAnswer, near: bool) -> bool:
    return bool(side.allows or side.unknown or (near and side.near))


def allowing(side: SideAnswer, least: Naming = Naming.ACCOUNT, steps: Steps | None = None) -> Requirements:
    """On what one of the side's statements allows, those of a trust that name the caller at least so strongly."""
    unknown = ((unknown_atom(side.side, text, "Allow"),) for text in side.unknown)
    return either(tuple(allow.atoms for allow in side.allows if allow.naming >= least), tuple(unknown), steps=steps)


def denying(side: SideAnswer) -> Iterator[tuple[Atom, ...]]:
    """On what each of the side's statements denies."""
    yield from (denial.atoms for denial in side.denying)
    yield from ((unknown_atom(side.side, text, "Deny"),) for text in side.unknown)


def call_layers(estate: Estate, request: Request) -> Layers:
    """All sides of a call in the caller's own account, under a complete context or an open one."""
    return _layers(estate, request, request.caller.account, evaluate_side)


def assume_layers(estate: Estate, request: Request, role: Role, evaluate_side: EvaluateSide = evaluate_side) -> Layers:
    """All sides of an assumption, under a complete context or an open one.

    Whatever a trust says, it lets in nobody of another partition: "You cannot delegate access between accounts in
    different partitions" (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html).
    """
    trust = evaluate_side("trust", (role.trust,), request) if can_reach(request.caller, role) else SILENT["trust"]
    if trust.allows and (elsewhere := _provider_elsewhere(request.caller, role)):
        trust = trust._replace(allows=(), unknown=(elsewhere,))
    return _layers(estate, request, role.account, evaluate_side, trust)


def _provider_elsewhere(caller: Principal, role: Role) -> str:
    """Why it is not known whether a provider lets anybody into a role: it is in another account than the role.

    No page of AWS's own says what comes of such a trust. In practice AWS refuses the call.
    """
    if not isinstance(caller, ExternalPrincipal) or not caller.provider or not caller.arn.startswith("arn:"):
        return ""
    account = parse_arn(caller.arn).account
    if account == role.account:
        return ""
    return f"{role.trust.name}: whether a provider of account {account} lets anybody in is not documented by AWS"


def can_reach(caller: Principal, role: Role) -> bool:
    """Whether a caller is in the role's partition. Of who is outside the sources that is not known."""
    return isinstance(caller, ExternalPrincipal) or caller.partition == role.partition


def _layers(
    estate: Estate,
    request: Request,
    resource_account: str,
    evaluate_side: EvaluateSide,
    trust: SideAnswer | None = None,
) -> Layers:
    """SCPs are those of the caller's account, RCPs those of the resource's. Neither limits service-linked roles.

    Who comes through an identity provider is no principal of any account, so no SCP is about him.
    """
    caller = request.caller
    free = caller.is_service_linked
    scps = () if free else estate.service_control.get(caller.account, ())
    unlimited = free or not _rcps_bind(request.action) or _SERVICE_LINKED in request.resource
    rcps = () if unlimited else estate.resource_control.get(resource_account, ())
    outside = isinstance(caller, ExternalPrincipal)
    return Layers(
        None if outside else evaluate_side("identity", caller.policies_about(request.action), request),
        None if caller.boundary is None else evaluate_side("boundary", (caller.boundary,), request),
        tuple([evaluate_side("scp", level, request) for level in scps]),
        tuple([evaluate_side("rcp", level, request) for level in rcps]),
        trust,
        caller.account == resource_account,
    )


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
"""In the ARN of a role whose trust RCPs leave alone, by the same section."""


@lru_cache(maxsize=4_096)
def _rcps_bind(action: str) -> bool:
    """Whether resource control policies limit an action: of a service that AWS lists, and about a resource."""
    service = action.partition(":")[0].lower()
    if service not in _UNDER_RCPS or action.lower() in _NEVER_UNDER_RCPS:
        return False
    return service == "sts" or not takes_no_resource(action)


TAG_SESSION = "sts:TagSession"
SET_SOURCE_IDENTITY = "sts:SetSourceIdentity"
SET_CONTEXT = "sts:SetContext"

_WITHOUT = {
    TAG_SESSION: Open(frozenset({"aws:tagkeys", "sts:transitivetagkeys"}), ("aws:requesttag/",)),
    SET_SOURCE_IDENTITY: Open(frozenset({"sts:sourceidentity"})),
    SET_CONTEXT: Open(frozenset({"sts:requestcontextproviders"}), ("sts:requestcontext/",)),
}
"""What is certain of calls that do without each action, and nothing else."""


def needed(conjunction: Iterable[Atom]) -> tuple[str, ...]:
    """The actions that a call needs which meets all of the atoms."""
    atoms = tuple(conjunction)
    contexts = ((action, RequestContext.of(open=kind)) for action, kind in _WITHOUT.items())
    return tuple(action for action, without in contexts if any(_answer(atom, without) is False for atom in atoms))


def _answer(atom: Atom, context: RequestContext) -> bool | None:
    """Whether an open context meets an atom; None where that cannot be told."""
    if atom.operator == ANY_OF:
        found = any_of([all_of([_answer(each, context) for each in part]) for part in atom.conjunctions])
    else:
        found = atom.condition.answer(context) if atom.is_condition else None
    return None if found is None else found != atom.negated


def with_actions(
    alternatives: Requirements, allowing: Callable[[str], Requirements], carried: tuple[str, ...] = ()
) -> Requirements:
    """The same, each with what its actions have to meet in turn; ``allowing`` says what that is.

    ``carried`` are actions that every call of the caller needs.
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
    """One alternative with its actions; what one action has to meet may need another one."""
    actions = [action for action in dict.fromkeys((*carried, *needed(conjunction))) if action not in done]
    whole: Requirements = (conjunction,)
    for action in actions:
        whole = both(whole, allowing(action), steps)
    if not actions:
        return whole
    further = [_with_actions(each, allowing, (), done.union(actions), steps) for each in whole]
    return either(*further, steps=steps) if further != [(each,) for each in whole] else whole


class Answer(NamedTuple):
    """What an open request still has to meet, and the statements that take part.

    ``actions`` are those that a call needs beside its own, on some of the alternatives.
    """

    alternatives: Requirements
    grants: tuple[Decision, ...] = ()
    trust: tuple[Decision, ...] = ()
    actions: tuple[str, ...] = ()


def open_layers(estate: Estate, caller: Principal, role: Role, action: str | None = None) -> Layers:
    """All sides of an assumption, or of an action beside it, with all left open that the caller does not imply."""
    context = open_context_on(open_context(caller, since=estate.since), role)
    return assume_layers(estate, Request(caller, action or assume_action(caller), role.arn, context), role)


def complete(answer: Answer, estate: Estate, caller: Principal, role: Role) -> Answer:
    """The same, with what the actions have to meet that its alternatives need."""

    @cache
    def allowing(action: str) -> Requirements:
        return open_layers(estate, caller, role, action).alternatives()

    alternatives = with_actions(answer.alternatives, allowing, carried_actions(caller))
    return Answer(NEVER) if alternatives == NEVER else answer._replace(alternatives=alternatives)


def carried_actions(caller: Principal) -> tuple[str, ...]:
    """The actions that every call of a caller needs to assume a role, for what its sessions carry."""
    return caller.carried_actions if isinstance(caller, Role) else ()


def answer_for(layers: Layers, caller: Principal) -> Answer:
    """The answer of all sides together, with the actions that every call of the caller needs."""
    found = answer_of(layers)
    carried = carried_actions(caller)
    if found.alternatives == NEVER or not carried:
        return found
    return found._replace(actions=tuple(dict.fromkeys((*carried, *found.actions))))


def answer_of(layers: Layers) -> Answer:
    """The answer of all sides together."""
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
