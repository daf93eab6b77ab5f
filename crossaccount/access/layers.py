"""All sides of one request put together: the order of reasons, and what a missing document leaves open.

Across accounts the caller's policies and the role's trust both have to allow. Within one account a trust that names the
user, the role or a session grants by itself, one that names the account does not; a trust is always needed. A boundary
limits what the identity policies and a trust in the role's ARN grant, not a trust in the user's ARN, in a session's or
in everyone. An explicit deny on any side wins.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html,
reference_policies_evaluation-logic-cross-account.html, access_policies_boundaries.html. That a role has to be let in by
its own trust to assume itself is
https://aws.amazon.com/blogs/security/announcing-an-update-to-iam-role-trust-policy-behavior/; it needs no rule here,
because no role is exempt from its trust.
"""

from __future__ import annotations

from dataclasses import dataclass

from crossaccount.access.principals import Naming
from crossaccount.access.sides import Allow, Weighed
from crossaccount.access.verdict import Decision, Reason


@dataclass(frozen=True)
class Layers:
    """The sides of a request. ``boundary`` is None where the caller has none, ``trust`` where no trust is asked.

    ``scps`` and ``rcps`` have one entry per level, all of which have to allow.
    """

    identity: Weighed
    boundary: Weighed | None = None
    scps: tuple[Weighed, ...] = ()
    rcps: tuple[Weighed, ...] = ()
    trust: Weighed | None = None
    same_account: bool = False

    def sides(self) -> tuple[Weighed, ...]:
        """All sides there are, in the order in which reasons are looked for."""
        boundary = () if self.boundary is None else (self.boundary,)
        trust = () if self.trust is None else (self.trust,)
        return (*self.scps, *self.rcps, *boundary, self.identity, *trust)

    def deny(self) -> Decision | None:
        """The first explicit deny: the caller's own first, then the trust's, then the organisation's."""
        own = (self.identity, self.boundary, self.trust, *self.scps, *self.rcps)
        return next((side.deny for side in own if side is not None and side.deny), None)

    def unknown(self) -> tuple[str, ...]:
        """The policies that cannot be judged, each with the reason."""
        return tuple(text for side in self.sides() for text in side.unknown)

    def obstacle(self, *, near: bool = False, unknown: bool = False) -> Reason | None:
        """The first reason why nothing allows the request; None where nothing is in its way.

        Args:
            near: take Conditions of allowing statements as met.
            unknown: take policies that cannot be judged as allowing whatever they may allow.
        """

        def allows(side: Weighed) -> bool:
            return bool(side.allows or (near and side.near) or (unknown and side.unknown))

        trust = self._naming(near=near, unknown=unknown)
        if not all(allows(side) for side in self.scps):
            return "scp"
        if not all(allows(side) for side in self.rcps):
            return "rcp"
        if self.boundary is not None and not allows(self.boundary) and not self._unlimited(trust):
            return "boundary"
        if not allows(self.identity) and not self._alone(trust):
            return "no-grant"
        return "no-trust" if self.trust is not None and trust is Naming.NONE else None

    def grant(self) -> Decision | None:
        """The identity statement that takes part in allowing; None where the trust does it alone."""
        limited = self.boundary is not None and not self.boundary.allows
        return None if limited or not self.identity.allows else self.identity.allows[0].decision

    def trusting(self) -> Decision | None:
        """The trust statement that allows: with a grant any that names the caller, without one the strongest."""
        if self.trust is None or not self.trust.allows:
            return None
        found = self.trust.allows
        return (found[0] if self.grant() else max(found, key=lambda allow: allow.naming)).decision

    def standing_in_the_way(self) -> Allow | None:
        """The statement of which only the Condition is not met, on the first side that does not allow.

        Every side may allow and still one be in the way: a trust in the account, where there is no grant, beside a
        trust in the caller himself with a Condition.
        """
        found = [side.near[0] for side in self.sides() if side.near and not side.allows]
        if found or self.trust is None:
            return found[0] if found else None
        return max(self.trust.near, key=lambda allow: allow.naming, default=None)

    def _naming(self, *, near: bool, unknown: bool) -> Naming:
        if self.trust is None:
            return Naming.NONE
        if unknown and self.trust.unknown:
            return Naming.DIRECT
        found = self.trust.allows + (self.trust.near if near else ())
        return max((allow.naming for allow in found), default=Naming.NONE)

    def _alone(self, trust: Naming) -> bool:
        return self.same_account and trust >= Naming.ROLE

    def _unlimited(self, trust: Naming) -> bool:
        return self.same_account and trust is Naming.DIRECT
