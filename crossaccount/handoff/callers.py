"""Who calls, as the sources know it."""

from __future__ import annotations

from crossaccount.access.estate import Estate
from crossaccount.handoff.errors import HandoffError
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.problem import NOT_GIVEN, Problem


def principal_of(arn: str, estate: Estate) -> str:
    """The user or role behind the ARN of ``GetCallerIdentity``; a session's leaves the role's path out.

    Raises:
        HandoffError: no source describes who it is, or it is an account's root user.
    """
    found = parse_arn(arn)
    if found.resource == "root":
        raise HandoffError(
            [Problem("caller", "the root user assumes no role", arn, "use a user's or role's credentials")]
        )
    if found.kind == "assumed-role":
        name = found.resource.split("/")[1]
        roles = (role for role in estate.roles.values() if (role.account, role.name) == (found.account, name))
        if (role := next(roles, None)) is not None:
            return role.arn
    elif estate.principal(arn) is not None:
        return arn
    fix = f"add a source of account {found.account}"
    if found.account in estate.accounts:
        fix = "declare it, or use the credentials of somebody who is declared"
    raise HandoffError([Problem("caller", f"no source knows {arn}", NOT_GIVEN, fix)])
