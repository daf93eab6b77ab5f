"""GetAccountAuthorizationDetails says everything that AWS says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crossaccount.access.estate.policies import managed_document
from crossaccount.local.clients import Aws

AWS = "arn:aws:iam::aws:policy"
DOCUMENT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


@pytest.fixture
def account(root: Aws, role: Callable[..., str]) -> Aws:
    """An account with one of everything."""
    own = root.iam.create_policy(PolicyName="Own", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    root.iam.create_user(UserName="Ana", PermissionsBoundary=f"{AWS}/PowerUserAccess")
    root.iam.create_group(GroupName="Developers")
    role(root, "Assumed", "*", PermissionsBoundary=own)
    root.iam.attach_user_policy(UserName="Ana", PolicyArn=own)
    root.iam.attach_group_policy(GroupName="Developers", PolicyArn=f"{AWS}/job-function/ViewOnlyAccess")
    root.iam.attach_role_policy(RoleName="Assumed", PolicyArn=f"{AWS}/AmazonSQSReadOnlyAccess")
    return root


def names(answer: dict[str, Any]) -> dict[str, list[str]]:
    lists = {"UserDetailList": "UserName", "GroupDetailList": "GroupName", "RoleDetailList": "RoleName"}
    return {key: [item[name] for item in answer[key]] for key, name in {**lists, "Policies": "PolicyName"}.items()}


def test_boundaries_of_users_and_roles(account: Aws) -> None:
    answer = account.iam.get_account_authorization_details()
    [ana], [assumed] = answer["UserDetailList"], answer["RoleDetailList"]
    assert ana["PermissionsBoundary"]["PermissionsBoundaryArn"] == f"{AWS}/PowerUserAccess"
    assert assumed["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith(":policy/Own")


def test_aws_managed_policies_in_use_with_their_documents(account: Aws) -> None:
    policies = {item["Arn"]: item for item in account.iam.get_account_authorization_details()["Policies"]}
    own = f"arn:aws:iam::{account.account_id()}:policy/Own"
    in_use = [f"{AWS}/{name}" for name in ("AmazonSQSReadOnlyAccess", "PowerUserAccess", "job-function/ViewOnlyAccess")]
    assert sorted(policies) == sorted([own, *in_use])
    for arn in in_use:
        [version] = policies[arn]["PolicyVersionList"]
        assert version["Document"] == managed_document(arn)
        assert (version["VersionId"], version["IsDefaultVersion"]) == (policies[arn]["DefaultVersionId"], True)
    assert policies[f"{AWS}/job-function/ViewOnlyAccess"]["Path"] == "/job-function/"
    assert (policies[own]["AttachmentCount"], policies[own]["PermissionsBoundaryUsageCount"]) == (1, 1)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["User"], {"UserDetailList": ["Ana"]}),
        (["Role", "Group"], {"RoleDetailList": ["Assumed"], "GroupDetailList": ["Developers"]}),
        (["LocalManagedPolicy"], {"Policies": ["Own"]}),
        (["AWSManagedPolicy"], {"Policies": ["AmazonSQSReadOnlyAccess", "PowerUserAccess", "ViewOnlyAccess"]}),
    ],
)
def test_filters(kinds: Any, expected: dict[str, list[str]], account: Aws) -> None:
    found = names(dict(account.iam.get_account_authorization_details(Filter=kinds)))
    assert {key: value for key, value in found.items() if value} == expected


def test_pages(account: Aws) -> None:
    whole = names(dict(account.iam.get_account_authorization_details()))
    pages = list(
        account.iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 2})
    )
    assert [page["IsTruncated"] for page in pages] == [True, True, True, False]
    assert {key: [name for page in pages for name in names(dict(page))[key]] for key in whole} == whole


def test_a_page_has_a_hundred_items(root: Aws) -> None:
    for number in range(101):
        root.iam.create_group(GroupName=f"g{number:03}")
    first = root.iam.get_account_authorization_details()
    assert (len(first["GroupDetailList"]), first["IsTruncated"]) == (100, True)
    rest = root.iam.get_account_authorization_details(Marker=first["Marker"])
    assert (names(dict(rest))["GroupDetailList"], rest["IsTruncated"]) == (["g100"], False)


def test_it_takes_a_permission(root: Aws, user: Callable[..., Aws]) -> None:
    ana = user(root, "Ana", "iam:GetUser")
    with pytest.raises(ana.iam.exceptions.ClientError, match="AccessDenied"):
        ana.iam.get_account_authorization_details()


def test_the_summary_has_awss_quotas(root: Aws) -> None:
    summary = root.iam.get_account_summary()["SummaryMap"]
    assert (summary["AssumeRolePolicySizeQuota"], summary["PolicySizeQuota"]) == (2048, 6144)
