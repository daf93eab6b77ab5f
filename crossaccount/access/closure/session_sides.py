"""Session tags and source identities that only one side allows.

A call that passes them is refused unless the caller's policies and the role's trust both allow ``sts:TagSession`` and
``sts:SetSourceIdentity``.
"""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.access.closure.reach import Holders, Reach, listed
from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Policy
from crossaccount.access.findings.documents import Statement
from crossaccount.access.findings.finding import Found, Kind
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


def session_findings(statement: Statement, estate: Estate, reach: Reach, holders: Holders) -> Iterator[Found]:
    """The two actions, where a statement names them and the other side does not allow them."""
    if not statement.allows:
        return
    for action in _ACTIONS:
        if not any(text.lower() == action.lower() for text in statement.texts("Action")):
            continue
        if statement.side == "trust":
            yield from _callers(statement, action, estate, reach)
        else:
            yield from _trusts(statement, action, estate, reach, holders)


def _callers(statement: Statement, action: str, estate: Estate, reach: Reach) -> Iterator[Found]:
    role = statement.owner
    callers = [arn for arn in reach.by_role.get(role, ()) if estate.principal(arn) is not None]
    if not callers or any(_allowed(estate, arn, action, role) for arn in callers):
        return
    message = f"allows {action}, and none of {listed(callers)} may call it"
    yield Found(ONE_SIDE, statement.at("actions"), message, f"allow {action} in their policies too, or remove it here")


def _trusts(statement: Statement, action: str, estate: Estate, reach: Reach, holders: Holders) -> Iterator[Found]:
    callers = holders.of(statement.owner)
    roles = [estate.roles[text] for text in statement.texts("Resource") if text in estate.roles]
    closed = [
        role.arn
        for role in roles
        if any((caller, role.arn) in reach.pairs for caller in callers) and not _covered(role.trust, action)
    ]
    if closed:
        message = f"allows {action}, and the trust of {listed(closed)} does not"
        yield Found(ONE_SIDE, statement.at("actions"), message, f"add {action} to the trust, or remove it here")


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
