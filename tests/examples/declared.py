"""A recorded stack in the form of ``expected/*.yaml``: what who set it up by hand would find in the console."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from crossaccount.engine.deployment import Deployment
from crossaccount.iam.documents import canonical

KINDS = {
    "User": "users",
    "Group": "groups",
    "Role": "roles",
    "Policy": "policies",
}
BOOKKEEPING = ("Exclusive", "SecretVersion")
"""Types that add nothing which the console shows beside what they belong to."""

Entities = dict[str, dict[str, Any]]


def account(deployment: Deployment) -> Entities:
    """Users, groups, roles and customer-managed policies by name, with everything that belongs to them."""
    result: Entities = {}
    for resource in deployment.resources:
        kind = KINDS.get(resource.type.split(":")[-1])
        if kind is not None and resource.type.startswith("aws:iam/"):
            is_policy = kind == "policies"
            document = _document(resource.inputs["policy"]) if is_policy else _trust(resource.inputs)
            result.setdefault(kind, {})[resource.inputs["name"]] = document
    for resource in deployment.resources:
        _add(result, resource.type.split(":")[-1], resource.inputs)
    return result


def expected(entities: Mapping[str, Any]) -> Entities:
    """One account of an ``expected`` file, documents in their canonical form."""
    return {kind: {name: _expected(kind, each) for name, each in named.items()} for kind, named in entities.items()}


def _expected(kind: str, entity: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "policies":
        return canonical(entity)
    result = dict(entity)
    if "trust" in result:
        result["trust"] = canonical(result["trust"])
    if "groups" in result:
        result["groups"] = sorted(result["groups"])
    if "inline" in result:
        result["inline"] = {name: canonical(document) for name, document in result["inline"].items()}
    return result


def _trust(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"trust": _document(inputs["assumeRolePolicy"])} if "assumeRolePolicy" in inputs else {}


def _document(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return canonical(document)


def _add(result: Entities, kind: str, inputs: Mapping[str, Any]) -> None:
    """Put what belongs to an entity where it belongs; a type that nobody expects is an error."""
    match kind:
        case "UserPolicy" | "GroupPolicy" | "RolePolicy":
            owner = _owner(result, kind.removesuffix("Policy"), inputs)
            owner.setdefault("inline", {})[inputs["name"]] = _document(inputs["policy"])
        case "UserPolicyAttachment" | "GroupPolicyAttachment" | "RolePolicyAttachment":
            owner = _owner(result, kind.removesuffix("PolicyAttachment"), inputs)
            owner["attached"] = sorted([*owner.get("attached", []), inputs["policyArn"]])
        case "GroupMembership":
            for user in inputs["users"]:
                owner = result["users"][user]
                # Memberships are registered side by side, in no order.
                owner["groups"] = sorted([*owner.get("groups", []), inputs["group"]])
        case "InstanceProfile":
            result["roles"][inputs["role"]]["instance_profile"] = inputs["name"] == inputs["role"]
        case "UserLoginProfile":
            result["users"][inputs["user"]]["console"] = True
        case "AccessKey":
            result["users"][inputs["user"]]["access_key"] = inputs["status"] == "Active"
        case "Secret":
            _, _, user, what = inputs["name"].split("/")
            assert result["users"][user][what.replace("-", "_")]
        case "OpenIdConnectProvider":
            result.setdefault("providers", {})[inputs["url"]] = {"audiences": inputs["clientIdLists"]}
        case "SamlProvider":
            entity = re.search(r'entityID="([^"]*)"', inputs["samlMetadataDocument"])
            result.setdefault("providers", {})[inputs["name"]] = {"entity": entity[1] if entity else ""}
        case _:
            known = kind in KINDS or kind.endswith((*BOOKKEEPING, "Account", "Policies", "IdentityProviders"))
            assert known, f"nobody expects a {kind}"


def _owner(result: Entities, kind: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    owner: dict[str, Any] = result[KINDS[kind]][inputs[kind.lower()]]
    return owner
