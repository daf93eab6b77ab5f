"""Whether the Principal element of a trust policy names a caller, and how far that carries within one account.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html,
reference_policies_elements_notprincipal.html and reference_policies_evaluation-logic_policy-eval-denyallow.html.
"""

from __future__ import annotations

from enum import IntEnum

from crossaccount.access.entities import Principal
from crossaccount.iam.arn import parse_arn
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
    if element.inverted:
        listed = any(_entry(entry, caller, session) for entry in element.aws)
        return Naming.NONE if listed else Naming.DIRECT
    return max((_entry(entry, caller, session) for entry in element.aws), default=Naming.NONE)


def denies(element: PrincipalElement, caller: Principal, session: str | None = None) -> bool:
    """Whether a Deny's principal covers ``caller``.

    ``NotPrincipal`` with Deny spares only whom it lists together with his account, and nobody who has a permissions
    boundary ("will always deny any IAM principal that has a permissions boundary").
    """
    if not element.inverted:
        return naming(element, caller, session) > Naming.NONE
    found = {_entry(entry, caller, session) for entry in element.aws}
    spared = Naming.ACCOUNT in found and bool(found & {Naming.ROLE, Naming.DIRECT})
    return caller.boundary is not None or not (spared or EVERYONE in element.aws)


def _entry(entry: str, caller: Principal, session: str | None) -> Naming:
    if entry == EVERYONE:
        return Naming.DIRECT
    if entry == caller.account:
        return Naming.ACCOUNT
    if entry == caller.arn or (caller.unique_id and entry == caller.unique_id):
        return Naming.ROLE if caller.is_role else Naming.DIRECT
    return _arn_entry(entry, caller, session)


def _arn_entry(entry: str, caller: Principal, session: str | None) -> Naming:
    try:
        arn = parse_arn(entry)
    except ValueError:  # the unique ID of somebody else, who may be gone
        return Naming.NONE
    if arn.account != caller.account:
        return Naming.NONE
    if arn.service == "iam" and arn.resource == "root":
        return Naming.ACCOUNT
    # A session's ARN leaves the role's path out: assumed-role/<name>/<session>.
    kind, _, rest = arn.resource.partition("/")
    role, _, named = rest.partition("/")
    is_session = arn.service == "sts" and kind == "assumed-role" and caller.is_role and role == caller.name
    return Naming.DIRECT if is_session and session in (None, named) else Naming.NONE
