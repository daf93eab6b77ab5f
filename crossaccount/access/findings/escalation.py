"""Principals that can edit what protects a role: its trust, grants, a membership, credentials.

One finding for each principal, with its ways. Its identity policies, its boundary and the service control policies of
its account are evaluated, for entities of that account, because IAM's actions work only there. Conditions on the person
(MFA, an address) are assumed to be met, and shown. Conditions on the request (which policy, which service) must allow
most requests. Administrators without limits are not reported, because they may do everything anyway. Service roles with
AWS's policies for them are not reported either. The time is linear: the ways of a policy are found once, and one target
of each way is enough. If a source does not show whether a user can sign in, or which roles an instance can have, the
finding assumes that they can.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, NamedTuple

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Policy, Principal, Role, User
from crossaccount.access.estate.policies import Details, Policies
from crossaccount.access.evaluation.context import open_context
from crossaccount.access.evaluation.layers import call_layers
from crossaccount.access.evaluation.sides import Request
from crossaccount.access.findings.escalation_methods import (
    CHANGE_CODE,
    METHODS,
    RUNS_ON,
    Method,
    Run,
    Target,
    Where,
)
from crossaccount.access.findings.finding import Found, Kind, Place
from crossaccount.access.findings.statements import is_changeable
from crossaccount.access.requirements import ALWAYS, NEVER, Requirements, both
from crossaccount.access.requirements.requirement import UNKNOWN
from crossaccount.access.requirements.words import in_words
from crossaccount.iam.action_checks import can_match
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.conditions.context import ContextValue, Open, normal
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.published import resource_arns, takes_no_resource

Entity = Mapping[str, Any]
_LISTS: Mapping[Target, tuple[str, str]] = {
    "role": ("RoleDetailList", "RolePolicyList"),
    "user": ("UserDetailList", "UserPolicyList"),
    "group": ("GroupDetailList", "GroupPolicyList"),
    "policy": ("Policies", ""),
}
_NOTHING = RequestContext.of()
_ADMINISTRATOR = "arn:{}:iam::aws:policy/AdministratorAccess"
"""The policy that a principal would attach if it may attach any."""


class Targets:
    """The entities of each account, by kind."""

    def __init__(self, details: Sequence[Details]) -> None:
        self._found: dict[tuple[str, Target], dict[str, Entity]] = {}
        self._matches: dict[tuple[int, str, Target], tuple[str, ...]] = {}
        self._keys: dict[tuple[str, str], Mapping[str, ContextValue]] = {}
        self._suits: dict[tuple[str, str], bool] = {}
        self._known = Policies(details)
        self._held: set[str] = set()
        for account in details:
            for kind, (name, _) in _LISTS.items():
                for entity in account.get(name) or ():
                    self._add(kind, entity)

    def _add(self, kind: Target, entity: Entity) -> None:
        arn = str(entity["Arn"])
        self._held.update(str(policy["PolicyArn"]) for policy in entity.get("AttachedManagedPolicies") or ())
        self._held.update(filter(None, [_boundary_of(entity)]))
        if is_changeable(arn) and parse_arn(arn).account != "aws":
            self._found.setdefault((parse_arn(arn).account, kind), {})[arn] = entity

    def matching(
        self, statement: CompiledStatement, principal: Principal, kind: Target, context: RequestContext
    ) -> Sequence[str]:
        """The entities that a statement's resources cover or may cover, cached by statement and account.

        ``context`` is the principal's own, for the policy variables of the resources.
        """
        found = self._found.get((principal.account, kind), {})
        if statement.has_variables:
            filled = [each.exact(context.single) for each in statement.resources]
            exact = not statement.resources_inverted and not any(each is None or has_wildcard(each) for each in filled)
            candidates = [arn for arn in filled if arn in found] if exact else found
            return [arn for arn in candidates if arn is not None and statement.on(arn, context) is not False]
        key = (id(statement), principal.account, kind)
        if key not in self._matches:
            wild = statement.resources_inverted or any(has_wildcard(each.text) for each in statement.resources)
            texts: Iterable[str] = found if wild else [each.text for each in statement.resources]
            self._matches[key] = tuple(sorted(arn for arn in texts if arn in found and statement.on(arn, _NOTHING)))
        return self._matches[key]

    def suits(self, method: Method, arn: str) -> bool:
        """Whether a target has the properties that the method needs."""
        if (method.where, arn) not in self._suits:
            self._suits[method.where, arn] = not method.where or self._is(
                method.where, method.target, self._entity(method, arn)
            )
        return self._suits[method.where, arn]

    def keys(self, method: Method, arn: str) -> Mapping[str, ContextValue]:
        """All condition keys of the method's request on a target.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
        """
        if (method.action, arn) not in self._keys:
            self._keys[method.action, arn] = self._request_keys(method, arn)
        return self._keys[method.action, arn]

    def _request_keys(self, method: Method, arn: str) -> dict[str, ContextValue]:
        entity, parsed = self._entity(method, arn), parse_arn(arn)
        keys: dict[str, ContextValue] = {"aws:ResourceAccount": parsed.account}
        if parsed.partition == "aws":
            keys["aws:RequestedRegion"] = "us-east-1"  # IAM's region, for every caller
        for tag in entity.get("Tags") or ():
            keys |= {f"{prefix}:ResourceTag/{tag['Key']}": str(tag["Value"]) for prefix in ("aws", "iam")}
        everything = _ADMINISTRATOR.format(parsed.partition)
        verb = method.action.removeprefix("iam:")
        if boundary := everything if verb.endswith("PermissionsBoundary") and verb[0] == "P" else _boundary_of(entity):
            keys["iam:PermissionsBoundary"] = boundary
        if verb.startswith("Attach"):
            keys["iam:PolicyARN"] = everything
        elif verb.startswith("Detach") and (denying := self._denying(entity)):
            keys["iam:PolicyARN"] = denying[0]
        return keys

    def _entity(self, method: Method, arn: str) -> Entity:
        return self._found[parse_arn(arn).account, method.target][arn]

    def _is(self, where: Where, kind: Target, entity: Entity) -> bool:
        boundary, held = self._known.boundary(entity), str(entity["Arn"]) in self._held
        inline = entity.get(_LISTS[kind][1])
        answers = {
            "unbounded": lambda: boundary is None or is_everything(boundary),
            "bounded": lambda: boundary is not None,
            "held": lambda: held,
            "older version": lambda: (
                str(entity["Arn"]) in self._held and len(entity.get("PolicyVersionList") or ()) > 1
            ),
            "granting": lambda: bool(inline or entity.get("AttachedManagedPolicies")),
            "login": lambda: entity.get("LoginProfile", True) is not None,
            "no login": lambda: not entity.get("LoginProfile"),
            "inline deny": lambda: any(map(_denies, self._known.inline(inline))),
            "deny": lambda: bool(self._denying(entity)),
        }
        return answers[where]()

    def _denying(self, entity: Entity) -> list[str]:
        attached = self._known.attached(entity.get("AttachedManagedPolicies"))
        return [policy.name for policy in attached if _denies(policy)]


def allows_everything(policy: Policy) -> bool:
    """Whether a policy allows everything, whatever it denies."""
    return any(
        each.allows
        and not each.conditions
        and not each.actions_inverted
        and not {"*", "*:*"}.isdisjoint(each.actions)
        and any(text.text == "*" for text in each.resources)
        and not each.resources_inverted
        for each in policy.statements
    )


def is_everything(policy: Policy) -> bool:
    """Whether a policy allows everything and denies nothing."""
    return allows_everything(policy) and not _denies(policy)


def _denies(policy: Policy) -> bool:
    return any(not each.allows for each in policy.statements)


def _boundary_of(entity: Entity) -> str:
    return str((entity.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn") or "")


ESCALATION = Kind(
    "XA208",
    "warning",
    "A principal can change what protects a role",
    "A principal that can change a trust, a grant, a membership or credentials can get the access that they protect, "
    "even if there is no path today. So can a principal that passes a role to a service that runs code as it, or "
    "changes code that already runs as a role "
    "(`lambda:UpdateFunctionCode`, `ssm:SendCommand`). Roles under `/aws-reserved/` and `/aws-service-role/` cannot be "
    "edited from within their account; customer-managed policies that are attached to them can.",
    "Remove the action, limit it to named resources, or set a permissions boundary.",
    "Rhino Security Labs, https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/, "
    "https://hackingthe.cloud/aws/exploitation/iam_privilege_escalation/ and https://pathfinding.cloud",
)
_TRIED, _TRIED_ALIKE = 500, 5
"""The most targets of a statement that are checked, and the most of those with the same tags and boundary that are
tried."""
_TELLING = Open(
    frozenset({"iam:permissionsboundary", "iam:policyarn"}), ("aws:resourcetag/", "iam:resourcetag/", "aws:resourceorg")
)
"""The keys for the details of the request. If they are not given, the request does not have them."""


class Way(NamedTuple):
    """One way of a principal, with its open conditions."""

    what: str
    alternatives: Requirements

    def __str__(self) -> str:
        conditions = "" if self.alternatives == ALWAYS else f", {in_words(self.alternatives)}"
        return f"{self.what}{conditions}"


class Escalation:
    """Finds the ways of every principal of an estate."""

    def __init__(self, details: Sequence[Details], estate: Estate) -> None:
        self._estate = estate
        self._targets = Targets(details)
        self._ways: dict[int, tuple[tuple[Method, CompiledStatement], ...]] = {}
        self._everything: dict[int, bool] = {}
        self._changing: dict[int, frozenset[int]] = {}
        self._run_as: dict[tuple[str, str], Sequence[str]] = {}

    @cached_property
    def _everyone(self) -> tuple[Principal, ...]:
        return (*self._estate.users.values(), *self._estate.roles.values())

    def findings(self) -> Iterator[Found]:
        """One finding for each principal that has a way."""
        for principal in self._everyone:
            if not is_changeable(principal.arn) or self._is_administrator(principal):
                continue
            ways = list(self._of(principal))
            if ways:
                more = f"; and {len(ways) - 3} more ways" if len(ways) > 3 else ""
                yield Found(
                    ESCALATION, Place(principal.arn), f"may {'; '.join(map(str, ways[:3]))}{more}", ESCALATION.hint
                )

    def steps(self, actions: Collection[str]) -> Iterator[tuple[Principal, str, str, Requirements]]:
        """Who may do which of some actions, under which conditions: by principal, action and target."""
        for principal in self._everyone:
            if not is_changeable(principal.arn):
                continue
            seen: set[tuple[str, str]] = set()
            for policy in principal.policies:
                for method, statement in () if _is_of_a_service(policy, principal) else self._opened(policy):
                    if method.action not in actions:
                        continue
                    context = open_context(principal, method.action)
                    for target in self._targets.matching(statement, principal, method.target, context)[:_TRIED]:
                        key = (method.action, target)
                        if key in seen or not _gains(principal, method, target):
                            continue
                        seen.add(key)
                        if self._targets.suits(method, target):
                            keys = self._targets.keys(method, target)
                            role = self._estate.roles.get(target)
                            runs = tuple(run for run in method.runs if _lets_in(role, run.service))
                            if (way := self._way(principal, method, target, keys, runs)) is not None:
                                yield principal, method.action, target, way.alternatives

    def _is_administrator(self, principal: Principal) -> bool:
        """Whether a principal may do everything, without limits that IAM itself can remove."""
        if not any(map(self._allows_everything, principal.policies)):
            return False
        denies = (each for policy in principal.policies for each in policy.statements if not each.allows)
        held_down = principal.boundary is not None and not is_everything(principal.boundary)
        return not held_down and all(each.conditions for each in denies)

    def _allows_everything(self, policy: Policy) -> bool:
        if id(policy) not in self._everything:
            self._everything[id(policy)] = allows_everything(policy)
        return self._everything[id(policy)]

    def _of(self, principal: Principal) -> Iterator[Way]:
        seen: set[str] = set()
        for policy in principal.policies:
            if _is_of_a_service(policy, principal):
                continue
            for method, statement in self._opened(policy):
                if method.action not in seen and (way := self._first(principal, method, statement)):
                    seen.add(method.action)
                    yield way
        yield from self._changes(principal)

    def _changes(self, principal: Principal) -> Iterator[Way]:
        """The ways in which a principal can change code that already runs with a role."""
        policies = [policy for policy in principal.policies if not _is_of_a_service(policy, principal)]
        for index in sorted({each for policy in policies for each in self._changed(policy)}):
            run = CHANGE_CODE[index]
            role = next((arn for arn in self._running(principal.account, run.service) if arn != principal.arn), None)
            found = self._may_all(principal, run.actions, ALWAYS) if role else NEVER
            if found != NEVER:
                does = f"it can run code as a role that {run.service} has, such as {role}"
                yield Way(f"{', '.join(run.actions)}: {does}", found)

    def _changed(self, policy: Policy) -> frozenset[int]:
        """The rows of ``CHANGE_CODE`` whose first action a policy allows."""
        if id(policy) not in self._changing:
            self._changing[id(policy)] = frozenset(
                index
                for index, run in enumerate(CHANGE_CODE)
                if any(each.allows and each.about(run.actions[0]) for each in policy.statements)
            )
        return self._changing[id(policy)]

    def _running(self, account: str, service: str) -> Sequence[str]:
        """Two roles of an account that trust a service and allow something, administrators first."""
        if (account, service) not in self._run_as:
            roles = (
                each for each in self._roles.get(account, ()) if _lets_in(each, service) and _allows_something(each)
            )
            ordered = sorted(roles, key=lambda role: (not self._is_administrator(role), role.arn))
            self._run_as[account, service] = [role.arn for role in ordered[:2]]
        return self._run_as[account, service]

    @cached_property
    def _roles(self) -> Mapping[str, Sequence[Role]]:
        found: dict[str, list[Role]] = {}
        for role in self._estate.roles.values():
            if is_changeable(role.arn):
                found.setdefault(role.account, []).append(role)
        return found

    def _opened(self, policy: Policy) -> tuple[tuple[Method, CompiledStatement], ...]:
        """The ways that a policy allows, with the deciding statement."""
        if id(policy) not in self._ways:
            self._ways[id(policy)] = tuple(
                (method, statement)
                for statement in policy.statements
                if statement.allows
                for method in METHODS
                if statement.about(method.action)
            )
        return self._ways[id(policy)]

    def _first(self, principal: Principal, method: Method, statement: CompiledStatement) -> Way | None:
        """The way on the first possible target; None if there is none."""
        context = open_context(principal, method.action)
        covered = self._targets.matching(statement, principal, method.target, context)
        tried: Counter[Hashable] = Counter()
        for target in covered:
            if not (_gains(principal, method, target) and self._targets.suits(method, target)):
                continue
            keys = self._targets.keys(method, target)
            services = tuple(run for run in method.runs if _lets_in(self._estate.roles.get(target), run.service))
            alike: Hashable = (tuple(keys.items()), services)
            tried[alike] += 1
            if tried[alike] <= _TRIED_ALIKE and (way := self._way(principal, method, target, keys, services)):
                return way
            if tried.total() == _TRIED:
                break
        return None

    def _way(
        self, principal: Principal, method: Method, target: str, keys: Mapping[str, ContextValue], runs: Sequence[Run]
    ) -> Way | None:
        what = f"{method.action} on {target}: it can {method.does}"
        if not method.runs:
            found = self._may(principal, method.action, target, keys)
            return Way(what, found) if found != NEVER else None
        for run in runs:
            for service in run.services_passed_to:
                passing = self._may(principal, method.action, target, {**keys, "iam:PassedToService": service})
                found = self._may_all(principal, run.actions, passing)
                if found != NEVER:
                    return Way(f"{what} with {', '.join(run.actions)}", found)
        return None

    def _may_all(self, principal: Principal, actions: Iterable[str], found: Requirements) -> Requirements:
        """The conditions under which a principal may do all of some actions, each on some resource, in addition to
        ``found``.
        """
        for action in actions:
            if found == NEVER:
                break
            found = both(found, self._may_somewhere(principal, action))
        return found

    def _may_somewhere(self, principal: Principal, action: str) -> Requirements:
        """The conditions under which a principal may do an action on some resource. A pattern represents its
        matches.
        """
        policies = [*principal.policies, *([principal.boundary] if principal.boundary else [])]
        allowing = (each for policy in policies for each in policy.about(action) if each.allows)
        texts = dict.fromkeys(text.text for each in allowing for text in each.resources)
        fits = partial(_is_of, action, principal.account)
        for resource in ["*"] if takes_no_resource(action) else filter(fits, texts):
            found = self._may(principal, action, resource, None)
            if found != NEVER:
                return found
        return NEVER

    def _may(
        self, principal: Principal, action: str, resource: str, keys: Mapping[str, ContextValue] | None
    ) -> Requirements:
        """The conditions under which a principal may do an action, without alternatives that depend on an unknown
        policy.

        ``keys`` are all keys for the details of the request; None leaves them open.
        """
        context = open_context(principal, action)
        if keys is not None:
            context = _telling(context, keys)
        found = call_layers(self._estate, Request(principal, action, resource, context)).alternatives()
        return tuple(each for each in found if not any(atom.operator == UNKNOWN and not atom.negated for atom in each))


def _is_of(action: str, account: str, resource: str) -> bool:
    """Whether a pattern can match resources of an account for an action, by AWS's published list."""
    named = resource.split(":", 5)[4:5]
    if named and named[0] and not has_wildcard(named[0]) and "$" not in named[0] and named[0] != account:
        return named[0] == "aws"
    service, _, name = action.partition(":")
    kinds = RUNS_ON.get(action.lower()) or resource_arns(service, name)
    return kinds is None or any(can_match(resource, _as_template(each)) for each in kinds)


