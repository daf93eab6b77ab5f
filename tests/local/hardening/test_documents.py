"""Every malformed document of ``cases/malformed_documents.json`` is refused as AWS refuses it, by every call."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossaccount.local.clients import Aws

CASES = json.loads((Path(__file__).parents[1] / "cases" / "malformed_documents.json").read_text())
GOOD = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}],
}


def cases(*kinds: str) -> pytest.MarkDecorator:
    chosen = [case for kind in kinds for case in CASES[kind]]
    return pytest.mark.parametrize("case", chosen, ids=lambda case: case["name"])


def text(case: dict[str, Any]) -> str:
    return case["text"] if "text" in case else json.dumps(case["document"], ensure_ascii=False)


@cases("identity", "managed")
def test_create_policy_refuses(case: dict[str, Any], root: Aws, refused: Callable[..., Any]) -> None:
    with refused(case["code"], case["message"]):
        root.iam.create_policy(PolicyName="p", PolicyDocument=text(case))
    assert root.iam.list_policies(Scope="Local")["Policies"] == []


@cases("identity", "managed")
def test_create_policy_version_refuses(case: dict[str, Any], root: Aws, refused: Callable[..., Any]) -> None:
    arn = root.iam.create_policy(PolicyName="p", PolicyDocument=GOOD)["Policy"]["Arn"]
    with refused(case["code"], case["message"]):
        root.iam.create_policy_version(PolicyArn=arn, PolicyDocument=text(case), SetAsDefault=True)
    assert root.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v1"


@cases("identity")
def test_inline_policies_refuse(case: dict[str, Any], root: Aws, refused: Callable[..., Any]) -> None:
    root.iam.create_user(UserName="u")
    root.iam.create_group(GroupName="g")
    root.iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))
    with refused(case["code"], case["message"]):
        root.iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=text(case))
    with refused(case["code"], case["message"]):
        root.iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=text(case))
    with refused(case["code"], case["message"]):
        root.iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=text(case))
    assert root.iam.list_user_policies(UserName="u")["PolicyNames"] == []


@cases("trust")
def test_trusts_refuse(case: dict[str, Any], root: Aws, refused: Callable[..., Any]) -> None:
    with refused(case["code"], case["message"]):
        root.iam.create_role(RoleName="r", AssumeRolePolicyDocument=text(case))
    root.iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))
    with refused(case["code"], case["message"]):
        root.iam.update_assume_role_policy(RoleName="r", PolicyDocument=text(case))
    assert root.iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"] == TRUST


def test_a_trust_with_look_alike_dashes_is_named_by_its_own_parameter(root: Aws, refused: Callable[..., Any]) -> None:
    pasted = json.dumps({**TRUST, "Version": "2012–10–17"}, ensure_ascii=False)
    message = "The specified value for {} is invalid. It must contain only printable ASCII characters."
    with refused("ValidationError", message.format("assumeRolePolicyDocument")):
        root.iam.create_role(RoleName="r", AssumeRolePolicyDocument=pasted)
    root.iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))
    with refused("ValidationError", message.format("policyDocument")):
        root.iam.update_assume_role_policy(RoleName="r", PolicyDocument=pasted)


def test_an_owner_that_does_not_exist_is_reported_before_the_document(root: Aws) -> None:
    for call in (
        lambda: root.iam.put_user_policy(UserName="nobody", PolicyName="p", PolicyDocument="{"),
        lambda: root.iam.put_group_policy(GroupName="nobody", PolicyName="p", PolicyDocument="{"),
        lambda: root.iam.put_role_policy(RoleName="nobody", PolicyName="p", PolicyDocument="{"),
        lambda: root.iam.update_assume_role_policy(RoleName="nobody", PolicyDocument="{"),
    ):
        with pytest.raises(root.iam.exceptions.NoSuchEntityException):
            call()


def test_accented_letters_are_accepted(root: Aws) -> None:
    document = GOOD.replace("s3:*", "s3:GetObject").replace('"*"', '"arn:aws:s3:::café/*"')
    root.iam.create_policy(PolicyName="p", PolicyDocument=document)
