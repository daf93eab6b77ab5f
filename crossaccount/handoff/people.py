"""What the sources say of principals beside their policies: MFA devices, a password, the services of a role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crossaccount.access.estate.entities import Role
from crossaccount.handoff.entry import Mfa
from crossaccount.iam.arn import iam_arn, parse_arn
from crossaccount.sources.details import Details


class People:
    """Looked up by ARN. An account's alias is by its ID."""

    def __init__(self, details: Iterable[Details]) -> None:
        self._users: dict[str, Mapping[str, Any]] = {}
        self._aliases: dict[str, str] = {}
        for account in details:
            users = account.get("UserDetailList") or ()
            self._users.update((str(user["Arn"]), user) for user in users)
            if (aliases := account.get("AccountAliases")) and (ids := _accounts(account)):
                self._aliases[ids.pop()] = str(aliases[0])

    def mfa(self, principal: str) -> Mfa:
        """The MFA device of a user: the first that its source lists, else the one that the console would propose."""
        arn = parse_arn(principal)
        devices = self._users.get(principal, {}).get("MFADevices") or ()
        serials = [
            str(each["SerialNumber"]) for each in devices if isinstance(each, Mapping) and "SerialNumber" in each
        ]
        if serials:
            return Mfa(serials[0], known=True)
        return Mfa(iam_arn(arn.account, f"mfa/{arn.name}", arn.partition))

    def console(self, principal: str) -> bool | None:
        """Whether a user has a password; None where the source does not say, or for a role."""
        user = self._users.get(principal, {})
        return bool(user["LoginProfile"]) if "LoginProfile" in user else None

    def aliased(self, account_id: str) -> str:
        """The account's alias, or its ID."""
        return self._aliases.get(account_id, account_id)


def services(role: Role | None) -> tuple[str, ...]:
    """The AWS services that may assume a role."""
    if role is None:
        return ()
    named = (
        statement.principal.services for statement in role.trust.statements if statement.allows and statement.principal
    )
    return tuple(sorted({service for each in named for service in each}))


def _accounts(details: Details) -> set[str]:
    lists = (details.get("UserDetailList"), details.get("RoleDetailList"), details.get("GroupDetailList"))
    return {parse_arn(str(item["Arn"])).account for each in lists for item in each or ()}
