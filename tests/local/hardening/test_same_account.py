"""Inside one account a trust that names its principal is enough; nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from crossaccount.local.clients import Aws


def deny(*, resource: str) -> str:
    statement = {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_named_user_needs_no_identity_policy(
    root: Aws, role: Callable[..., str], user: Callable[..., Aws], assume: Callable[..., Aws]
) -> None:
    ana = user(root, "Ana")
    assumed = role(root, "Assumed", f"arn:aws:iam::{root.account_id()}:user/Ana")
    assume(ana, assumed)
    assert root.iam.list_user_policies(UserName="Ana")["PolicyNames"] == []


def test_a_named_role_needs_none_either(
    root: Aws, role: Callable[..., str], user: Callable[..., Aws], assume: Callable[..., Aws]
) -> None:
    first = role(root, "First", root.account_id(), Path="/team/")
    second = role(root, "Second", first)
    third = role(root, "Third", f"arn:aws:sts::{root.account_id()}:assumed-role/First/test")
    session = assume(user(root, "Ana", "sts:AssumeRole"), first)
    assume(session, second)
    assume(session, third)
    assert root.iam.list_role_policies(RoleName="First")["PolicyNames"] == []


def test_a_trust_in_the_account_still_needs_one(
    root: Aws, role: Callable[..., str], user: Callable[..., Aws], assume: Callable[..., Aws]
) -> None:
    with pytest.raises(root.sts.exceptions.ClientError, match="no identity-based policy allows"):
        assume(user(root, "Ana"), role(root, "Assumed", root.account_id()))


def test_another_account_still_needs_one(
    fresh_account: Callable[[], Aws], role: Callable[..., str], user: Callable[..., Aws], assume: Callable[..., Aws]
) -> None:
    auth, workload = fresh_account(), fresh_account()
    ana = user(auth, "Ana")
    with pytest.raises(ana.sts.exceptions.ClientError, match="no identity-based policy allows"):
        assume(ana, role(workload, "Assumed", f"arn:aws:iam::{auth.account_id()}:user/Ana"))


def test_an_explicit_deny_still_denies(
    root: Aws, role: Callable[..., str], user: Callable[..., Aws], assume: Callable[..., Aws]
) -> None:
    ana = user(root, "Ana")
    assumed = role(root, "Assumed", f"arn:aws:iam::{root.account_id()}:user/Ana")
    root.iam.put_user_policy(UserName="Ana", PolicyName="no", PolicyDocument=deny(resource=assumed))
    with pytest.raises(ana.sts.exceptions.ClientError, match="explicit deny"):
        assume(ana, assumed)


def test_the_trusts_conditions_still_hold(
    root: Aws, role: Callable[..., str], user: Callable[..., Aws], assume: Callable[..., Aws]
) -> None:
    ana = user(root, "Ana")
    assumed = role(root, "Assumed", f"arn:aws:iam::{root.account_id()}:user/Ana")
    document = root.iam.get_role(RoleName="Assumed")["Role"]["AssumeRolePolicyDocument"]
    document["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": "right"}}
    root.iam.update_assume_role_policy(RoleName="Assumed", PolicyDocument=json.dumps(document))
    assume(ana, assumed, ExternalId="right")
    with pytest.raises(ana.sts.exceptions.ClientError, match="AccessDenied"):
        assume(ana, assumed, ExternalId="wrong")
    assert root.iam.list_user_policies(UserName="Ana")["PolicyNames"] == []


def test_a_boundary_limits_a_role_and_not_a_user(
    root: Aws, role: Callable[..., str], user: Callable[..., Aws], assume: Callable[..., Aws]
) -> None:
    """AWS: an implicit denial in a boundary does not limit what a resource grants to a user's own ARN."""
    boundary = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    ana = user(root, "Ana")
    root.iam.put_user_permissions_boundary(UserName="Ana", PermissionsBoundary=boundary)
    first = role(root, "First", f"arn:aws:iam::{root.account_id()}:user/Ana", PermissionsBoundary=boundary)
    session = assume(ana, first)
    with pytest.raises(root.sts.exceptions.ClientError, match="AccessDenied"):
        assume(session, role(root, "Second", first))
    assume(session, role(root, "Third", f"arn:aws:sts::{root.account_id()}:assumed-role/First/test"))


def test_everyone_includes_the_own_account(
    root: Aws, role: Callable[..., str], user: Callable[..., Aws], assume: Callable[..., Aws]
) -> None:
    assume(user(root, "Ana"), role(root, "Open", "*"))


def test_a_denied_tag_denies_the_session(root: Aws, user: Callable[..., Aws], assume: Callable[..., Aws]) -> None:
    ana = user(root, "Ana")
    trust = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Principal": {"AWS": "*"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    assumed = root.iam.create_role(RoleName="Open", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    assume(ana, assumed, Tags=[{"Key": "k", "Value": "v"}])
    no_tags = deny(resource="*").replace("sts:AssumeRole", "sts:TagSession")
    root.iam.put_user_policy(UserName="Ana", PolicyName="no", PolicyDocument=no_tags)
    assume(ana, assumed)
    with pytest.raises(ana.sts.exceptions.ClientError, match="AccessDenied"):
        assume(ana, assumed, Tags=[{"Key": "k", "Value": "v"}])
