"""What AWS tells beside ``GetAccountAuthorizationDetails``, under AWS's own names, where it costs few calls.

``MaxSessionDuration`` (ListRoles), ``AccountAliases``, ``SummaryMap`` are one call or one listing each;
``LoginProfile`` and ``MFADevices`` are two calls a user and left out of accounts with many users. A call that is
refused leaves its key out: unknown, not empty.

Sources: ListRoles, ListAccountAliases, GetAccountSummary, GetLoginProfile and ListMFADevices of the IAM API Reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

MOST_USERS = 100
"""Above so many users their passwords and MFA devices are not asked for."""


def with_extras(details: Mapping[str, Any], iam: Any) -> Mapping[str, Any]:
    """``details`` with what else ``iam`` may tell."""
    durations = session_durations(iam)
    users = details["UserDetailList"]
    few = len(users) <= MOST_USERS
    summary = _allowed(lambda: dict(iam.get_account_summary()["SummaryMap"]))
    named = _allowed(lambda: list(iam.list_account_aliases()["AccountAliases"]))
    return {
        **details,
        "RoleDetailList": [{**role, **durations.get(role["Arn"], {})} for role in details["RoleDetailList"]],
        "UserDetailList": [{**user, **_sign_in(user["UserName"], iam)} for user in users] if few else users,
        **({"SummaryMap": summary} if summary is not None else {}),
        **({"AccountAliases": named} if named is not None else {}),
    }


def session_durations(iam: Any) -> dict[str, dict[str, int]]:
    """By role's ARN its ``MaxSessionDuration``; nothing where the call is refused."""
    return _allowed(lambda: _durations(iam)) or {}


def _durations(iam: Any) -> dict[str, dict[str, int]]:
    pages = iam.get_paginator("list_roles").paginate()
    roles = [role for page in pages for role in page["Roles"]]
    return {
        role["Arn"]: {"MaxSessionDuration": role["MaxSessionDuration"]}
        for role in roles
        if "MaxSessionDuration" in role
    }


def _sign_in(user: str, iam: Any) -> dict[str, Any]:
    def profile() -> dict[str, Any]:
        try:
            return {"LoginProfile": iam.get_login_profile(UserName=user)["LoginProfile"]}
        except iam.exceptions.NoSuchEntityException:
            return {"LoginProfile": None}

    devices = _allowed(lambda: {"MFADevices": list(iam.list_mfa_devices(UserName=user)["MFADevices"])})
    return {**(_allowed(profile) or {}), **(devices or {})}


def _allowed(ask: Callable[[], Any]) -> Any:
    """The answer; None where AWS refuses the call."""
    from botocore.exceptions import ClientError

    try:
        return ask()
    except ClientError:
        return None
