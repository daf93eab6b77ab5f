"""Estates for the cases: a caller in one account, a role in another, in the shape of AWS's own JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from crossaccount.access import Estate
from crossaccount.access.estate import Organization

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
CALLERS = "111111111111"
ROLES = "222222222222"
BOUNDARY = f"arn:aws:iam::{CALLERS}:policy/boundary"

Case = Mapping[str, Any]


@pytest.fixture
def now() -> datetime:
    """The moment of every verdict."""
    return NOW


@pytest.fixture
def estate_of() -> Callable[[Case], Estate]:
    """Builds the estate that a case describes."""
    return _estate


def _estate(case: Case) -> Estate:
    callers = case.get("caller_account", CALLERS)
    caller = _caller(case, callers)
    details: dict[str, Any] = {"Policies": [*_boundary(case), *case.get("managed", [])]}
    if "group" in case:
        details["GroupDetailList"] = [_group(case, callers)]
        caller["GroupList"] = ["group"]
    details["RoleDetailList" if case.get("caller") == "role" else "UserDetailList"] = [caller]
    others = {"RoleDetailList": [_role(case)]}
    return Estate.from_details(
        [details, others],
        organizations=_organizations(case),
        service_control=_levels(callers, case.get("scps")),
        resource_control=_levels(ROLES, case.get("rcps")),
        since=datetime.fromisoformat(case["since"]) if "since" in case else None,
    )


def document(statements: Any, version: str = "2012-10-17") -> dict[str, Any]:
    """A policy document of these statements."""
    return {"Version": version, "Statement": statements}


def _caller(case: Case, account: str) -> dict[str, Any]:
    kind = case.get("caller", "user")
    path = case.get("caller_path", "/")
    prefix = "Role" if kind == "role" else "User"
    caller: dict[str, Any] = {
        f"{prefix}Name": "caller",
        f"{prefix}Id": "AROACALLER0000000" if kind == "role" else "AIDACALLER0000000",
        "Arn": f"arn:aws:iam::{account}:{kind}{path}caller",
        f"{prefix}PolicyList": _inline("grant", case.get("identity", []), case),
    }
    if kind == "role":
        caller["AssumeRolePolicyDocument"] = document(
            [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
        )
    if "boundary" in case:
        caller["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
            "PermissionsBoundaryArn": BOUNDARY,
        }
    return caller | case.get("caller_details", {})


def _group(case: Case, account: str) -> dict[str, Any]:
    return {
        "GroupName": "group",
        "Arn": f"arn:aws:iam::{account}:group/group",
        "GroupPolicyList": _inline("group-grant", case["group"], case),
    }


def _role(case: Case) -> dict[str, Any]:
    name = case.get("role_name", "target")
    return {
        "RoleName": name,
        "RoleId": "AROATARGET0000000",
        "Arn": f"arn:aws:iam::{ROLES}:role/{name}",
        "AssumeRolePolicyDocument": document(case.get("trust", []), case.get("version", "2012-10-17")),
        "RolePolicyList": _inline("permissions", case.get("permissions", []), case),
    } | case.get("role_details", {})


def _inline(name: str, statements: Any, case: Case) -> list[dict[str, Any]]:
    version = case.get("version", "2012-10-17")
    return [{"PolicyName": name, "PolicyDocument": document(statements, version)}] if statements else []


def _boundary(case: Case) -> list[dict[str, Any]]:
    if case.get("boundary") is None:
        return []
    return [
        {
            "Arn": BOUNDARY,
            "DefaultVersionId": "v1",
            "PolicyVersionList": [
                {"VersionId": "v1", "IsDefaultVersion": True, "Document": document(case["boundary"])},
            ],
        }
    ]


def _organizations(case: Case) -> list[Organization]:
    """That of ``members`` (account to the names of its units) under ``attached`` (type, target and its statements)."""
    if "members" not in case:
        return []
    paths = {
        account: f"o-ours/r-root/{''.join(f'{unit}/' for unit in units)}" for account, units in case["members"].items()
    }
    policies = [
        {
            "PolicySummary": {"Id": f"p-{index}", "Name": f"control-{index}", "Type": f"{each['type']}_CONTROL_POLICY"},
            "Content": document(each["statements"]),
            "Targets": [{"TargetId": target} for target in each["targets"]],
        }
        for index, each in enumerate(case.get("attached", []))
    ]
    return [
        Organization.from_json(
            {
                "Organization": {"Id": "o-ours", "MasterAccountId": case.get("management", "999999999999")},
                "Accounts": [{"Id": account, "Paths": [f"{path}{account}/"]} for account, path in paths.items()],
                "Policies": policies,
            }
        )
    ]


def _levels(account: str, levels: list[Any] | None) -> dict[str, list[dict[str, Any]]]:
    return {account: [{f"control-{n}": document(level)} for n, level in enumerate(levels)]} if levels else {}