def _as_template(text: str) -> str:
    return text if "$" in text else text.replace("*", "${Any}")


def _telling(context: RequestContext, keys: Mapping[str, ContextValue]) -> RequestContext:
    """The same context for a request with exactly these details."""
    kind = context.open or Open()
    absent, prefixes = kind.absent | _TELLING.absent, (*kind.absent_prefixes, *_TELLING.absent_prefixes)
    return context._replace(
        values={**context.values, **normal(keys)}, open=replace(kind, absent=absent, absent_prefixes=prefixes)
    )


def _is_of_a_service(policy: Policy, principal: Principal) -> bool:
    """Whether only services can use the role, and AWS made the policy for service roles: no person can escalate."""
    if ":iam::aws:policy/service-role/" not in policy.name or not isinstance(principal, Role):
        return False
    named = [each.principal for each in principal.trust.statements if each.allows]
    return bool(named) and all(each and not each.inverted and not each.aws and not each.federated for each in named)


def _allows_something(role: Role) -> bool:
    """Whether a role has other policies than AWS's policies for service roles."""
    return any(":iam::aws:policy/service-role/" not in policy.name for policy in role.policies)


def _lets_in(role: Role | None, service: str) -> bool:
    """Whether a role may be passed to a service: its trust must allow the service."""
    if role is None or role.trust.unknown:
        return False
    about = [each for each in role.trust.about("sts:AssumeRole") if each.principal and not each.principal.inverted]
    named = [each for each in about if each.principal and service in each.principal.services]
    return any(each.allows for each in named) and all(each.allows or each.conditions for each in named)


def _gains(principal: Principal, method: Method, target: str) -> bool:
    """Whether the principal gains something: becoming itself or joining its own group gains nothing."""
    if method.guards == "membership" and isinstance(principal, User):
        return parse_arn(target).name not in principal.groups
    return method.self_too or target != principal.arn
