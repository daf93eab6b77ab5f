"""Documents at their quota pass, one character more does not; white space is free."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from crossaccount.iam import quotas
from crossaccount.iam.documents import size
from crossaccount.local.clients import Aws


def policy_of(length: int, indent: int | None = None) -> str:
    """An identity policy of so many characters without white space."""
    return _filled(length, indent, {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::"}, "Resource")


def trust_of(length: int, indent: int | None = None) -> str:
    condition = {"StringEquals": {"sts:ExternalId": "x"}}
    document = {"Action": "sts:AssumeRole", "Principal": {"AWS": "*"}, "Condition": condition, "Sid": "s"}
    return _filled(length, indent, document, "Sid")


def _filled(length: int, indent: int | None, statement: dict[str, Any], element: str) -> str:
    def text(value: str) -> str:
        filled = {"Effect": "Allow", **statement, element: value}
        return json.dumps({"Version": "2012-10-17", "Statement": [filled]}, indent=indent)

    start = statement[element]
    return text(start + "x" * (length - size(text(start))))


def test_a_managed_policy(root: Aws, refused: Callable[..., Any]) -> None:
    arn = root.iam.create_policy(PolicyName="full", PolicyDocument=policy_of(6144, indent=4))["Policy"]["Arn"]
    with refused("LimitExceeded", "Cannot exceed quota for PolicySize: 6144"):
        root.iam.create_policy(PolicyName="over", PolicyDocument=policy_of(6145))
    with refused("LimitExceeded", "Cannot exceed quota for PolicySize: 6144"):
        root.iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy_of(6145))


def test_a_trust_policy(root: Aws, refused: Callable[..., Any]) -> None:
    root.iam.create_role(RoleName="full", AssumeRolePolicyDocument=trust_of(2048, indent=4))
    with refused("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048"):
        root.iam.create_role(RoleName="over", AssumeRolePolicyDocument=trust_of(2049))
    with refused("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048"):
        root.iam.update_assume_role_policy(RoleName="full", PolicyDocument=trust_of(2049))


@pytest.mark.parametrize(
    ("kind", "quota"),
    [("user", quotas.USER_INLINE), ("group", quotas.GROUP_INLINE), ("role", quotas.ROLE_INLINE)],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_inline_policies_share_one_quota(
    kind: str, quota: quotas.Quota, root: Aws, role: Callable[..., str], refused: Callable[..., Any]
) -> None:
    name = {f"{kind.title()}Name": "owner"}
    if kind == "role":
        role(root, "owner", "*")
    else:
        getattr(root.iam, f"create_{kind}")(**name)
    put = getattr(root.iam, f"put_{kind}_policy")
    half = quota.limit // 2
    put(PolicyName="one", PolicyDocument=policy_of(half), **name)
    put(PolicyName="two", PolicyDocument=policy_of(quota.limit - half), **name)
    with refused("LimitExceeded", f"Maximum policy size of {quota.limit} bytes exceeded for {kind} owner"):
        put(PolicyName="two", PolicyDocument=policy_of(quota.limit - half + 1), **name)
    with refused("LimitExceeded", f"Maximum policy size of {quota.limit} bytes exceeded for {kind} owner"):
        put(PolicyName="three", PolicyDocument=policy_of(150), **name)
    put(PolicyName="two", PolicyDocument=policy_of(quota.limit - half - 100), **name)
