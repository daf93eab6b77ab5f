"""Whether the Principal element of a trust policy names a caller, and how far that carries within one account.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html,
reference_policies_elements_notprincipal.html and reference_policies_evaluation-logic_policy-eval-denyallow.html.
"""

from __future__ import annotations

from enum import IntEnum

from crossaccount.access.estate.entities import Principal
from crossaccount.iam.arn import Arn
from crossaccount.iam.compiled import PrincipalElement

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
    if element.sessions and caller.is_role and any(_is_session(arn, caller, session) for arn in element.sessions):
        found.append(Naming.DIRECT)
    return found


def _is_session(arn: Arn, caller: Principal, session: str | None) -> bool:
    """A session's ARN leaves the role's path out: ``assumed-role/<name>/<session>``."""
    kind, _, rest = arn.resource.partition("/")
    role, _, named = rest.partition("/")
    of_role = (arn.service, kind, arn.account, role) == ("sts", "assumed-role", caller.account, caller.name)
    return of_role and session in (None, named)
