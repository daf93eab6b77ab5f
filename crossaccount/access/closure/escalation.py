"""Principals that can edit what guards a role: its trust, somebody's grants, a membership, credentials.

One finding for each principal, with the ways it has. Judged is what its identity policies surely allow (statements with
a Condition are not counted, a boundary and denies are) on entities of its own account, where alone IAM's actions act.
Administrators, who may do everything anyway, are not named again, nor are roles of services with the policies that AWS
made for these. Linear: which ways a policy opens is found once per
policy, and of each way the first target is enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from crossaccount.access.closure.methods import METHODS, Method, Target
from crossaccount.access.estate import Estate
from crossaccount.access.estate.documents import Details
from crossaccount.access.estate.entities import Policy, Principal, Role, User
from crossaccount.access.evaluation.sides import Request, weigh
from crossaccount.access.findings.documents import is_changeable
from crossaccount.access.findings.finding import Found, Kind, Place
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.names import has_wildcard

ESCALATION = Kind(
    "XA208",
    "warning",
    "A principal can edit what guards a role",
    "Whoever can change a trust, a grant, a membership or credentials has whatever these guard, whatever today's paths "
    "say.",
    "Take the action away, limit it to named resources, or set a permissions boundary.",
    "Rhino Security Labs, https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/",
)
_LISTS: Mapping[Target, str] = {
    "role": "RoleDetailList",
    "user": "UserDetailList",
    "group": "GroupDetailList",
    "policy": "Policies",
}
_NOTHING = RequestContext.of()
_TRIED = 50
"""Of the targets that a statement covers so many are tried: the others can be denied, and are then denied together."""


class Targets:
    """The entities of each account by kind: what IAM's actions can be done to."""

    def __init__(self, details: Iterable[Details]) -> None:
        self._found: dict[tuple[str, Target], dict[str, None]] = {}
        self._matches: dict[tuple[int, str, Target], tuple[str, ...]] = {}
        for account in details:
            for kind, name in _LISTS.items():
                for entity in account.get(name) or ():
                    arn = str(entity["Arn"])
                    if is_changeable(arn) and parse_arn(arn).account != "aws":
                        self._found.setdefault((parse_arn(arn).account, kind), {})[arn] = None

    def matching(self, statement: CompiledStatement, principal: Principal, kind: Target) -> Sequence[str]:
        """The entities that a statement's resources cover, found once per statement and account.

        Of a statement with policy variables it is only asked whether it covers the principal itself.
        """
        account = principal.account
        found = self._found.get((account, kind), {})
        if any(not each.plain for each in statement.resources):
            own = [principal.arn] if principal.arn in found else []
            return [arn for arn in own if statement.on(arn, RequestContext.of({"aws:username": principal.name}))]
        key = (id(statement), account, kind)
        if key not in self._matches:
            wild = statement.resources_inverted or any(has_wildcard(each.text) for each in statement.resources)
            candidates: Iterable[str] = found if wild else [each.text for each in statement.resources]
            self._matches[key] = tuple(
                sorted(arn for arn in candidates if arn in found and statement.on(arn, _NOTHING))
            )
        return self._matches[key]


class Escalation:
    """Finds the ways of every principal of an estate."""

    def __init__(self, details: Iterable[Details], estate: Estate) -> None:
        self._estate = estate
        self._targets = Targets(details)
        self._ways: dict[int, tuple[tuple[Method, CompiledStatement], ...]] = {}
        self._everything: dict[int, bool] = {}

    @cached_property
    def _everyone(self) -> tuple[Principal, ...]:
        return (*self._estate.users.values(), *self._estate.roles.values())

    def findings(self) -> Iterator[Found]:
        """One finding for each principal that has a way."""
        for principal in self._everyone:
            if not is_changeable(principal.arn) or any(map(self._is_everything, principal.policies)):
                continue
            ways = list(self._of(principal))
            if ways:
                shown = "; ".join(f"{method.action} on {target}: it can {method.does}" for method, target in ways[:3])
                more = f"; and {len(ways) - 3} more ways" if len(ways) > 3 else ""
                place = Place(principal.arn)
                yield Found(ESCALATION, place, f"may {shown}{more}", ESCALATION.hint)

    def _is_everything(self, policy: Policy) -> bool:
        if id(policy) not in self._everything:
            self._everything[id(policy)] = _is_everything(policy)
        return self._everything[id(policy)]

    def _of(self, principal: Principal) -> Iterator[tuple[Method, str]]:
        seen: set[str] = set()
        for policy in principal.policies:
            if _is_of_a_service(policy, principal):
                continue
            for method, statement in self._opened(policy):
                if method.action in seen or not self._has_also(principal, method):
                    continue
                target = self._first_target(principal, method, statement)
                if target is not None:
                    seen.add(method.action)
                    yield method, target

    def _opened(self, policy: Policy) -> tuple[tuple[Method, CompiledStatement], ...]:
        """The ways that a policy opens by itself, with the statement that does."""
        if id(policy) not in self._ways:
            self._ways[id(policy)] = tuple(
                (method, statement)
                for statement in policy.statements
                if statement.allows and not statement.conditions
                for method in METHODS
                if statement.about(method.action)
            )
        return self._ways[id(policy)]

    def _first_target(self, principal: Principal, method: Method, statement: CompiledStatement) -> str | None:
        for target in self._targets.matching(statement, principal, method.target)[:_TRIED]:
            if _gains(principal, method, target) and _may(principal, method.action, target):
                return target
        return None

    def _has_also(self, principal: Principal, method: Method) -> bool:
        if not method.also:
            return True
        return any(all(_may(principal, action, None) for action in actions) for actions in method.also)


def _is_of_a_service(policy: Policy, principal: Principal) -> bool:
    """Whether AWS made a policy for a service's role, and services alone come in that role: nobody to escalate."""
    if ":iam::aws:policy/service-role/" not in policy.name or not isinstance(principal, Role):
        return False
    named = [each.principal for each in principal.trust.statements if each.allows]
    return bool(named) and all(each and not each.inverted and not each.aws and not each.federated for each in named)


def _gains(principal: Principal, method: Method, target: str) -> bool:
    """Whether there is something in it for the principal: not in becoming itself, nor in joining its own group."""
    if method.guards == "membership" and isinstance(principal, User):
        return parse_arn(target).name not in principal.groups
    return method.self_too or target != principal.arn


def _may(principal: Principal, action: str, resource: str | None) -> bool:
    """Whether a principal surely may do something; ``resource`` None asks for any resource at all."""
    if resource is None:
        statements = [each for policy in principal.policies for each in policy.statements if not each.conditions]
        about = [each for each in statements if each.about(action)]
        denied = any(not each.allows and any(text.text == "*" for text in each.resources) for each in about)
        return any(each.allows for each in about) and not denied
    named = {} if principal.is_role else {"aws:username": principal.name}
    request = Request(principal, action, resource, RequestContext.of(named))
    identity = weigh("identity", principal.policies, request)
    boundary = None if principal.boundary is None else weigh("boundary", (principal.boundary,), request)
    if identity.deny or not identity.allows:
        return False
    return boundary is None or (bool(boundary.allows) and not boundary.deny)


def _is_everything(policy: Policy) -> bool:
    return any(
        each.allows
        and not each.conditions
        and not each.actions_inverted
        and "*" in each.actions
        and any(text.text == "*" for text in each.resources)
        and not each.resources_inverted
        for each in policy.statements
    )
