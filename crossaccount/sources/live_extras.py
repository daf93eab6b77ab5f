"""What AWS tells beside ``GetAccountAuthorizationDetails``, under AWS's own names, where it costs few calls.

``MaxSessionDuration`` (ListRoles), ``AccountAliases``, ``SummaryMap`` are one call or one listing each;
``LoginProfile``, ``AccessKeyMetadata`` and ``MFADevices`` are three calls a user and left out of accounts with many
users. A call that is refused leaves its key out: unknown, not empty.

Sources: ListRoles, ListAccountAliases, GetAccountSummary, GetLoginProfile, ListAccessKeys and ListMFADevices of the IAM
API Reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

MOST_USERS = 100
"""Above so many users their passwords, access keys and MFA devices are not asked for."""


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
    devices = _allowed(lambda: {"MFADevices": list(iam.list_mfa_devices(UserName=user)["MFADevices"])})
    return {**_credentials(user, iam), **(devices or {})}


def with_credentials(users: Sequence[Mapping[str, Any]], iam: Any) -> list[Mapping[str, Any]]:
    """Members of ``UserDetailList`` with their passwords and access keys, where that costs few calls."""
    few = len(users) <= MOST_USERS
    return [{**user, **_credentials(user["UserName"], iam)} if few else user for user in users]


def _credentials(user: str, iam: Any) -> dict[str, Any]:
    """A user's ``LoginProfile`` and ``AccessKeyMetadata``, as far as ``iam`` may tell them. One user has two keys."""

    def profile() -> dict[str, Any]:
        try:
            return {"LoginProfile": iam.get_login_profile(UserName=user)["LoginProfile"]}
        except iam.exceptions.NoSuchEntityException:
            return {"LoginProfile": None}

    keys = _allowed(lambda: {"AccessKeyMetadata": list(iam.list_access_keys(UserName=user)["AccessKeyMetadata"])})
    return {**(_allowed(profile) or {}), **(keys or {})}


def _allowed(ask: Callable[[], Any]) -> Any:
    """The answer; None where AWS refuses the call."""
    from botocore.exceptions import ClientError

    try:
        return ask()
    except ClientError:
        return None
