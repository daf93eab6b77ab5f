"""Policies of people, judged: what somebody can do with and without a second factor, and after the end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from crossaccount.access.estate import Estate
from crossaccount.access.evaluation.layers import call_layers
from crossaccount.access.evaluation.sides import Request
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.conditions.context import normal
from crossaccount.iam.people import ended, self_service_mfa
from crossaccount.iam.validation import check_identity_policy

ACCOUNT = "111111111111"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def _may(action: str, resource: str, context: dict[str, str], now: datetime = NOW, *, path: str = "/") -> bool:
    arn = f"arn:aws:iam::{ACCOUNT}:user{path}ann"
    policies = [self_service_mfa(ACCOUNT, "aws"), ended(datetime(2027, 4, 1, tzinfo=UTC))]
    own: list[dict[str, Any]] = [
        {"PolicyName": f"p{index}", "PolicyDocument": each} for index, each in enumerate(policies)
    ]
    user = {"UserName": "ann", "Path": path, "Arn": arn, "UserPolicyList": own}
    if context.pop("administrator", ""):
        user["UserPolicyList"] = [*own, {"PolicyName": "all", "PolicyDocument": ALL}]
    estate = Estate.from_details([{"UserDetailList": [user], "RoleDetailList": []}])
    user_context = {"aws:username": "ann", "aws:CurrentTime": f"{now:%Y-%m-%dT%H:%M:%SZ}", **context}
    layers = call_layers(estate, Request(estate.users[arn], action, resource, RequestContext(normal(user_context))))
    return layers.deny() is None and layers.obstacle() is None


OWN, TEAM, OTHER = (f"arn:aws:iam::{ACCOUNT}:user/{each}" for each in ("ann", "team/ann", "bo"))
DEVICE = f"arn:aws:iam::{ACCOUNT}:mfa/any-name"
WITHOUT, WITH = {"aws:MultiFactorAuthPresent": "false"}, {"aws:MultiFactorAuthPresent": "true"}


@pytest.mark.parametrize(
    ("action", "resource", "context", "allowed"),
    [
        ("iam:CreateVirtualMFADevice", DEVICE, WITHOUT, True),
        ("iam:EnableMFADevice", OWN, WITHOUT, True),
        ("iam:EnableMFADevice", TEAM, WITHOUT, True),
        ("iam:EnableMFADevice", OTHER, WITHOUT, False),
        ("iam:DeactivateMFADevice", OWN, WITHOUT, False),
        ("iam:DeactivateMFADevice", OWN, WITH, True),
        ("iam:DeleteVirtualMFADevice", DEVICE, WITHOUT, False),
        ("s3:ListAllMyBuckets", "*", {**WITHOUT, "administrator": "yes"}, False),
        ("s3:ListAllMyBuckets", "*", {**WITH, "administrator": "yes"}, True),
        ("s3:ListAllMyBuckets", "*", {"administrator": "yes"}, False),
        ("iam:ChangePassword", OWN, {**WITHOUT, "administrator": "yes"}, True),
    ],
)
def test_without_a_device_one_can_only_register_one(
    action: str, resource: str, context: dict[str, str], allowed: bool
) -> None:
    assert _may(action, resource, dict(context), path="/team/" if resource == TEAM else "/") is allowed


def test_after_the_end_nothing_is_allowed() -> None:
    last, end = datetime(2027, 3, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC)
    context = {**WITH, "administrator": "yes"}
    assert [_may("s3:ListAllMyBuckets", "*", dict(context), now) for now in (last, end)] == [True, False]


def test_iam_accepts_both() -> None:
    for document in (self_service_mfa(ACCOUNT, "aws-cn"), ended(NOW)):
        assert not list(check_identity_policy(document, ""))
