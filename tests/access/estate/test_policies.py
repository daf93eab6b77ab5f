"""The bundle of AWS-managed policies."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from crossaccount.access.estate.policies import bundle_date, is_aws_managed, managed_document


@pytest.mark.parametrize(
    "name",
    ["PowerUserAccess", "ReadOnlyAccess", "job-function/ViewOnlyAccess", "service-role/AWSLambdaBasicExecutionRole"],
)
def test_policies_are_found_by_their_arn_with_its_path(name: str) -> None:
    document = managed_document(f"arn:aws:iam::aws:policy/{name}")
    assert document is not None
    assert document["Statement"]


@pytest.mark.parametrize("name", ["NoSuchPolicy", "ViewOnlyAccess"])
def test_what_does_not_exist_is_none(name: str) -> None:
    assert managed_document(f"arn:aws:iam::aws:policy/{name}") is None


def test_the_bundle_is_dated() -> None:
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", bundle_date())


def test_aws_managed_policies_of_every_partition_are_known_as_such() -> None:
    assert is_aws_managed("arn:aws-cn:iam::aws:policy/ReadOnlyAccess")
    assert not is_aws_managed("arn:aws:iam::111111111111:policy/aws")


def test_reading_it_loads_neither_moto_nor_boto3() -> None:
    script = (
        "import sys; from crossaccount.access.estate.policies import managed_document; "
        "managed_document('arn:aws:iam::aws:policy/ReadOnlyAccess'); "
        "print([name for name in ('moto', 'boto3', 'pulumi') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout.strip() == "[]"
