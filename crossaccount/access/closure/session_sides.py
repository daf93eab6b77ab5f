"""Session tags and source identities that only one side allows.

A call that passes them is refused unless the caller's policies and the role's trust both allow ``sts:TagSession`` and
``sts:SetSourceIdentity``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from crossaccount.access.closure.reach import Holders, Reach, listed
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Policy, Role
from crossaccount.access.evaluation.layers import answer_of, open_layers
from crossaccount.access.findings.documents import Statement
from crossaccount.access.findings.finding import Found, Kind
from crossaccount.access.paths.candidates import Candidates
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.conditions import RequestContext

ONE_SIDE = Kind(
    "XA114",
    "warning",
    "Session tags or a source identity are allowed on one side only",
    "A call that passes them is denied as a whole: caller and trust both have to allow sts:TagSession and "
    "sts:SetSourceIdentity.",
    "Add the action on the other side, or remove it here.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required",
)
_ACTIONS = ("sts:TagSession", "sts:SetSourceIdentity")
_NOTHING = RequestContext.of()


class SessionSides:
    """The two sides of every pair that works, or would if both let the call pass what its conditions ask for."""

    def __init__(self, estate: Estate, reach: Reach, holders: Holders) -> None:
        self._estate = estate
        self._reach = reach
        self._holders = holders

    def findings(self, statement: Statement) -> Iterator[Found]:
        """The two actions, where a statement names them and the other side does not allow them."""
        if not statement.allows:
            return
        for action in _ACTIONS:
            if any(text.lower() == action.lower() for text in statement.texts("Action")):
                yield from (self._callers if statement.side == "trust" else self._trusts)(statement, action)

    def _callers(self, statement: Statement, action: str) -> Iterator[Found]:
        role = statement.owner
        callers = [arn for arn in self._reach.by_role.get(role, ()) if self._estate.principal(arn) is not None]
        callers = callers or self._kept_out(role, action)
        if callers and not any(_allowed(self._estate, arn, action, role) for arn in callers):
            message = f"allows {action}, and none of {listed(callers)} may call it"
            fix = f"allow {action} in their policies too, or remove it here"
            yield Found(ONE_SIDE, statement.at("actions"), message, fix)

    def _trusts(self, statement: Statement, action: str) -> Iterator[Found]:
        callers = self._holders.of(statement.owner)
        roles = [self._estate.roles[text] for text in statement.texts("Resource") if text in self._estate.roles]
        closed = [
            role.arn
            for role in roles
            if not _covered(role.trust, action) and any(self._gets_in(caller, role, action) for caller in callers)
        ]
        if closed:
            message = f"allows {action}, and the trust of {listed(closed)} does not"
            yield Found(ONE_SIDE, statement.at("actions"), message, f"add {action} to the trust, or remove it here")

    def _kept_out(self, arn: str, action: str) -> list[str]:
        """Who would get into a role if the call could pass what it has to."""
        role = self._estate.roles.get(arn)
        found = [] if role is None else self._candidates.of(role)
        return [each.arn for each in found if role is not None and self._gets_in(each.arn, role, action)]

    def _gets_in(self, caller: str, role: Role, action: str) -> bool:
        """Whether a caller has a path, or lacks but the action for one."""
        if (caller, role.arn) in self._reach.pairs:
            return True
        principal = self._estate.principal(caller)
        return principal is not None and action in answer_of(open_layers(self._estate, principal, role)).actions

    @cached_property
    def _candidates(self) -> Candidates:
        return Candidates(self._estate)


def _allowed(estate: Estate, caller: str, action: str, role: str) -> bool:
    principal = estate.principal(caller)
    if principal is None or parse_arn(caller).account == parse_arn(role).account:
        return True
    return any(
        policy.unknown
        or any(each.allows and each.about(action) and each.on(role, _NOTHING) for each in policy.statements)
        for policy in principal.policies
    )


def _covered(trust: Policy, action: str) -> bool:
    return bool(trust.unknown) or any(each.allows and each.about(action) for each in trust.statements)
