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

from collections.abc import Iterator
from typing import NamedTuple

from crossaccount.access.alternatives import ALWAYS, NEVER, Alternatives, both, either, negation
from crossaccount.access.alternatives.atoms import Atom
from crossaccount.access.alternatives.hanging import unknown_atom
from crossaccount.access.evaluation.principals import Naming
from crossaccount.access.evaluation.sides import Allow, Weighed
from crossaccount.access.verdict import Decision, Reason


class Layers(NamedTuple):
    """The sides of a request. ``boundary`` is None where the caller has none, ``trust`` where no trust is asked.

    ``identity`` is None for who has no identity policies to ask: an identity provider's users, and whoever is outside
    of the sources, whose own policies are taken to allow. ``scps`` and ``rcps`` have one entry per level, all of which
    have to allow.
    """

    identity: Weighed | None
    boundary: Weighed | None = None
    scps: tuple[Weighed, ...] = ()
    rcps: tuple[Weighed, ...] = ()
    trust: Weighed | None = None
    same_account: bool = False

    def sides(self) -> tuple[Weighed, ...]:
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

    def alternatives(self) -> Alternatives:
        """What an open request still has to meet to be allowed, by the same rules as :meth:`obstacle`."""
        if self.deny():
            return NEVER
        found = self._allowing()
        for side in (*self.scps, *self.rcps):
            found = both(found, allowing(side))
        for side in self.sides():
            for denial in denying(side):
                found = both(found, negation(denial))
        return found

    def _allowing(self) -> Alternatives:
        limited = ALWAYS if self.boundary is None else allowing(self.boundary)
        granted = ALWAYS if self.identity is None else allowing(self.identity)
        if self.trust is None:
            return both(limited, granted)
        found = both(both(allowing(self.trust), granted), limited)
        if not self.same_account:
            return found
        return either(found, both(allowing(self.trust, Naming.ROLE), limited), allowing(self.trust, Naming.DIRECT))

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

    def standing_in_the_way(self) -> Allow:
        """The statement of which only the Condition is not met, on the first side that does not allow.

        Asked where only Conditions are in the way. Then every side may allow and still one be there: a trust in the
        account, where there is no grant, beside a trust in the caller himself with a Condition.
        """
        for side in self.sides():
            if side.near and not side.allows and not side.unknown:
                return max(side.near, key=lambda allow: allow.naming)
        assert self.trust is not None
        return max(self.trust.near, key=lambda allow: allow.naming)

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


def _allows(side: Weighed, near: bool) -> bool:
    return bool(side.allows or side.unknown or (near and side.near))


def allowing(side: Weighed, least: Naming = Naming.ACCOUNT) -> Alternatives:
    """On what one of the side's statements allows, those of a trust that name the caller at least so strongly."""
    unknown = ((unknown_atom(side.side, text, "Allow"),) for text in side.unknown)
    return either(tuple(allow.atoms for allow in side.allows if allow.naming >= least), tuple(unknown))


def denying(side: Weighed) -> Iterator[tuple[Atom, ...]]:
    """On what each of the side's statements denies."""
    yield from (denial.atoms for denial in side.denying)
    yield from ((unknown_atom(side.side, text, "Deny"),) for text in side.unknown)
