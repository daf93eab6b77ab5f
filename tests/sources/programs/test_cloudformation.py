"""Templates and cloud assemblies, by small hand-made ones: what several templates say together."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossaccount.sources import Sources
from tests.sources.programs.conftest import facts

Read = Callable[..., Sources]
Refused = Callable[..., list[str]]
PROD, TOOLS = "111111111111", "222222222222"


def role(name: object, principal: object, **more: Any) -> dict[str, Any]:
    """A role that lets in one principal."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"Type": "AWS::IAM::Role", "Properties": {"RoleName": name, "AssumeRolePolicyDocument": document, **more}}


def stack(account: str, template: str, **more: Any) -> dict[str, Any]:
    """A stack in a manifest."""
    environment = f"aws://{account}/eu-central-1"
    return {
        "type": "aws:cloudformation:stack",
        "environment": environment,
        "properties": {"templateFile": template, **more},
    }


@pytest.fixture
def assembly(tmp_path: Path) -> Callable[..., str]:
    """Write a cloud assembly of these artifacts and files; its source."""

    def assembly(artifacts: dict[str, Any], **files: Any) -> str:
        folder = tmp_path / "cdk.out"
        folder.mkdir(exist_ok=True)
        for name, content in {"manifest": {"artifacts": artifacts}, **files}.items():
            (folder / f"{name}.json").write_text(json.dumps(content))
        return f"cloudformation:{folder}"

    return assembly


def trusted(found: Sources, account: str, name: str) -> object:
    """Who a role lets in."""
    (details,) = [each.details for each in found.described if each.account_id == account]
    (item,) = [each for each in details["RoleDetailList"] if each["RoleName"] == name]
    return item["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"]


def test_what_a_stack_exports_another_of_its_environment_imports(assembly: Callable[..., str], read: Read) -> None:
    one = {
        "Resources": {"User": {"Type": "AWS::IAM::User", "Properties": {"UserName": "ada"}}},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["User", "Arn"]}, "Export": {"Name": "ada-arn"}}},
    }
    other = {"Resources": {"Role": role("R", {"Fn::ImportValue": "ada-arn"})}}
    artifacts = {"B": stack(PROD, "b.json"), "A": stack(PROD, "a.json"), "C": stack(TOOLS, "b.json")}
    found = read(assembly(artifacts, a=one, b=other))
    assert trusted(found, PROD, "R") == f"arn:aws:iam::{PROD}:user/ada"
    # In another account there is no such export.
    (tools,) = [each.details for each in found.described if each.account_id == TOOLS]
    assert facts(tools) == {"role/R": ["trust unknown"]}


def test_a_nested_stack_gets_parameters_and_gives_outputs(assembly: Callable[..., str], read: Read) -> None:
    inner = {
        "Parameters": {"Who": {"Type": "String"}},
        "Resources": {"Role": role("Inner", {"Ref": "Who"}), "Unnamed": {"Type": "AWS::IAM::User"}},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}},
    }
    nested = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"Parameters": {"Who": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}},
        "Metadata": {"aws:asset:path": "inner.json"},
    }
    outer = {"Resources": {"Nested": nested, "Outer": role("Outer", {"Fn::GetAtt": ["Nested", "Outputs.Arn"]})}}
    found = read(assembly({"S": stack(PROD, "outer.json", stackName="shop")}, outer=outer, inner=inner))
    assert trusted(found, PROD, "Inner") == f"arn:aws:iam::{PROD}:root"
    assert trusted(found, PROD, "Outer") == f"arn:aws:iam::{PROD}:role/Inner"
    assert "user/shop-Nested-Unnamed-0000000" in facts(found.details[0])


def test_a_stack_without_an_environment_is_of_the_account_that_is_given(
    assembly: Callable[..., str], read: Read, refused: Refused
) -> None:
    free = {**stack(PROD, "a.json"), "environment": "aws://unknown-account/unknown-region"}
    source = assembly({"Free": free, "Bound": stack(PROD, "b.json")}, a={"Resources": {"R": role("R", PROD)}}, b=EMPTY)
    assert [each.account_id for each in read(f"{source}@{TOOLS}").described] == [TOOLS]
    assert [each.account_id for each in read(f"{source}@Free={TOOLS}").described] == [TOOLS]
    (line,) = refused(source)
    assert "@ACCOUNT" in line
    (line,) = refused(f"{source}@Bound={TOOLS}")
    assert f"the stack Bound is of {PROD}" in line


EMPTY = {"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}


def test_a_template_that_asks_for_itself_is_unknown_and_ends(tmp_path: Path, read: Read) -> None:
    template = {
        "Conditions": {"A": {"Condition": "B"}, "B": {"Fn::Not": [{"Condition": "A"}]}},
        "Resources": {
            "One": role({"Ref": "Two"}, {"Fn::GetAtt": ["Two", "Arn"]}),
            "Two": role({"Ref": "One"}, {"Fn::GetAtt": ["One", "Arn"]}),
            "Perhaps": {**role("P", PROD), "Condition": "A"},
        },
    }
    (tmp_path / "template.json").write_text(json.dumps(template))
    found = facts(read(f"cloudformation:{tmp_path}/template.json@{PROD}").details[0])
    assert found["role/P"] == ["trust unknown"]
