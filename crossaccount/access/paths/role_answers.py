"""The answers of one role, each worked out once for all callers who have it."""

from __future__ import annotations

from collections.abc import Hashable

from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.evaluation.sides import Request
from crossaccount.access.paths.answer import Answer, complete
from crossaccount.access.paths.profile import Profile
from crossaccount.access.paths.shared import SharedLayers, without_effect
from crossaccount.iam.matching import wildcard_match


class RoleAnswers:
    """The answers of the callers of one role: worked out once for all who have the same."""

    def __init__(self, shared: SharedLayers, role: Role) -> None:
        self._shared = shared
        self._role = role
        self._above = [policy for level in shared.estate.resource_control.get(role.account, ()) for policy in level]
        self._discerning = _Discerning(shared, role)
        self._known: dict[Hashable, Answer] = {}

    def of(self, caller: Principal) -> Answer:
        """What is still to meet for ``caller``."""
        profile = self._shared.profiles.get(caller.arn) or self._shared.profile(caller)
        key: Hashable = profile.key
        if any(self._shared.traits(each, profile.action).single_out(caller) for each in self._above):
            key = caller.arn
        elif (profile.asking or self._discerning[profile.action]) and (said := self._said(caller, profile)):
            key = (key, *said)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._shared.answer(caller, self._role)
        return complete(found, self._shared.estate, caller, self._role) if found.actions else found

    def _said(self, caller: Principal, profile: Profile) -> list[int]:
        """The answers that others of the caller's profile may not have got."""
        role, trust = self._role.arn, self._role.trust
        request = Request(caller, profile.action, role, profile.context)
        said = [
            self._shared.weigh_policy(side, policy, request)
            for side, policy, patterns in profile.asking
            if patterns is None or any(wildcard_match(pattern, role) for pattern in patterns)
        ]
        if self._shared.traits(trust, profile.action).single_out(caller):
            said.append(self._shared.weigh_policy("trust", trust, request))
        return [id(each) for each in said if not without_effect(each)]


class _Discerning(dict[str, bool]):
    """By action, whether a role's trust may tell callers of one account and kind apart."""

    def __init__(self, shared: SharedLayers, role: Role) -> None:
        self._shared = shared
        self._role = role

    def __missing__(self, action: str) -> bool:
        return self.setdefault(action, self._shared.traits(self._role.trust, action).discerning)
