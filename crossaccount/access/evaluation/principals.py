"""Whether the Principal element of a trust policy names a caller, and how far that carries within one account.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html,
reference_policies_elements_notprincipal.html and reference_policies_evaluation-logic_policy-eval-denyallow.html.
"""

from __future__ import annotations

from enum import IntEnum

from crossaccount.access.estate.entities import Principal
from crossaccount.iam.compiled import PrincipalElement
from crossaccount.iam.names import has_wildcard

EVERYONE = "*"


class Naming(IntEnum):
    """How a trust names a caller, the stronger the higher.

    ``ACCOUNT`` delegates to the account's identity policies. ``ROLE`` (a role's ARN) grants by itself within the
    account, within the role's permissions boundary. ``DIRECT`` (a user's ARN, a session's ARN, ``*``) grants by itself
    within the account, and an implicit deny in a boundary does not limit it. Across accounts the caller's own policies
    are needed in any case.
    """

    NONE = 0
    ACCOUNT = 1
    ROLE = 2
    DIRECT = 3


def naming(element: PrincipalElement, caller: Principal, session: str | None = None) -> Naming:
    """How an Allow's principal names ``caller``. ``session`` is the caller's role session name, where it is known.

    ``Service`` and ``Federated`` principals name no IAM principal. IAM has no ``NotPrincipal`` with Allow any more;
    where an old policy has it, it names everyone that it does not list.
    """
    found = _namings(element, caller, session)
    if element.inverted:
        return Naming.NONE if found else Naming.DIRECT
    return max(found) if found else Naming.NONE


def denies(element: PrincipalElement, caller: Principal, session: str | None = None) -> bool:
    """Whether a Deny's principal covers ``caller``.

    ``NotPrincipal`` with Deny spares only whom it lists together with his account, of a role only sessions that it
    lists beside it, and nobody who has a permissions boundary ("will always deny any IAM principal that has a
    permissions boundary").
    """
    found = _namings(element, caller, session)
    if not element.inverted:
        return bool(found)
    himself = Naming.DIRECT in found and (Naming.ROLE in found or not caller.is_role)
    spared = Naming.ACCOUNT in found and himself
    return caller.boundary is not None or not (spared or EVERYONE in element.entries)


def _namings(element: PrincipalElement, caller: Principal, session: str | None) -> list[Naming]:
    """The ways in which entries name the caller. The unique ID of somebody who is gone names nobody."""
    found = []
    entries = element.entries
    if EVERYONE in entries:
        found.append(Naming.DIRECT)
    if caller.arn in entries or (caller.unique_id and caller.unique_id in entries):
        found.append(Naming.ROLE if caller.is_role else Naming.DIRECT)
    if caller.account in element.accounts:
        found.append(Naming.ACCOUNT)
    if element.sessions and (named := sessions_of(element, caller)) and (session is None or session in named):
        found.append(Naming.DIRECT)
    return found


def sessions_of(element: PrincipalElement, caller: Principal) -> tuple[str, ...]:
    """The names of the caller's own sessions that are listed: of a role, by ARNs that leave its path out.

    A wildcard names none ("Principals must always name a specific session").
    """
    if not (element.sessions and caller.is_role):
        return ()
    prefix = f"assumed-role/{caller.name}/"
    own = (arn.resource for arn in element.sessions if (arn.service, arn.account) == ("sts", caller.account))
    named = (resource.removeprefix(prefix) for resource in own if resource.startswith(prefix))
    return tuple(name for name in named if name and not has_wildcard(name))
