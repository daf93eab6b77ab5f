"""The evaluation of many pairs with open contexts: common parts are evaluated once.

``evaluate_statements`` evaluates; this module owns only the keys under which answers are shared. A policy's answer for
a role is the same for every caller of a kind, unless a statement tests who is calling. A trust's answer is the same for
a whole account, unless the trust names the caller or tests who it is. Equal answers are one object, so
that the sides of a request are known by identity, and what they add up to is worked out once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Policy, Principal, Role
from crossaccount.access.evaluation.callers import EVERYONE, ExternalPrincipal, assume_action, sender_of
from crossaccount.access.evaluation.context import CARRIED_IDENTITY, open_context, open_context_on
from crossaccount.access.evaluation.layers import (
    Answer,
    Layers,
    answer_of,
    assume_layers,
    carried_actions,
    complete,
    trust_side,
)
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
_NOT_OF_PROVIDERS = ("aws:", "sts:", "iam:")
"""The prefixes of keys that no identity provider has."""
_ABOUT_THE_ROLE = ("aws:resourceaccount", "aws:resourceorg", "aws:resourcetag/", "iam:resourcetag/")
"""The prefixes of keys that a role implies."""

_USER_ID = "aws:userid"


class Dependencies(NamedTuple):
    """The properties of callers, beyond account and kind, that a policy's answer depends on.

    ``caller_keys`` are the condition keys about the caller, in lower case. ``claims`` are keys that may be an identity
    provider's: only sessions of roles that trust the provider carry them. ``names`` are the single principals that the
    policy names: each may have its own answer. With ``sessions`` each role may have its own answer, with ``inverted``
    (NotPrincipal) each principal. ``depends_on_role``: the answer also depends on the role's own tags and account. A
    ``silent`` policy has no statement about the action.
    """

    silent: bool
    caller_keys: tuple[str, ...]
    claims: tuple[str, ...]
    depends_on_role: bool
    names: frozenset[str]
    sessions: bool
    inverted: bool

    @property
    def depends_on_caller(self) -> bool:
        """Whether callers of one account and kind may get different answers."""
        return bool(self.caller_keys or self.claims or self.names or self.sessions or self.inverted)

    def single_out(self, caller: Principal) -> bool:
        """Whether the answer for ``caller`` may differ from that for others of its account and kind."""
        return bool(self.caller_keys or (self.claims and caller.is_role)) or self._alone(caller)

    def equivalent_callers(self, caller: Principal) -> Hashable:
        """A key: callers with equal keys get equal answers."""
        if self._alone(caller):
            return caller.arn
        if not self.caller_keys and not (self.claims and caller.is_role):
            return caller.account, caller.is_role
        carried = carried_actions(caller)
        implied = map(caller.implied.get, self.caller_keys)
        return caller.account, caller.is_role, caller.may_be_tagged, carried, self._providers(caller), *implied

    def _providers(self, caller: Principal) -> frozenset[str]:
        """The identity providers of the caller's sessions whose keys the policy tests."""
        if not self.claims:
            return frozenset()
        return frozenset(name for name in sender_of(caller).names if any(key.startswith(name) for key in self.claims))

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
        claims=tuple(sorted(key for key in keys if not key.startswith(_NOT_OF_PROVIDERS))),
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
    """A caller's own side. Callers with equal ``key`` have the same answers, but for what ``per_role`` policies say.

    ``selecting`` are the statements, of all other policies, whose resources decide whether they are about a role.
    ``depends_on_role``: those policies depend on the role's own tags and account.
    """

    action: str
    policies: tuple[Policy, ...]
    per_role: tuple[PerRole, ...]
    key: int
    carried: tuple[str, ...]
    selecting: tuple[CompiledStatement, ...]
    depends_on_role: bool


def patterns_of(statements: Iterable[CompiledStatement], context: RequestContext) -> tuple[str, ...] | None:
    """All resource patterns of statements for one caller; None if they depend on the resource."""
    statements = tuple(statements)
    if not statements or any(statement.resources_inverted or not statement.resources for statement in statements):
        return None
    found = [widest(value, context) for statement in statements for value in statement.resources]
    return tuple(pattern for pattern in found if pattern is not None)


def _selects(statement: CompiledStatement) -> bool:
    """Whether a statement may be about some roles and not about others."""
    return statement.resources_inverted or all(each.text != "*" for each in statement.resources)


