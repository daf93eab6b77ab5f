"""Estates for the cases of findings, in few words.

``accounts`` maps an account ID to ``users``, ``groups``, ``roles`` and ``policies``, each by name. ``inline`` maps a
policy's name to its statements, ``trust`` holds statements, ``attached`` ARNs, ``groups`` of a user their names. A
statement without ``Effect`` allows; what a role does not say is trusted by EC2. Any key in AWS's own spelling
(``MaxSessionDuration``, ``Path``) is taken over as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

Spec = Mapping[str, Any]
EC2 = [{"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]
KINDS = {
    "users": ("UserDetailList", "User"),
    "groups": ("GroupDetailList", "Group"),
    "roles": ("RoleDetailList", "Role"),
}


_AS_IT_IS = ("SummaryMap", "OpenIDConnectProviderList", "SAMLProviderList")


@pytest.fixture
def details_of() -> Callable[[Mapping[str, Spec]], list[dict[str, Any]]]:
    """Builds the details of some accounts."""
    return lambda accounts: [account_details(account, spec or {}) for account, spec in accounts.items()]


def account_details(account: str, spec: Spec) -> dict[str, Any]:
    """One account in the shape of ``aws iam get-account-authorization-details``."""
    assert set(spec) <= {*KINDS, "policies", *_AS_IT_IS}, f"keys that nobody reads: {set(spec)}"
    found: dict[str, Any] = {key: spec[key] for key in _AS_IT_IS if key in spec}
    for section, (list_name, prefix) in KINDS.items():
        members = (spec.get(section) or {}).items()
        found[list_name] = [_entity(account, prefix, name, each or {}) for name, each in members]
    found["Policies"] = [_policy(account, name, each) for name, each in (spec.get("policies") or {}).items()]
    return found


def _entity(account: str, prefix: str, name: str, spec: Spec) -> dict[str, Any]:
    path = spec.get("Path", "/")
    entity = {
        f"{prefix}Name": name,
        "Arn": f"arn:aws:iam::{account}:{prefix.lower()}{path}{name}",
        f"{prefix}PolicyList": [
            {"PolicyName": policy, "PolicyDocument": document(each)} for policy, each in spec.get("inline", {}).items()
        ],
        "AttachedManagedPolicies": [
            {"PolicyName": arn.rsplit("/", 1)[-1], "PolicyArn": arn} for arn in spec.get("attached", [])
        ],
    }
    if prefix == "User":
        entity["GroupList"] = list(spec.get("groups", []))
    if prefix == "Role":
        entity["AssumeRolePolicyDocument"] = document(spec.get("trust", EC2))
    if "boundary" in spec:
        entity["PermissionsBoundary"] = {"PermissionsBoundaryArn": spec["boundary"]}
    return entity | {key: value for key, value in spec.items() if key[0].isupper()}


def _policy(account: str, name: str, content: Any) -> dict[str, Any]:
    versions = [{"VersionId": "v1", "IsDefaultVersion": True, "Document": document(content)}]
    arn = f"arn:aws:iam::{account}:policy/{name}"
    return {"PolicyName": name, "Arn": arn, "DefaultVersionId": "v1", "PolicyVersionList": versions}


def document(content: Any) -> Any:
    """A policy document: a mapping as it is, a list as statements of one."""
    if isinstance(content, Mapping):
        return content
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in content]}
