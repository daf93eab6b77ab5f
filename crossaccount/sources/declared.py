"""What a stack's resources make of an account, in the shape of ``GetAccountAuthorizationDetails``.

The resources are those that a run recorded, or those of a state. IDs are there where a provider gave them; dates are
left out. A document that is secret in a state, or that only the name of is known (an inline policy that somebody added
by hand, seen by a refresh), is left out of its policy, which makes it unknown and not empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossaccount.engine.deployment import Deployment
from crossaccount.settings.account_details import DEFAULT_SESSION_DURATION
from crossaccount.sources.belongings import Belongings, document

Details = Mapping[str, Any]


def details(deployment: Deployment, *, deployed: bool = False) -> Details:
    """One account's authorization details, as the resources of ``deployment`` make them, or once ``deployed`` made."""
    its = Belongings(deployment)
    return {
        "UserDetailList": [_user(each.values, its, deployed) for each in deployment.of_type("aws:iam/user:User")],
        "GroupDetailList": [_group(each.values, its) for each in deployment.of_type("aws:iam/group:Group")],
        "RoleDetailList": [_role(each.values, its) for each in deployment.of_type("aws:iam/role:Role")],
        "Policies": [_policy(each.values) for each in deployment.of_type("aws:iam/policy:Policy")],
    }


def _user(values: Mapping[str, Any], its: Belongings, deployed: bool) -> dict[str, Any]:
    name = values["name"]
    return {
        **_entity(values, "User"),
        **_boundary(values),
        "UserPolicyList": its.inline("user", name),
        "AttachedManagedPolicies": its.attached("user", name),
        "GroupList": its.groups(name),
        "LoginProfile": its.login_profile(name, deployed=deployed),
        "AccessKeyMetadata": its.access_keys(name),
    }


def _group(values: Mapping[str, Any], its: Belongings) -> dict[str, Any]:
    name = values["name"]
    return {
        **_entity(values, "Group"),
        "GroupPolicyList": its.inline("group", name),
        "AttachedManagedPolicies": its.attached("group", name),
    }


def _role(values: Mapping[str, Any], its: Belongings) -> dict[str, Any]:
    name = values["name"]
    return {
        **_entity(values, "Role"),
        **_boundary(values),
        "MaxSessionDuration": int(values.get("maxSessionDuration") or DEFAULT_SESSION_DURATION),
        "AssumeRolePolicyDocument": document(values.get("assumeRolePolicy")),
        "RolePolicyList": its.inline("role", name),
        "AttachedManagedPolicies": its.attached("role", name),
        "InstanceProfileList": its.profiles(name),
    }


def _policy(values: Mapping[str, Any]) -> dict[str, Any]:
    """AWS's answer tells no tags of policies."""
    version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": document(values.get("policy"))}
    untagged = {**values, "tags": {}, "tagsAll": {}}
    return {**_entity(untagged, "Policy"), "DefaultVersionId": "v1", "PolicyVersionList": [version]}


def _entity(values: Mapping[str, Any], kind: str) -> dict[str, Any]:
    # What AWS has: the resource's own tags over the provider's default ones.
    tags = values.get("tagsAll") or values.get("tags") or {}
    unique_id = values.get("uniqueId" if kind in ("User", "Role", "Group") else "policyId")
    return {
        f"{kind}Name": values["name"],
        "Path": values.get("path") or "/",
        "Arn": values["arn"],
        **({f"{kind}Id": unique_id} if unique_id else {}),
        **({"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]} if tags else {}),
    }


def _boundary(values: Mapping[str, Any]) -> dict[str, Any]:
    arn = values.get("permissionsBoundary")
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    return {"PermissionsBoundary": boundary} if arn else {}
