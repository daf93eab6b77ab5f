"""What people type comes back as they typed it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crossaccount.local.clients import Aws

DOCUMENT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


@pytest.mark.parametrize("text", ["R&D", "<none>", "a < b && c > d", "&amp; is an ampersand", "two\nlines"])
def test_a_description(text: str, root: Aws, role: Callable[..., str]) -> None:
    role(root, "none", "*")
    role(root, "q", "*", Description="plain")
    role(root, "r", "*", Description=text)
    arn = root.iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT, Description=text)["Policy"]["Arn"]
    assert root.iam.get_role(RoleName="r")["Role"]["Description"] == text
    assert root.iam.get_policy(PolicyArn=arn)["Policy"]["Description"] == text
    assert [item.get("Description", "") for item in root.iam.list_roles()["Roles"]] == ["", "plain", text]


def test_a_document_with_marks(root: Aws) -> None:
    document = DOCUMENT.replace('"*"', '"arn:aws:s3:::a&b/<c>"')
    arn = root.iam.create_policy(PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    version = root.iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]
    assert version["Statement"][0]["Resource"] == "arn:aws:s3:::a&b/<c>"