class Alike(NamedTuple):
    """Which of some callers have the same answers. ``firsts`` has for each caller the place of the first one that has
    its answers; ``distinct`` are these places, and ``actions`` the actions by which the callers assume roles.
    """

    callers: Sequence[Principal]
    firsts: tuple[int, ...]
    distinct: tuple[int, ...]
    actions: frozenset[str]


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
        self._trusts: dict[Hashable, SideAnswer] = {}
        self._answers: dict[Hashable, Answer] = {}
        self._by_sides: dict[Hashable, tuple[Layers, Answer]] = {}
        self._contexts: dict[str, RequestContext] = {}
        self._alike: dict[int, Alike] = {}

    def answer(self, caller: Principal, role: Role, own: tuple[int, ...] = ()) -> Answer:
        """The requirements for ``caller`` to assume ``role``. ``own`` tells the caller apart from others with the same
        profile.
        """
        profile = self.profiles.get(caller.arn) or self.profile(caller)
        if self.estate.resource_control.get(role.account):
            return self._combined(caller, role, profile)
        key = (
            profile.key,
            own,
            id(self._trust(caller, role, profile)),
            caller.account == role.account,
            role.arn if own or profile.depends_on_role else "",
            *[each.on(role.arn, self.context(caller)) is not False for each in profile.selecting],
        )
        found = self._answers.get(key)
        if found is None:
            found = self._answers[key] = self._combined(caller, role, profile)
        return found

    def _combined(self, caller: Principal, role: Role, profile: Profile) -> Answer:
        """The answer of all sides. Equal sides have one answer."""
        request = Request(caller, profile.action, role.arn, self.context(caller))
        layers = assume_layers(self.estate, request, role, self._evaluate_side)
        if layers.trust is not None:
            layers = layers._replace(trust=self._one(layers.trust))
        key = (*map(id, layers.sides()), layers.identity is None, layers.boundary is None, layers.same_account)
        if key not in self._by_sides:
            self._by_sides[key] = layers, answer_of(layers)  # with the sides, so that the identities stay their own
        return self._by_sides[key][1]

    def _trust(self, caller: Principal, role: Role, profile: Profile) -> SideAnswer:
        """The answer of a role's trust: one for a whole account, if it does not depend on more."""
        dependencies = self.dependencies(role.trust, profile.action)
        if dependencies.depends_on_role or dependencies.single_out(caller):
            return self._one(self._trust_alone(caller, role, profile))
        key = (id(role.trust), role.partition, caller.partition, caller.account, caller.is_role, profile.action)
        found = self._trusts.get(key)
        if found is None:
            found = self._trusts[key] = self._one(self._trust_alone(caller, role, profile))
        return found

    def _trust_alone(self, caller: Principal, role: Role, profile: Profile) -> SideAnswer:
        return trust_side(Request(caller, profile.action, role.arn, self.context(caller)), role, self._evaluate_side)

    def profile(self, caller: Principal) -> Profile:
        """The caller's own side, kept in ``profiles``. Callers of one account and kind are the same where their
        policies are.
        """
        action = assume_action(caller)
        own: list[Policy] = []
        shared: list[Policy] = []
        per_role: list[PerRole] = []
        for policy in caller.policies:
            dependencies = self.dependencies(policy, action)
            if not dependencies.silent:
                own.append(policy)
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
        found = Profile(
            action,
            tuple(own),
            tuple(per_role),
            self._keys.setdefault(key, len(self._keys)),
            carried_actions(caller),
            tuple(each for policy in (*shared, *controls) for each in policy.about(action) if _selects(each)),
            any(self.dependencies(each, action).depends_on_role for each in (*shared, *controls)),
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
        places = []
        actions = set()
        for place, caller in enumerate(callers):
            profile = self.profiles.get(caller.arn) or self.profile(caller)
            actions.add(profile.action)
            alone = bool(profile.per_role or profile.carried)
            places.append(place if alone else first.setdefault(profile.key, place))
        return Alike(callers, tuple(places), tuple(dict.fromkeys(places)), frozenset(actions))

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

    def each(self, callers: Sequence[Principal]) -> list[Answer]:
        """What is still to meet for each of some callers, in their order; asked once of those who are alike."""
        alike = self._shared.alike(callers)
        if any(self._depends_on_caller[action] for action in alike.actions):
            return [self.of(caller) for caller in callers]
        known = {place: self.of(callers[place]) for place in alike.distinct}
        if any(answer.actions for answer in known.values()):
            # What tags and source identities need is asked of each caller.
            return [
                self.of(callers[place]) if known[first].actions else known[first]
                for place, first in enumerate(alike.firsts)
            ]
        return [known[first] for first in alike.firsts]

    def of(self, caller: Principal) -> Answer:
        """The requirements for ``caller``."""
        profile = self._shared.profiles.get(caller.arn) or self._shared.profile(caller)
        key: Hashable = profile.key
        own: tuple[int, ...] = ()
        if self._above and self._above_depends_on(caller, profile.action):
            key = caller.arn
        elif profile.per_role or self._depends_on_caller[profile.action]:
            own = self._own_answers(caller, profile)
            key = (key, own) if own else key
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._shared.answer(caller, self._role, own)
        if not (found.actions or profile.carried):
            return found
        return complete(found, self._shared.estate, caller, self._role)

    def _above_depends_on(self, caller: Principal, action: str) -> bool:
        return any(self._shared.dependencies(each, action).single_out(caller) for each in self._above)

    def _own_answers(self, caller: Principal, profile: Profile) -> tuple[int, ...]:
        """The answers that may differ from those of other callers with the same profile."""
        role, trust = self._role.arn, self._role.trust
        policies = [
            (each.side, each.policy)
            for each in profile.per_role
            if each.patterns is None or any(wildcard_match(pattern, role) for pattern in each.patterns)
        ]
        if self._shared.dependencies(trust, profile.action).single_out(caller):
            policies.append(("trust", trust))
        if not policies:
            return ()
        request = Request(caller, profile.action, role, self._shared.context(caller))
        own = [self._shared.evaluate_policy(side, policy, request) for side, policy in policies]
        return tuple([id(each) for each in own if not without_effect(each)])


class _DependsOnCaller(dict[str, bool]):
    """By action, whether one of a role's policies may tell callers of one account and kind apart."""

    def __init__(self, shared: SharedLayers, policies: Iterable[Policy]) -> None:
        self._shared = shared
        self._policies = policies

    def __missing__(self, action: str) -> bool:
        found = any(self._shared.dependencies(each, action).depends_on_caller for each in self._policies)
        return self.setdefault(action, found)
