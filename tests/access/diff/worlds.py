"""Small estates for the cases: users and groups of one account, roles of another, written in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crossaccount.access import Estate

CALLERS, ROLES = "111111111111", "222222222222"
World = Mapping[str, Any]


def estate_of(world: World, since: datetime | None = None) -> Estate:
    """The estate of a case. ``users``, ``groups`` and ``apps`` (roles) are in one account, ``roles`` in another.

    Each has ``policies`` (name to statements), ``managed`` (ARNs), ``boundary`` (statements) and ``tags``; a user has
    ``groups`` and its credentials as AWS tells them (``keys``: AccessKeyMetadata, ``login``: LoginProfile, ``devices``:
    serial numbers), a role ``trust`` (statements), ``session`` (seconds) and ``id``. ``scps`` are of the callers'
    account.
    """
    policies: list[dict[str, Any]] = []
    callers = {
        "UserDetailList": [_user(name, user, policies) for name, user in world.get("users", {}).items()],
        "GroupDetailList": [_group(name, group) for name, group in world.get("groups", {}).items()],
        "RoleDetailList": [_role(name, role, CALLERS, policies) for name, role in world.get("apps", {}).items()],
        "Policies": policies,
    }
    roles = [_role(name, role, ROLES, policies) for name, role in world.get("roles", {}).items()]
    control = {CALLERS: [{f"scp{index}": _document(level) for index, level in enumerate(world.get("scps", []))}]}
    return Estate.from_details(
        [callers, {"RoleDetailList": roles}], service_control=control if "scps" in world else None, since=since
    )


def _document(statements: object) -> Any:
    """Statements as a document; a document stays one, and a text a text, which is no policy."""
    return statements if isinstance(statements, (str, Mapping)) else {"Version": "2012-10-17", "Statement": statements}


def _inline(entity: World, key: str) -> dict[str, Any]:
    items = entity.get("policies", {}).items()
    return {key: [{"PolicyName": name, "PolicyDocument": _document(each)} for name, each in items]}


def _common(arn: str, entity: World, policies: list[dict[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "Arn": arn,
        "AttachedManagedPolicies": [{"PolicyName": each, "PolicyArn": each} for each in entity.get("managed", [])],
        "Tags": [{"Key": key, "Value": value} for key, value in entity.get("tags", {}).items()],
    }
    if "boundary" in entity:
        boundary = f"arn:aws:iam::{CALLERS}:policy/boundary-{len(policies)}"
        version = {"IsDefaultVersion": True, "Document": _document(entity["boundary"])}
        policies.append({"PolicyName": "boundary", "Arn": boundary, "PolicyVersionList": [version]})
        result["PermissionsBoundary"] = {"PermissionsBoundaryArn": boundary}
    return result


def _user(name: str, user: World, policies: list[dict[str, Any]]) -> dict[str, Any]:
    common = _common(f"arn:aws:iam::{CALLERS}:user/{name}", user, policies)
    own = {**common, **_inline(user, "UserPolicyList"), "UserName": name, "GroupList": user.get("groups", [])}
    told = {"keys": "AccessKeyMetadata", "login": "LoginProfile", "id": "UserId"}
    own |= {key: user[word] for word, key in told.items() if word in user}
    return own | ({"MFADevices": [{"SerialNumber": each} for each in user["devices"]]} if "devices" in user else {})


def _group(name: str, group: World) -> dict[str, Any]:
    common = _common(f"arn:aws:iam::{CALLERS}:group/{name}", group, [])
    return {**common, **_inline(group, "GroupPolicyList"), "GroupName": name}


def _role(name: str, role: World, account: str, policies: list[dict[str, Any]]) -> dict[str, Any]:
    found = {
        **_common(f"arn:aws:iam::{account}:role/{name}", role, policies),
        **_inline(role, "RolePolicyList"),
        "RoleName": name,
        "AssumeRolePolicyDocument": _document(role.get("trust", [])),
        "RoleId": role.get("id", ""),
    }
    return {**found, "MaxSessionDuration": role["session"]} if "session" in role else found
