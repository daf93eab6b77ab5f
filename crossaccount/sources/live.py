"""The IAM of one account as AWS describes it now, by ``GetAccountAuthorizationDetails`` alone.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")


def account_details(iam: IAMClient) -> Mapping[str, Any]:
    """All pages as one mapping, documents parsed.

    Raises:
        botocore.exceptions.ClientError: AWS refused the call.
    """
    details: dict[str, list[Any]] = {name: [] for name in LISTS}
    for page in iam.get_paginator("get_account_authorization_details").paginate():
        for name in LISTS:
            details[name] += page[name]  # type: ignore[literal-required]
    return details
