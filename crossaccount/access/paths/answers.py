"""The evaluation of many pairs with open contexts: common parts are evaluated once.

The evaluator decides what the sides of a request say and what they add up to. This module owns only the keys under
which answers are shared: by ``Dependencies``, which say what a policy can tell apart. The sides of the caller's account
are the same for all callers with equal policies, and for all roles that the same statements are about. A trust's answer
is the same for a whole account, and for all trusts that say the same to it. Equal answers are one object, so that the
sides of a request are known by identity, and what they add up to is worked out once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Policy, Principal, Role
from crossaccount.access.evaluation.callers import ExternalPrincipal, assume_action, denies, naming
from crossaccount.access.evaluation.context import open_context, open_context_on
from crossaccount.access.evaluation.layers import (
    Answer,
    CallerSides,
    Layers,
    answer_of,
    caller_sides,
    carried_actions,
    complete,
    resource_control_sides,
    trust_side,
)
from crossaccount.access.evaluation.sides import SILENT, Request, SideAnswer, evaluate_statements, matching, together
from crossaccount.access.paths.candidates import widest
from crossaccount.access.paths.dependencies import Dependencies, dependencies_of
from crossaccount.access.verdict import Side
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.matching import wildcard_match


class PerRole(NamedTuple):
    """A policy that must be evaluated for each role. With ``patterns``, it has no statement about roles that match
    none.
    """

    side: Side
    policy: Policy
    patterns: tuple[str, ...] | None = None


class Profile(NamedTuple):
    """A caller's own side. Callers with equal ``key`` have the same answers, but for what ``per_role`` policies say.

    ``selecting`` are the statements, of all other policies, whose resources decide whether they are about a role.
    ``depends_on_role``: those policies depend on the role's own tags and account. ``is_single``: the caller may have
    answers of its own about any role; about roles that fit ``patterns`` it always may.
    """

    action: str
    policies: tuple[Policy, ...]
    per_role: tuple[PerRole, ...]
    key: int
    carried: tuple[str, ...]
    selecting: tuple[CompiledStatement, ...]
    depends_on_role: bool
    is_single: bool
    patterns: tuple[str, ...]


def patterns_of(statements: Iterable[CompiledStatement], context: RequestContext) -> tuple[str, ...] | None:
    """All resource patterns of statements for one caller; None if they depend on the resource."""
    statements = tuple(statements)
    if not statements or any(statement.resources_inverted or not statement.resources for statement in statements):
        return None
    found = [widest(value, context) for statement in statements for value in statement.resources]
    return tuple(pattern for pattern in found if pattern is not None)


class Alike(NamedTuple):
    """Which of some callers have the same answers.

    ``firsts`` has for each caller the place of the first one that has its answers; ``distinct`` are these places, and
    ``actions`` the actions by which the callers assume roles. About roles that fit ``patterns`` any of the callers may
    have answers of its own.
    """

    callers: Sequence[Principal]
    firsts: tuple[int, ...]
    distinct: tuple[int, ...]
    actions: frozenset[str]
    patterns: tuple[str, ...]


class SharedLayers:
    """Answers for the pairs of one estate, cached for its lifetime."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.profiles: dict[str, Profile] = {}
        self._keys: dict[Hashable, int] = {}
        self._dependencies: dict[tuple[int, str], tuple[Policy, Dependencies]] = {}
        self._weighed: dict[Hashable, SideAnswer] = {}
        self._equal: dict[SideAnswer, SideAnswer] = {side_answer: side_answer for side_answer in SILENT.values()}
        self._together: dict[Hashable, SideAnswer] = {}
        self._trusts: dict[Hashable, SideAnswer] = {}
        self._trusts_by_meaning: dict[Hashable, SideAnswer] = {}
        self._caller_sides: dict[Hashable, tuple[int, CallerSides]] = {}
        self._by_sides: dict[Hashable, Answer] = {}
        self._contexts: dict[str, RequestContext] = {}
        self._alike: dict[int, Alike] = {}

    def answer(self, caller: Principal, role: Role, trust: SideAnswer, per_role: tuple[int, ...] = ()) -> Answer:
        """The requirements for ``caller`` to assume ``role``, whose trust says ``trust``.

        ``per_role`` distinguishes the caller from others with the same profile: what its ``per_role`` policies answer.
        """
        profile = self.profiles[caller.arn]
        number, sides = self._sides_of(caller, role, profile, per_role)
        rcps: tuple[SideAnswer, ...] = ()
        if self.estate.resource_control:
            request = self._request(caller, role, profile)
            rcps = resource_control_sides(self.estate, request, role.account, self._evaluate_side)
        same_account = caller.account == role.account
        key = (number, id(trust), same_account, *map(id, rcps))
        found = self._by_sides.get(key)
        if found is None:
            found = self._by_sides[key] = answer_of(Layers(*sides, rcps, trust, same_account))
        return found

    def _request(self, caller: Principal, role: Role, profile: Profile) -> Request:
        return Request(caller, profile.action, role.arn, self.context(caller))

    def _sides_of(
        self, caller: Principal, role: Role, profile: Profile, per_role: tuple[int, ...]
    ) -> tuple[int, CallerSides]:
        """The sides of the caller's account, and their number: equal sides have the same."""
        about: list[bool] = []
        if profile.selecting:
            context = self.context(caller)
            about = [each.on(role.arn, context) is not False for each in profile.selecting]
        key = (profile.key, per_role, role.arn if per_role or profile.depends_on_role else "", *about)
        found = self._caller_sides.get(key)
        if found is None:
            sides = caller_sides(self.estate, self._request(caller, role, profile), self._evaluate_side)
            identity, boundary, scps = sides
            alike = id(identity), identity is None, id(boundary), boundary is None, *map(id, scps)
            number = self._keys.setdefault(alike, len(self._keys))
            found = self._caller_sides[key] = number, sides
        return found

    def trust(self, caller: Principal, role: Role, profile: Profile) -> SideAnswer:
        """The answer of a role's trust, shared by callers that it cannot tell apart and by equal trusts."""
        dependencies = self.dependencies(role.trust, profile.action)
        if dependencies.depends_on_role or dependencies.is_single(caller):
            return self._one(trust_side(self._request(caller, role, profile), role, self._evaluate_side))
        account = role.partition, caller.partition, caller.account
        key = (id(role.trust), account, caller.is_role, profile.action, dependencies.values(caller))
        found = self._trusts.get(key)
        if found is None:
            found = self._trusts[key] = self._trust_by_meaning(caller, role, profile, dependencies)
        return found

    def _trust_by_meaning(
        self, caller: Principal, role: Role, profile: Profile, dependencies: Dependencies
    ) -> SideAnswer:
        """The answer of a trust for a caller that it does not single out by name.

        The statements that name the caller decide it: how they name it, their effect, and their conditions. Of the
        caller it depends on what these conditions can read.
        """
        if role.trust.unknown or caller.partition != role.partition:
            return self._one(trust_side(self._request(caller, role, profile), role, self._evaluate_side))
        meaning: list[Hashable] = [role.trust.name, profile.action, caller.is_role, dependencies.values(caller)]
        if dependencies.depends_on_account:
            meaning.append(caller.account)
        for statement in role.trust.about(profile.action):
            element = statement.principal
            if element is not None:
                named = naming(element, caller) if statement.allows else denies(element, caller)
                if named:
                    meaning.append((statement.label, statement.allows, int(named), id(statement.conditions)))
        key = tuple(meaning)
        found = self._trusts_by_meaning.get(key)
        if found is None:
            answer = trust_side(self._request(caller, role, profile), role, self._evaluate_side)
            found = self._trusts_by_meaning[key] = self._one(answer)
        return found

    def profile(self, caller: Principal) -> Profile:
        """The caller's own side, kept in ``profiles``. Callers of one account and kind are the same where their
        policies are.
        """
        action = assume_action(caller)
        policies: list[Policy] = []
        shared: list[Policy] = []
        per_role: list[PerRole] = []
        for policy in caller.policies:
            dependencies = self.dependencies(policy, action)
            if not dependencies.without_statements:
                policies.append(policy)
                if dependencies.single_out(caller):
                    patterns = patterns_of(policy.about(action), self.context(caller))
                    per_role.append(PerRole("identity", policy, patterns))
                else:
                    shared.append(policy)
        if caller.boundary and self._limits(caller.boundary, Request(caller, action, "*", self.context(caller))):
            per_role.append(PerRole("boundary", caller.boundary))
        controls = [policy for level in self.estate.service_control.get(caller.account, ()) for policy in level]
        outside = isinstance(caller, ExternalPrincipal)
        key: Hashable = caller.arn
        if not outside and not any(self.dependencies(each, action).single_out(caller) for each in controls):
            kind = caller.partition, caller.account, caller.is_role, caller.is_service_linked
            key = (*kind, *map(id, shared))
        carried = carried_actions(caller)
        found = Profile(
            action,
            tuple(policies),
            tuple(per_role),
            self._keys.setdefault(key, len(self._keys)),
            carried,
            tuple([each for policy in (*shared, *controls) for each in policy.about(action) if each.selects]),
            any(self.dependencies(each, action).depends_on_role for each in (*shared, *controls)),
            bool(carried) or any(each.patterns is None for each in per_role),
            () if carried else tuple(pattern for each in per_role for pattern in each.patterns or ()),
        )
        self.profiles[caller.arn] = found
        return found

    def context(self, caller: Principal) -> RequestContext:
        """What is certain of the caller's requests; most callers of one profile are never asked for it."""
        if caller.arn not in self._contexts:
            self._contexts[caller.arn] = open_context(caller, since=self.estate.since)
        return self._contexts[caller.arn]

    def alike(self, callers: Sequence[Principal]) -> Alike:
        """Which of some callers have the same answers, as far as policies tell none of them apart. It is kept."""
        known = self._alike.get(id(callers))
        if known is None or known.callers is not callers:
            known = self._alike[id(callers)] = self._sorted_out(callers)
        return known

    def _sorted_out(self, callers: Sequence[Principal]) -> Alike:
        first: dict[int, int] = {}
        places: list[int] = []
        patterns: set[str] = set()
        actions: set[str] = set()
        for place, caller in enumerate(callers):
            profile = self.profiles.get(caller.arn) or self.profile(caller)
            actions.add(profile.action)
            if profile.patterns:
                patterns.update(profile.patterns)
            places.append(place if profile.is_single else first.setdefault(profile.key, place))
        distinct = tuple(dict.fromkeys(places))
        return Alike(callers, tuple(places), distinct, frozenset(actions), tuple(patterns))

    def _limits(self, boundary: Policy, request: Request) -> bool:
        """Whether a boundary may limit its owner: not if it certainly allows all roles."""
        resources = {each.text for statement in boundary.about(request.action) for each in statement.resources}
        inverted = any(statement.resources_inverted for statement in boundary.about(request.action))
        return inverted or resources != {"*"} or not without_effect(self.evaluate_policy("boundary", boundary, request))

    def _evaluate_side(self, side: Side, policies: Iterable[Policy], request: Request) -> SideAnswer:
        if side == "identity":
            policies = self.profiles[request.caller.arn].policies
        parts = [self.evaluate_policy(side, policy, request) for policy in policies]
        if len(parts) == 1:
            return parts[0]
        key = (side, *map(id, parts))
        if key not in self._together:
            self._together[key] = self._one(together(side, parts))
        return self._together[key]

    def evaluate_policy(self, side: Side, policy: Policy, request: Request) -> SideAnswer:
        """What a policy says of a request."""
        dependencies = self.dependencies(policy, request.action)
        if dependencies.depends_on_role and (role := self.estate.roles.get(request.resource)) is not None:
            request = request._replace(context=open_context_on(request.context, role))
        statements = policy.about(request.action) if side == "trust" else matching(policy, request)
        if not statements and not policy.unknown_about(request.action):
            return SILENT[side]
        # A resource with a variable may depend on the role: on its tags, and on its account's place.
        role_arn = request.resource if dependencies.depends_on_role else ""
        key = (id(policy), side, dependencies.equivalent_callers(request.caller), role_arn, *map(id, statements))
        found = self._weighed.get(key)
        if found is None:
            found = self._weighed[key] = self._one(evaluate_statements(side, policy, statements, request))
        return found

    def dependencies(self, policy: Policy, action: str) -> Dependencies:
        """The dependencies of a policy, cached. The policy is kept too, so that no other object gets its identity."""
        key = (id(policy), action)
        found = self._dependencies.get(key)
        if found is None:
            found = self._dependencies[key] = policy, dependencies_of(policy, action)
        return found[1]

    def _one(self, side_answer: SideAnswer) -> SideAnswer:
        return self._equal.setdefault(side_answer, side_answer)


