"""AWS-managed policies by name."""

from __future__ import annotations

import pytest

from crossaccount.access.estate.policies import is_published
from crossaccount.iam.managed_policies import like_managed_policy, managed_policy_arn


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("AmazonSSMManagedInstanceCore", "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"),
        ("AWSLambdaBasicExecutionRole", "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"),
        (
            "service-role/AWSLambdaBasicExecutionRole",
            "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        ),
        ("ViewOnlyAccess", "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"),
        ("service-role/ViewOnlyAccess", None),
        ("NoSuchPolicy", None),
        ("", None),
    ],
)
def test_a_name_is_enough_whatever_the_path(name: str, arn: str | None) -> None:
    assert managed_policy_arn(name, "aws") == arn
    assert arn is None or is_published(arn)


def test_the_arn_is_of_the_partition() -> None:
    assert managed_policy_arn("ReadOnlyAccess", "aws-cn") == "arn:aws-cn:iam::aws:policy/ReadOnlyAccess"


def test_the_nearest_name_is_offered() -> None:
    assert like_managed_policy("AmazonSSMManagedInstance") == "did you mean `aws:AmazonSSMManagedInstanceCore`?"
