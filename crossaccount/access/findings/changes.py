"""Changes that replace a user or a role, and changes that take a second step.

A trust that names a principal exactly is pinned to its unique ID when it is saved. AWS gives the new user or role
another unique ID. After a replacement the trust matches no principal, until it is saved again when the new one exists.
Two estates show a replacement: the same kind and name under another path, or the same ARN with another unique ID. AWS
shows such a trust with the unique ID in place of the ARN. So if AWS was read after the change, an ARN in a trust names
an existing principal. A rename looks like a deletion and a creation; a preview knows of renames, and calls
:func:`pinned_by` directly.

Changes that take a second step are visible only in a config: settings yield them. Whether control policies let a stack
be deployed is known of a project alone: the review and ``check`` judge it.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal
from crossaccount.access.findings.finding import Found, Kind, Place
from crossaccount.iam.arn import parse_arn

_SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles"
REPLACED = Kind(
    "XA501",
    "warning",
    "A user or role is replaced",
    "The new one has another unique ID. A trust that names the old one exactly, in any account, no longer matches.",
    "Keep name and path, or first change the trusts that name it to `mode: by-name`.",
    _SOURCE,
)
PINNED = Kind(
    "XA502",
    "error",
    "A replaced user or role is locked out by a trust that names it exactly",
    "The trust is tied to the unique ID of the old one and matches nobody until it is saved again.",
    "Save the trust again after the replacement, or change it to `mode: by-name` before.",
    _SOURCE,
)


def replacement_findings(before: Estate, after: Estate, shown_by_aws: Collection[str] = ()) -> Iterator[Found]:
    """The users and roles that a change replaces, and the trusts that no longer match.

    ``shown_by_aws`` are the IDs of the accounts whose trusts in ``after`` were read from AWS.
    """
    pins = pinned_by(before)
    old = {_identity(principal): principal for principal in _principals(before)}
    for principal in _principals(after):
        former = old.get(_identity(principal))
        if former is not None and _is_another(former, principal):
            pinned = pins.get(former.arn, ())
            yield from replaced(principal.arn, (role for role in pinned if _is_dead(role, former, after, shown_by_aws)))


def replaced(arn: str, trusts: Iterable[str]) -> Iterator[Found]:
    """The findings about a replaced principal, and about the roles whose trusts name it exactly."""
    broken = sorted(set(trusts))
    if broken:
        message = f"is replaced, and the trust of {', '.join(broken)} is tied to the old one"
        yield Found(PINNED, Place(arn), message, PINNED.hint)
    else:
        yield Found(REPLACED, Place(arn), "is replaced by one with another unique ID", REPLACED.hint)


def pinned_by(estate: Estate) -> Mapping[str, tuple[str, ...]]:
    """By principal: the roles whose trusts name it exactly."""
    found: dict[str, list[str]] = {}
    for role in estate.roles.values():
        for statement in role.trust.statements:
            for entry in statement.principal.aws if statement.principal else ():
                if entry != role.arn and ":root" not in entry:
                    found.setdefault(entry, []).append(role.arn)
    return {principal: tuple(roles) for principal, roles in found.items()}


def _is_dead(role: str, former: Principal, after: Estate, shown_by_aws: Collection[str]) -> bool:
    if parse_arn(role).account not in shown_by_aws:
        return True
    return former.unique_id is not None and role in pinned_by(after).get(former.unique_id, ())


def _principals(estate: Estate) -> Iterator[Principal]:
    yield from estate.users.values()
    yield from estate.roles.values()


def _identity(principal: Principal) -> tuple[str, str, str]:
    """The identity of an entity: within an account names are unique, ignoring path and letter case."""
    arn = parse_arn(principal.arn)
    return arn.account, arn.kind, arn.name.lower()


def _is_another(former: Principal, principal: Principal) -> bool:
    """Whether the principal was replaced. If both unique IDs are known they decide: a user that moves to another path
    keeps its ID.
    """
    if former.unique_id and principal.unique_id:
        return former.unique_id != principal.unique_id
    return former.arn != principal.arn


ADOPTION = Kind(
    "XA503",
    "warning",
    "An adoption removes policies",
    "The same `up` removes its policies that the config does not name, and no preview lists them.",
    "Add `exclusive: false` to `import` until you have checked, or `exclusive: true` if this is intended.",
    "docs/adr/0004-additions-by-hand-must-show.md",
)
RENAME = Kind(
    "XA504",
    "warning",
    "A renamed user or group must be adopted under its new name",
    "Pulumi's state keeps the former name as its ID, so a refresh treats the user or group as deleted.",
    "After the `up` that renames it, replace `aliases` with `import: true` and deploy again.",
    "docs/adr/0012-a-user-with-credentials-is-not-renamed.md",
)
LOCKED_OUT = Kind(
    "XA505",
    "error",
    "A control policy locks out the principal that deploys a stack",
    "The policy denies a call of the stack's deployment, so nobody could change the account until the policy is "
    "changed. `up` refuses to deploy such a policy. It is a warning if the policy denies the call only under "
    "conditions that the deployer may not meet.",
    "Exempt the deployer with a Condition on `aws:PrincipalArn`, or leave the action out.",
    "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html",
)
