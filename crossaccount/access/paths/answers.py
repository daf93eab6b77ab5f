"""The evaluation of many pairs with open contexts: common parts are evaluated once.

``evaluate_statements`` evaluates; this module owns only the keys under which answers are shared. A policy's answer for
a role is the same for every caller of a kind, unless a statement tests who is calling. A trust's answer is the same for
a whole account, unless the trust names the caller or tests who it is. Equal answers are one object, so
that the sides of a request are known by identity, and what they add up to is worked out once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Policy, Principal, Role
from crossaccount.access.evaluation.callers import EVERYONE, ExternalPrincipal, assume_action
from crossaccount.access.evaluation.context import CARRIED_IDENTITY, open_context, open_context_on
from crossaccount.access.evaluation.layers import Answer, answer_of, assume_layers, carried_actions, complete
from crossaccount.access.evaluation.sides import SILENT, Request, SideAnswer, evaluate_statements, matching, together
from crossaccount.access.paths.candidates import widest
from crossaccount.access.verdict import Side
from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.matching import wildcard_match

_ABOUT_THE_CALLER = ("aws:principal", "aws:user", "aws:federated", CARRIED_IDENTITY)
"""The prefixes of keys that a caller implies, beyond its kind and its account."""
_ABOUT_THE_ACCOUNT = ("aws:principalaccount", "aws:principalorg")
_ABOUT_THE_ROLE = ("aws:resourceaccount", "aws:resourceorg", "aws:resourcetag/", "iam:resourcetag/")
"""The prefixes of keys that a role implies."""

_USER_ID = "aws:userid"


class Dependencies(NamedTuple):
    """The properties of callers, beyond account and kind, that a policy's answer depends on.

    ``caller_keys`` are the condition keys about the caller, in lower case. ``names`` are the single principals that the
    policy names: each may have its own answer. With ``sessions`` each role may have its own answer, with ``inverted``
    (NotPrincipal) each principal. ``depends_on_role``: the answer also depends on the role's own tags and account. A
    ``silent`` policy has no statement about the action.
    """

    silent: bool
    caller_keys: tuple[str, ...]
    depends_on_role: bool
    names: frozenset[str]
    sessions: bool
    inverted: bool

    @property
    def depends_on_caller(self) -> bool:
        """Whether callers of one account and kind may get different answers."""
        return bool(self.caller_keys or self.names or self.sessions or self.inverted)

    def single_out(self, caller: Principal) -> bool:
        """Whether the answer for ``caller`` may differ from that for others of its account and kind."""
        return bool(self.caller_keys) or self._alone(caller)

    def equivalent_callers(self, caller: Principal) -> Hashable:
        """A key: callers with equal keys get equal answers."""
        if self._alone(caller):
            return caller.arn
        if not self.caller_keys:
            return caller.account, caller.is_role
        carried = carried_actions(caller)
        return caller.account, caller.is_role, caller.may_be_tagged, carried, *map(caller.implied.get, self.caller_keys)

    def _alone(self, caller: Principal) -> bool:
        if self.inverted or (self.sessions and caller.is_role) or isinstance(caller, ExternalPrincipal):
            return True
        if caller.is_role and _USER_ID in self.caller_keys:
            return True  # it begins with the role's own ID
        return bool(self.names) and (caller.arn in self.names or caller.unique_id in self.names)


def dependencies_of(policy: Policy, action: str) -> Dependencies:
    """The dependencies of a policy's answer for an action."""
    statements = policy.about(action)
    keys = {key for statement in statements for key in _condition_keys(statement)}
    elements = [statement.principal for statement in statements if statement.principal]
    return Dependencies(
        silent=not statements and not policy.unknown_about(action),
        caller_keys=tuple(sorted(filter(_is_about_the_caller, keys))),
        depends_on_role=any(statement.has_variables for statement in statements)
        or any(key.startswith(_ABOUT_THE_ROLE) for key in keys),
        names=frozenset([entry for element in elements for entry in element.aws if not _is_many(entry)]),
        sessions=any(element.sessions for element in elements),
        inverted=any(element.inverted for element in elements),  # it asks whether the caller has a boundary
    )


def _is_many(entry: str) -> bool:
    """Whether an entry under AWS is everyone, or a whole account."""
    return entry == EVERYONE or entry.endswith(":root") or ACCOUNT_ID.match(entry) is not None


def _is_about_the_caller(key: str) -> bool:
    return key.startswith(_ABOUT_THE_CALLER) and not key.startswith(_ABOUT_THE_ACCOUNT)


def _condition_keys(statement: CompiledStatement) -> set[str]:
    keys = {key for condition in statement.conditions for key in condition.keys}
    return keys | {key.lower() for resource in statement.resources for key in resource.variables()}


class PerRole(NamedTuple):
    """A policy that must be evaluated for each role. With ``patterns``, it has no statement about roles that match
    none.
    """

    side: Side
    policy: Policy
    patterns: tuple[str, ...] | None = None


class Profile(NamedTuple):
    """A caller's own side. Callers with equal ``key`` have the same answers, but for what ``per_role`` policies say."""

    action: str
    policies: tuple[Policy, ...]
    per_role: tuple[PerRole, ...]
    key: int
    carried: tuple[str, ...]


def patterns_of(statements: Iterable[CompiledStatement], context: RequestContext) -> tuple[str, ...] | None:
    """All resource patterns of statements for one caller; None if they depend on the resource."""
    statements = tuple(statements)
    if not statements or any(statement.resources_inverted or not statement.resources for statement in statements):
        return None
    found = [widest(value, context) for statement in statements for value in statement.resources]
    return tuple(pattern for pattern in found if pattern is not None)


Alike = tuple[int, ...]
"""For each of some callers the place of the first one whose answers are the same."""


