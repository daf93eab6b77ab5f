"""The open evaluation of many pairs: what several of them have in common is weighed once.

The evaluator's own ``weigh_statements`` does all the weighing; here are only the keys under which answers are shared.
What a policy says of a role is the same for every caller of a kind, unless a statement asks who is calling; what a
trust says is the same for a whole account, unless it names the caller or asks. Equal answers are one object, so that
the sides of a request are known by identity, and what they add up to is worked out once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import NamedTuple

from crossaccount.access.estate import Estate, Levels
from crossaccount.access.estate.entities import Policy, Principal, Role
from crossaccount.access.evaluation.context import open_context, open_context_on
from crossaccount.access.evaluation.evaluate import assume_action, assume_layers
from crossaccount.access.evaluation.layers import Layers
from crossaccount.access.evaluation.outsiders import Outsider
from crossaccount.access.evaluation.sides import SILENT, Request, Weighed, matching, together, weigh_statements
from crossaccount.access.paths.answer import Answer, answer_of, complete
from crossaccount.access.paths.grants import widest
from crossaccount.access.paths.traits import Traits, traits_of
from crossaccount.access.verdict import Side
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.matching import wildcard_match


class Asking(NamedTuple):
    """A policy that has to be asked for each role; of those that fit none of ``patterns``, if any, it says nothing."""

    side: Side
    policy: Policy
    patterns: tuple[str, ...] | None = None

    def concerns(self, role: str) -> bool:
        """Whether it may say anything of a role."""
        return self.patterns is None or any(wildcard_match(pattern, role) for pattern in self.patterns)


class Profile(NamedTuple):
    """A caller's own side. Callers with equal ``key`` have the same answers, but for what ``asking`` policies say."""

    context: RequestContext
    policies: tuple[Policy, ...]
    asking: tuple[Asking, ...]
    key: Hashable


class SharedLayers:
    """Answers for the pairs of one estate. It remembers what it weighed, for as long as it lives."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._profiles: dict[str, Profile] = {}
        self._traits: dict[tuple[int, str], Traits] = {}
        self._weighed: dict[Hashable, Weighed] = {}
        self._equal: dict[Weighed, Weighed] = {weighed: weighed for weighed in SILENT.values()}
        self._together: dict[Hashable, Weighed] = {}
        self._by_sides: dict[Hashable, Answer] = {}
        self._by_pair: dict[Hashable, Answer] = {}

    def answer(self, caller: Principal, role: Role) -> Answer:
        """What is still to meet for ``caller`` to assume ``role``."""
        action = assume_action(caller)
        profile = self._profiles.get(caller.arn) or self._profile(caller, action)
        key: Hashable = (role.arn, profile.key)
        asking = profile.asking
        if self._of(role.trust, action).single_out(caller):
            asking = (*asking, Asking("trust", role.trust))
        if asking:
            request = Request(caller, action, role.arn, open_context_on(profile.context, role))
            asked = [each for each in asking if each.concerns(role.arn)]
            said = [self._weigh_policy(each.side, each.policy, request) for each in asked]
            key = (role.arn, profile.key, *[id(each) for each in said if not _without_effect(each)])
        if any(self._of(each, action).single_out(caller) for level in self._above(role) for each in level):
            key = (role.arn, caller.arn)
        found = self._by_pair.get(key)
        if found is None:
            request = Request(caller, action, role.arn, open_context_on(profile.context, role))
            found = self._by_pair[key] = self._answer(assume_layers(self._estate, request, role, self._weigh))
        return complete(found, self._estate, caller, role) if found.actions else found

    def _above(self, role: Role) -> Levels:
        """The RCPs that a role is under."""
        return self._estate.resource_control.get(role.account, ())

    def _answer(self, layers: Layers) -> Answer:
        key = (*map(id, layers.sides()), layers.identity is None, layers.boundary is None, layers.same_account)
        if key not in self._by_sides:
            self._by_sides[key] = answer_of(layers)
        return self._by_sides[key]

    def _profile(self, caller: Principal, action: str) -> Profile:
        """Callers of one account and kind are the same where their policies are."""
        context = open_context(caller)
        own = tuple(each for each in caller.policies if not self._of(each, action).silent)
        alone = [each for each in own if self._of(each, action).single_out(caller)]
        asking = [Asking("identity", each, _patterns(each.about(action), context)) for each in alone]
        if caller.boundary and self._limits(caller.boundary, Request(caller, action, "*", context)):
            asking.append(Asking("boundary", caller.boundary))
        key: Hashable = (
            caller.account,
            caller.is_role,
            caller.is_service_linked,
            *[id(each) for each in own if not self._of(each, action).single_out(caller)],
        )
        controls = [policy for level in self._estate.service_control.get(caller.account, ()) for policy in level]
        if any(self._of(each, action).single_out(caller) for each in controls) or isinstance(caller, Outsider):
            key = caller.arn
        profile = self._profiles[caller.arn] = Profile(context, own, tuple(asking), key)
        return profile

    def _limits(self, boundary: Policy, request: Request) -> bool:
        """Whether a boundary may keep its owner from some role: not one that surely allows all of them."""
        resources = {each.text for statement in boundary.about(request.action) for each in statement.resources}
        inverted = any(statement.resources_inverted for statement in boundary.about(request.action))
        return inverted or resources != {"*"} or not _without_effect(self._weigh_policy("boundary", boundary, request))

    def _weigh(self, side: Side, policies: Iterable[Policy], request: Request) -> Weighed:
        if side == "identity":
            policies = self._profiles[request.caller.arn].policies
        parts = [self._weigh_policy(side, policy, request) for policy in policies]
        if len(parts) == 1:
            return parts[0]
        key = (side, *map(id, parts))
        if key not in self._together:
            self._together[key] = self._one(together(side, parts))
        return self._together[key]

    def _weigh_policy(self, side: Side, policy: Policy, request: Request) -> Weighed:
        traits, caller = self._of(policy, request.action), request.caller
        who: Hashable = caller.arn if traits.single_out(caller) else (caller.account, caller.is_role)
        statements = matching(policy, request)
        if not statements and not policy.unknown:
            return SILENT[side]
        # What a resource with a variable names may still hang on the role, and where its account is.
        role = request.resource if traits.asks_role else ""
        key = (id(policy), side, who, role, *map(id, statements))
        found = self._weighed.get(key)
        if found is None:
            found = self._weighed[key] = self._one(weigh_statements(side, policy, statements, request))
        return found

    def _of(self, policy: Policy, action: str) -> Traits:
        key = (id(policy), action)
        return self._traits.get(key) or self._traits.setdefault(key, traits_of(policy, action))

    def _one(self, weighed: Weighed) -> Weighed:
        return self._equal.setdefault(weighed, weighed)


def _patterns(statements: Iterable[CompiledStatement], context: RequestContext) -> tuple[str, ...] | None:
    """All that statements may be about, for one caller; None where only the resource itself can tell."""
    statements = tuple(statements)
    if not statements or any(statement.resources_inverted or not statement.resources for statement in statements):
        return None
    found = [widest(value, context) for statement in statements for value in statement.resources]
    return tuple(pattern for pattern in found if pattern is not None)


def _without_effect(weighed: Weighed) -> bool:
    """Whether a caller fares as if it did not have the policy: a silent one, or a boundary that surely allows."""
    if weighed.side == "trust" or weighed.deny or weighed.denying or weighed.unknown:
        return False
    if weighed.side == "boundary":
        return any(not allow.atoms for allow in weighed.allows)
    return not weighed.allows and not weighed.near
