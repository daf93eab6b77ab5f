"""The template: one for all accounts that need the same, accepted in every region."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from subprocess import run

import pytest
import yaml

from crossaccount.bootstrap.cloudformation import template, template_text
from crossaccount.bootstrap.resources import Bootstrap, OidcProvider
from tests.bootstrap.applied import Applied
from tests.bootstrap.new_project import moved

LARGEST = 51_200
"""Bytes of a template that is sent with the call:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""


def test_accounts_that_need_the_same_have_one_template(bootstraps: tuple[Bootstrap, ...]) -> None:
    one, other = bootstraps
    assert one.account_id != other.account_id
    for each in bootstraps:
        assert each.account_id not in template_text(each)
        assert template(moved(each, "333333333333")) == template(each)


def test_the_template_makes_in_an_account_what_its_config_says(bootstraps: tuple[Bootstrap, ...]) -> None:
    for each in bootstraps:
        written = yaml.safe_load(template_text(each))
        applied = Applied(written, each.account_id, **{"ProviderGithub": each.providers[0].arn})
        for role in each.roles:
            [properties] = [
                applied.value(resource["Properties"])
                for resource in written["Resources"].values()
                if resource["Properties"].get("RoleName") == role.name
            ]
            assert properties["AssumeRolePolicyDocument"] == role.trust
            assert {one["PolicyName"]: one["PolicyDocument"] for one in properties.get("Policies", ())} == role.inline
            assert properties.get("PermissionsBoundary", "") == role.boundary


def test_a_provider_that_the_account_has_is_left_alone(bootstraps: tuple[Bootstrap, ...]) -> None:
    written = template(bootstraps[0])
    without = Applied(written, "111111111111", MakeProviderGithub="false")
    trust = without.value(written["Resources"]["RoleAccessInfraDeploy"]["Properties"]["AssumeRolePolicyDocument"])
    provider = "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"
    assert [each["Principal"] for each in trust["Statement"]] == [{"Federated": provider}]
    assert written["Resources"]["ProviderGithub"]["Condition"] == "MakeProviderGithub"


def test_what_others_use_outlives_the_stack(bootstraps: tuple[Bootstrap, ...]) -> None:
    kept = {
        logical_id
        for logical_id, resource in template(bootstraps[0])["Resources"].items()
        if resource.get("DeletionPolicy") == resource.get("UpdateReplacePolicy") == "Retain"
    }
    assert kept == {"ProviderGithub", "PolicyAccessInfraBoundary"}


def test_variables_of_policies_are_no_parameters(bootstraps: tuple[Bootstrap, ...]) -> None:
    """``${aws:username}`` is IAM's own: CloudFormation must not look for such a parameter."""
    role = bootstraps[0].roles[0]
    resource = f"arn:aws:iam::{bootstraps[0].account_id}:user/${{aws:username}}"
    statement = {"Effect": "Allow", "Action": "iam:GetUser", "Resource": resource}
    mine = replace(role, inline={"own": {"Version": "2012-10-17", "Statement": [statement]}})
    written = template(replace(bootstraps[0], roles=(mine,)))["Resources"]["RoleAccessInfraPreview"]["Properties"]
    document = written["Policies"][0]["PolicyDocument"]["Statement"][0]
    assert document["Resource"] == {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:user/${!aws:username}"}
    assert Applied({"Resources": {}}, bootstraps[0].account_id).value(document) == statement


def test_names_that_would_be_one_logical_id_stay_two(bootstraps: tuple[Bootstrap, ...]) -> None:
    first = bootstraps[0].roles[0]
    both = replace(bootstraps[0], roles=(replace(first, name="a-b"), replace(first, name="a_b")))
    names = [each["Properties"].get("RoleName") for each in template(both)["Resources"].values()]
    assert sorted(filter(None, names)) == ["a-b", "a_b"]


def test_cfn_lint_finds_nothing_in_any_region(tmp_path: Path, bootstraps: tuple[Bootstrap, ...]) -> None:
    pytest.importorskip("cfnlint", reason="cfn-lint is not installed: make setup")
    gitlab = OidcProvider("gitlab", "", "https://gitlab.com", ("https://gitlab.com",), ("a" * 40,), {"team": "x"})
    more = replace(bootstraps[0], providers=(*bootstraps[0].providers, gitlab))
    files = []
    for text in {template_text(each) for each in (*bootstraps, more)}:
        file = tmp_path / f"{len(files)}.yaml"
        file.write_text(text, encoding="utf-8")
        files.append(str(file))
        assert file.stat().st_size < LARGEST
    lint = [Path(sys.executable).parent / "cfn-lint", "--regions", "ALL_REGIONS", "--include-checks", "I", "--", *files]
    done = run(lint, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
