"""What a stack declares, in the shape of ``GetAccountAuthorizationDetails``, from the resources that a run recorded.

IDs and dates are AWS's to give and are left out; everything else that IAM evaluates is there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crossaccount.engine.deployment import Deployment, Resource

Details = Mapping[str, Any]


def details(deployment: Deployment) -> Details:
    """One account's authorization details, as ``deployment`` declares them."""
    return {
        "UserDetailList": [_user(each, deployment) for each in deployment.of_type("aws:iam/user:User")],
        "GroupDetailList": [_group(each, deployment) for each in deployment.of_type("aws:iam/group:Group")],
        "RoleDetailList": [_role(each, deployment) for each in deployment.of_type("aws:iam/role:Role")],
        "Policies": [_policy(each) for each in deployment.of_type("aws:iam/policy:Policy")],
    }


def _user(resource: Resource, deployment: Deployment) -> dict[str, Any]:
    name = resource.inputs["name"]
    return {
        **_entity(resource, "User"),
        **_boundary(resource),
        "UserPolicyList": _inline(name, "user", deployment),
        "AttachedManagedPolicies": _attached(name, "user", deployment),
        "GroupList": sorted(_groups(name, deployment)),
    }


def _group(resource: Resource, deployment: Deployment) -> dict[str, Any]:
    name = resource.inputs["name"]
    return {
        **_entity(resource, "Group"),
        "GroupPolicyList": _inline(name, "group", deployment),
        "AttachedManagedPolicies": _attached(name, "group", deployment),
    }


def _role(resource: Resource, deployment: Deployment) -> dict[str, Any]:
    name = resource.inputs["name"]
    session = resource.inputs.get("maxSessionDuration")
    return {
        **_entity(resource, "Role"),
        **_boundary(resource),
        **({"MaxSessionDuration": int(session)} if session else {}),
        "AssumeRolePolicyDocument": json.loads(resource.inputs["assumeRolePolicy"]),
        "RolePolicyList": _inline(name, "role", deployment),
        "AttachedManagedPolicies": _attached(name, "role", deployment),
        "InstanceProfileList": [
            {
                "InstanceProfileName": each.inputs["name"],
                "Path": each.inputs.get("path", "/"),
                "Arn": each.outputs["arn"],
            }
            for each in deployment.of_type("aws:iam/instanceProfile:InstanceProfile")
            if each.inputs.get("role") == name
        ],
    }


def _policy(resource: Resource) -> dict[str, Any]:
    document = json.loads(resource.inputs["policy"])
    return {
        **_entity(resource, "Policy"),
        "DefaultVersionId": "v1",
        "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": True, "Document": document}],
    }


def _entity(resource: Resource, kind: str) -> dict[str, Any]:
    tags = resource.inputs.get("tags") or {}
    return {
        f"{kind}Name": resource.inputs["name"],
        "Path": resource.inputs.get("path", "/"),
        "Arn": resource.outputs["arn"],
        **({"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]} if tags else {}),
    }


def _boundary(resource: Resource) -> dict[str, Any]:
    arn = resource.inputs.get("permissionsBoundary")
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    return {"PermissionsBoundary": boundary} if arn else {}


def _inline(owner: str, kind: str, deployment: Deployment) -> list[dict[str, Any]]:
    token = f"aws:iam/{kind}Policy:{kind.capitalize()}Policy"
    policies = [each for each in deployment.of_type(token) if each.inputs[kind] == owner]
    return [
        {"PolicyName": each.inputs["name"], "PolicyDocument": json.loads(each.inputs["policy"])}
        for each in sorted(policies, key=lambda each: str(each.inputs["name"]))
    ]


def _attached(owner: str, kind: str, deployment: Deployment) -> list[dict[str, Any]]:
    token = f"aws:iam/{kind}PolicyAttachment:{kind.capitalize()}PolicyAttachment"
    arns = sorted(str(each.inputs["policyArn"]) for each in deployment.of_type(token) if each.inputs[kind] == owner)
    return [{"PolicyName": arn.rsplit("/", 1)[-1], "PolicyArn": arn} for arn in arns]


def _groups(user: str, deployment: Deployment) -> list[str]:
    exclusive = deployment.of_type("aws:iam/groupMembership:GroupMembership")
    shared = deployment.of_type("aws:iam/userGroupMembership:UserGroupMembership")
    return [
        *(str(each.inputs["group"]) for each in exclusive if user in each.inputs["users"]),
        *(str(group) for each in shared if each.inputs["user"] == user for group in each.inputs["groups"]),
    ]