class SharedLayers:
    """Answers for the pairs of one estate, cached for its lifetime."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.profiles: dict[str, Profile] = {}
        self._keys: dict[Hashable, int] = {}
        self._dependencies: dict[tuple[int, str], Dependencies] = {}
        self._weighed: dict[Hashable, SideAnswer] = {}
        self._equal: dict[SideAnswer, SideAnswer] = {side_answer: side_answer for side_answer in SILENT.values()}
        self._together: dict[Hashable, SideAnswer] = {}
        self._by_sides: dict[Hashable, Answer] = {}
        self._contexts: dict[str, RequestContext] = {}
        self._alike: dict[int, tuple[Sequence[Principal], Alike]] = {}

    def answer(self, caller: Principal, role: Role) -> Answer:
        """The requirements for ``caller`` to assume ``role``."""
        profile = self.profiles.get(caller.arn) or self.profile(caller)
        request = Request(caller, profile.action, role.arn, self.context(caller))
        layers = assume_layers(self.estate, request, role, self._evaluate_side)
        key = (*map(id, layers.sides()), layers.identity is None, layers.boundary is None, layers.same_account)
        if key not in self._by_sides:
            self._by_sides[key] = answer_of(layers)
        return self._by_sides[key]

    def profile(self, caller: Principal) -> Profile:
        """The caller's own side, kept in ``profiles``. Callers of one account and kind are the same where their
        policies are.
        """
        action = assume_action(caller)
        own, shared, per_role = [], [], []
        for policy in caller.policies:
            dependencies = self.dependencies(policy, action)
            if not dependencies.silent:
                own.append(policy)
                if dependencies.single_out(caller):
                    patterns = patterns_of(policy.about(action), self.context(caller))
                    per_role.append(PerRole("identity", policy, patterns))
                else:
                    shared.append(id(policy))
        if caller.boundary and self._limits(caller.boundary, Request(caller, action, "*", self.context(caller))):
            per_role.append(PerRole("boundary", caller.boundary))
        key: Hashable = (caller.account, caller.is_role, caller.is_service_linked, *shared)
        controls = [policy for level in self.estate.service_control.get(caller.account, ()) for policy in level]
        if any(self.dependencies(each, action).single_out(caller) for each in controls) or isinstance(
            caller, ExternalPrincipal
        ):
            key = caller.arn
        number = self._keys.setdefault(key, len(self._keys))
        found = Profile(action, tuple(own), tuple(per_role), number, carried_actions(caller))
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
        if known is None or known[0] is not callers:
            known = self._alike[id(callers)] = callers, self._sorted_out(callers)
        return known[1]

    def _sorted_out(self, callers: Sequence[Principal]) -> Alike:
        first: dict[int, int] = {}
        places = []
        for place, caller in enumerate(callers):
            profile = self.profiles.get(caller.arn) or self.profile(caller)
            alone = bool(profile.per_role or profile.carried)
            places.append(place if alone else first.setdefault(profile.key, place))
        return tuple(places)

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
        """The dependencies of a policy, cached."""
        key = (id(policy), action)
        return self._dependencies.get(key) or self._dependencies.setdefault(key, dependencies_of(policy, action))

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
        self._depends_on_caller = _DependsOnCaller(shared, (role.trust, *self._above))
        self._known: dict[Hashable, Answer] = {}

    def each(self, callers: Sequence[Principal]) -> Iterator[Answer]:
        """What is still to meet for each of some callers, in their order; asked once of those who are alike."""
        found: list[Answer] = []
        for place, first in enumerate(self._shared.alike(callers)):
            caller = callers[place]
            if first != place and not self._depends_on_caller[self._shared.profiles[caller.arn].action]:
                answer = found[first]
                # What tags and source identities need is asked of each caller.
                answer = self.of(caller) if answer.actions else answer
            else:
                answer = self.of(caller)
            found.append(answer)
            yield answer

    def of(self, caller: Principal) -> Answer:
        """The requirements for ``caller``."""
        profile = self._shared.profiles.get(caller.arn) or self._shared.profile(caller)
        key: Hashable = profile.key
        if self._above and self._above_depends_on(caller, profile.action):
            key = caller.arn
        elif (profile.per_role or self._depends_on_caller[profile.action]) and (
            own := self._own_answers(caller, profile)
        ):
            key = (key, *own)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._shared.answer(caller, self._role)
        if not (found.actions or profile.carried):
            return found
        return complete(found, self._shared.estate, caller, self._role)

    def _above_depends_on(self, caller: Principal, action: str) -> bool:
        return any(self._shared.dependencies(each, action).single_out(caller) for each in self._above)

    def _own_answers(self, caller: Principal, profile: Profile) -> list[int]:
        """The answers that may differ from those of other callers with the same profile."""
        role, trust = self._role.arn, self._role.trust
        request = Request(caller, profile.action, role, self._shared.context(caller))
        own = [
            self._shared.evaluate_policy(side, policy, request)
            for side, policy, patterns in profile.per_role
            if patterns is None or any(wildcard_match(pattern, role) for pattern in patterns)
        ]
        if self._shared.dependencies(trust, profile.action).single_out(caller):
            own.append(self._shared.evaluate_policy("trust", trust, request))
        return [id(each) for each in own if not without_effect(each)]


class _DependsOnCaller(dict[str, bool]):
    """By action, whether one of a role's policies may tell callers of one account and kind apart."""

    def __init__(self, shared: SharedLayers, policies: Iterable[Policy]) -> None:
        self._shared = shared
        self._policies = policies

    def __missing__(self, action: str) -> bool:
        found = any(self._shared.dependencies(each, action).depends_on_caller for each in self._policies)
        return self.setdefault(action, found)