def without_effect(side_answer: SideAnswer) -> bool:
    """Whether a policy has no effect for a caller: no statement, or a boundary that certainly allows."""
    if side_answer.side == "trust" or side_answer.deny or side_answer.denying or side_answer.unknown:
        return False
    if side_answer.side == "boundary":
        return any(not allow.atoms for allow in side_answer.allows)
    return not side_answer.allows and not side_answer.near


class RoleAnswers:
    """The answers for the callers of one role, computed once for equal callers."""

    def __init__(self, shared: SharedLayers, role: Role) -> None:
        self._shared = shared
        self._role = role
        self._above = tuple(
            policy for level in shared.estate.resource_control.get(role.account, ()) for policy in level
        )
        self._policies = (role.trust, *self._above)
        self._known: dict[Hashable, Answer] = {}

    def each(self, callers: Sequence[Principal]) -> list[Answer]:
        """What is still to meet for each of some callers, in their order; computed once for those who are alike."""
        if not callers:
            return []
        alike = self._shared.alike(callers)
        is_matched = any(wildcard_match(pattern, self._role.arn) for pattern in alike.patterns)
        if is_matched or self._distinguishes(alike.actions):
            return list(self._distinguished(alike, is_matched))
        known = {place: self.of(callers[place]) for place in alike.distinct}
        if any(answer.actions for answer in known.values()):
            # Permissions for tags and source identities are judged for each caller.
            return [
                self.of(callers[place]) if known[first].actions else known[first]
                for place, first in enumerate(alike.firsts)
            ]
        return [known[first] for first in alike.firsts]

    def _distinguished(self, alike: Alike, is_matched: bool) -> Iterator[Answer]:
        """As :meth:`each`, for a role whose policies distinguish callers; so do the callers' if it ``is_matched``."""
        known: dict[int, Answer] = {}
        for caller, first in zip(alike.callers, alike.firsts, strict=True):
            profile = self._shared.profiles[caller.arn]
            if (is_matched and profile.per_role) or self._singles_out(caller, profile.action):
                yield self.of(caller)
                continue
            answer = known.get(first)
            if answer is None or answer.actions:
                answer = known[first] = self.of(caller)
            yield answer

    def of(self, caller: Principal) -> Answer:
        """The requirements for ``caller``."""
        profile = self._shared.profiles.get(caller.arn) or self._shared.profile(caller)
        trust = self._shared.trust(caller, self._role, profile)
        per_role = self._per_role(caller, profile) if profile.per_role else ()
        key: Hashable = profile.key, per_role, id(trust)
        if self._above and self._above_depends_on(caller, profile.action):
            key = caller.arn
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._shared.answer(caller, self._role, trust, per_role)
        if not (found.actions or profile.carried):
            return found
        return complete(found, self._shared.estate, caller, self._role)

    def _distinguishes(self, actions: Iterable[str]) -> bool:
        """Whether one of the role's policies may tell callers of one account and kind apart."""
        dependencies = self._shared.dependencies
        policies = self._policies
        return any(dependencies(each, action).depends_on_caller for action in actions for each in policies)

    def _singles_out(self, caller: Principal, action: str) -> bool:
        """Whether one of the role's policies may tell a caller apart from others of its account and kind."""
        return any(self._shared.dependencies(each, action).single_out(caller) for each in self._policies)

    def _above_depends_on(self, caller: Principal, action: str) -> bool:
        return any(self._shared.dependencies(each, action).single_out(caller) for each in self._above)

    def _per_role(self, caller: Principal, profile: Profile) -> tuple[int, ...]:
        """The answers that may differ from those of other callers with the same profile."""
        role = self._role.arn
        policies = [
            (each.side, each.policy)
            for each in profile.per_role
            if each.patterns is None or any(wildcard_match(pattern, role) for pattern in each.patterns)
        ]
        if not policies:
            return ()
        request = Request(caller, profile.action, role, self._shared.context(caller))
        answers = [self._shared.evaluate_policy(side, policy, request) for side, policy in policies]
        return tuple([id(each) for each in answers if not without_effect(each)])
