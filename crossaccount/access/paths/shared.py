"""The open evaluation of many pairs: what several of them have in common is weighed once.

The evaluator's own ``weigh_statements`` does all the weighing; here are only the keys under which answers are shared.
What a policy says of a role is the same for every caller of a kind, unless a statement asks who is calling; what a
trust says is the same for a whole account, unless it names the caller or asks. Equal answers are one object, so that
the sides of a request are known by identity, and what they add up to is worked out once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Policy, Principal, Role
from crossaccount.access.evaluation.context import open_context, open_context_on
from crossaccount.access.evaluation.evaluate import assume_action, assume_layers
from crossaccount.access.evaluation.outsiders import Outsider
from crossaccount.access.evaluation.sides import SILENT, Request, Weighed, matching, together, weigh_statements
from crossaccount.access.paths.answer import Answer, answer_of
from crossaccount.access.paths.profile import Asking, Profile, patterns_of
from crossaccount.access.paths.traits import Traits, traits_of
from crossaccount.access.verdict import Side


class SharedLayers:
    """Answers for the pairs of one estate. It remembers what it weighed, for as long as it lives."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.profiles: dict[str, Profile] = {}
        self._keys: dict[Hashable, int] = {}
        self._traits: dict[tuple[int, str], Traits] = {}
        self._weighed: dict[Hashable, Weighed] = {}
        self._equal: dict[Weighed, Weighed] = {weighed: weighed for weighed in SILENT.values()}
        self._together: dict[Hashable, Weighed] = {}
        self._by_sides: dict[Hashable, Answer] = {}

    def answer(self, caller: Principal, role: Role) -> Answer:
        """What is still to meet for ``caller`` to assume ``role``, whatever was answered before."""
        profile = self.profiles.get(caller.arn) or self.profile(caller)
        request = Request(caller, profile.action, role.arn, profile.context)
        layers = assume_layers(self.estate, request, role, self._weigh)
        key = (*map(id, layers.sides()), layers.identity is None, layers.boundary is None, layers.same_account)
        if key not in self._by_sides:
            self._by_sides[key] = answer_of(layers)
        return self._by_sides[key]

    def profile(self, caller: Principal) -> Profile:
        """The caller's own side, kept in ``profiles``. Callers of one account and kind are the same where their
        policies are.
        """
        action, context = assume_action(caller), open_context(caller)
        own, shared, asking = [], [], []
        for policy in caller.policies:
            traits = self.traits(policy, action)
            if not traits.silent:
                own.append(policy)
                if traits.single_out(caller):
                    asking.append(Asking("identity", policy, patterns_of(policy.about(action), context)))
                else:
                    shared.append(id(policy))
        if caller.boundary and self._limits(caller.boundary, Request(caller, action, "*", context)):
            asking.append(Asking("boundary", caller.boundary))
        key: Hashable = (caller.account, caller.is_role, caller.is_service_linked, *shared)
        controls = [policy for level in self.estate.service_control.get(caller.account, ()) for policy in level]
        if any(self.traits(each, action).single_out(caller) for each in controls) or isinstance(caller, Outsider):
            key = caller.arn
        number = self._keys.setdefault(key, len(self._keys))
        profile = self.profiles[caller.arn] = Profile(action, context, tuple(own), tuple(asking), number)
        return profile

    def _limits(self, boundary: Policy, request: Request) -> bool:
        """Whether a boundary may keep its owner from some role: not one that surely allows all of them."""
        resources = {each.text for statement in boundary.about(request.action) for each in statement.resources}
        inverted = any(statement.resources_inverted for statement in boundary.about(request.action))
        return inverted or resources != {"*"} or not without_effect(self.weigh_policy("boundary", boundary, request))

    def _weigh(self, side: Side, policies: Iterable[Policy], request: Request) -> Weighed:
        if side == "identity":
            policies = self.profiles[request.caller.arn].policies
        parts = [self.weigh_policy(side, policy, request) for policy in policies]
        if len(parts) == 1:
            return parts[0]
        key = (side, *map(id, parts))
        if key not in self._together:
            self._together[key] = self._one(together(side, parts))
        return self._together[key]

    def weigh_policy(self, side: Side, policy: Policy, request: Request) -> Weighed:
        """What a policy says of a request."""
        traits = self.traits(policy, request.action)
        if traits.asks_role and (asked := self.estate.roles.get(request.resource)) is not None:
            request = request._replace(context=open_context_on(request.context, asked))
        statements = policy.about(request.action) if side == "trust" else matching(policy, request)
        if not statements and not policy.unknown:
            return SILENT[side]
        # What a resource with a variable names may still hang on the role; its tags do, and where its account is.
        role = request.resource if traits.asks_role else ""
        key = (id(policy), side, traits.who(request.caller), role, *map(id, statements))
        found = self._weighed.get(key)
        if found is None:
            found = self._weighed[key] = self._one(weigh_statements(side, policy, statements, request))
        return found

    def traits(self, policy: Policy, action: str) -> Traits:
        """What a policy asks of its callers."""
        key = (id(policy), action)
        return self._traits.get(key) or self._traits.setdefault(key, traits_of(policy, action))

    def _one(self, weighed: Weighed) -> Weighed:
        return self._equal.setdefault(weighed, weighed)


def without_effect(weighed: Weighed) -> bool:
    """Whether a caller fares as if it did not have the policy: a silent one, or a boundary that surely allows."""
    if weighed.side == "trust" or weighed.deny or weighed.denying or weighed.unknown:
        return False
    if weighed.side == "boundary":
        return any(not allow.atoms for allow in weighed.allows)
    return not weighed.allows and not weighed.near
