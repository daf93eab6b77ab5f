"""The program as a whole: an account that uses every key of the config, in a preview and in an update."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.rpc import UNKNOWN

from crossaccount.engine.deployment import Deployment, DeploymentError
from tests.case_files import read_cases
from tests.components.conftest import Deploy
from tests.components.registrations import SECRET, Registrations
from tests.components.shuffled import shuffled

EVERYTHING = read_cases(Path(__file__).parent / "cases" / "everything.yaml")

RUNS = pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
DOCUMENTS = ("assumeRolePolicy", "policy")


def _everything(deploy: Deploy, preview: bool = False, config: Mapping[str, Any] | None = None) -> Deployment:
    return deploy(EVERYTHING["account"], preview=preview, **(config or EVERYTHING["config"]))


@RUNS
def test_every_resource_has_its_name_and_its_parent_for_ever(
    deploy: Deploy, registered: Registrations, preview: bool
) -> None:
    _everything(deploy, preview)
    found: dict[str, dict[str, str]] = {}
    for each in registered:
        if each.type.startswith("aws:"):
            found.setdefault(each.parent, {})[each.name] = each.type.removeprefix("aws:")
    assert found == EVERYTHING["resources"]


@RUNS
def test_three_components_hold_everything(deploy: Deploy, registered: Registrations, preview: bool) -> None:
    _everything(deploy, preview)
    components = {each.type: each.parent for each in registered if not each.type.startswith("aws:")}
    stack = "pulumi:pulumi:Stack::crossaccount-auth"
    assert components == {
        "crossaccount:index:ManagedPolicies": stack,
        "crossaccount:index:TrustedAccount": stack,
        "crossaccount:index:TrustingAccount": stack,
    }


@RUNS
def test_no_resource_has_a_provider_of_its_own(deploy: Deploy, registered: Registrations, preview: bool) -> None:
    _everything(deploy, preview)
    assert [each.name for each in registered if each.providers] == []


@RUNS
def test_every_document_is_known_before_anything_exists(
    deploy: Deploy, registered: Registrations, preview: bool
) -> None:
    _everything(deploy, preview)
    documents = [each.inputs[key] for each in registered for key in DOCUMENTS if key in each.inputs]
    assert len(documents) == 10
    assert all(json.loads(document)["Version"] == "2012-10-17" for document in documents)


def test_what_only_aws_can_know_is_unknown_in_a_preview(deploy: Deploy, registered: Registrations) -> None:
    _everything(deploy, preview=True)
    assert registered.named("auth-user-bo-policy-Reach").inputs["policyArn"] == UNKNOWN
    assert registered.named("auth-user-bo-login-secret-version").inputs["secretString"]["value"] == UNKNOWN


def test_the_order_of_the_config_changes_nothing(deploy: Deploy) -> None:
    """Lists and mappings turned around: the same resources, and documents that are the same byte for byte."""
    before = _everything(deploy)
    after = _everything(deploy, config=shuffled(EVERYTHING["config"]))
    assert _by_name(after) == _by_name(before)
    assert after.outputs == before.outputs


@RUNS
def test_nothing_that_is_deprecated_or_exclusive_account_wide_is_used(
    deploy: Deploy, registered: Registrations, preview: bool
) -> None:
    _everything(deploy, preview)
    assert not {each.type for each in registered} & {"aws:iam/policyAttachment:PolicyAttachment"}
    assert not any({"inlinePolicies", "managedPolicyArns"} & each.inputs.keys() for each in registered)


@RUNS
def test_every_name_is_explicit(deploy: Deploy, registered: Registrations, preview: bool) -> None:
    _everything(deploy, preview)
    kinds = ("role:Role", "user:User", "group:Group", "policy:Policy", "instanceProfile:InstanceProfile")
    entities = [each for each in registered if each.type.split("/")[-1] in kinds]
    assert len(entities) == 11
    assert all(each.name.endswith(each.inputs["name"]) or "instance-profile" in each.name for each in entities)


@RUNS
def test_only_passwords_and_keys_are_secret(deploy: Deploy, registered: Registrations, preview: bool) -> None:
    """An ARN that is marked secret would hide the documents that hold it."""
    _everything(deploy, preview)
    secret = {
        (each.type, key)
        for each in registered
        for key, value in each.inputs.items()
        if isinstance(value, dict) and SECRET in value
    }
    assert secret == {("aws:secretsmanager/secretVersion:SecretVersion", "secretString")}


def test_a_warning_of_the_settings_is_reported_and_stops_nothing(deploy: Deploy) -> None:
    deployed = deploy("auth", trusting={"roles": {"R": {"trust": [{"principals": ["workload/role/X*"], "mfa": True}]}}})
    assert [line.partition(":")[0] for line in deployed.messages] == ["trusting.roles.R.trust[0].mfa"]
    assert list(deployed.of_type("aws:iam/role:Role"))


def test_a_broken_config_is_one_report_without_a_traceback(deploy: Deploy, registered: Registrations) -> None:
    with pytest.raises(DeploymentError) as refused:
        deploy(
            "auth",
            trusted={"users": {"bo": {"groups": ["Nobody"], "consol": True}}, "applications": {"worker": {}}},
            trusting={"roles": {"R": {"trust": [{"principals": ["nowhere/role/X"]}]}}},
        )
    assert str(refused.value).splitlines() == [
        "trusted.users.bo.consol: unknown key; did you mean `console`?",
        'trusted.users.bo.groups[0]: no such group under trusted.groups, got "Nobody"; '
        "declare it: trusted.groups.Nobody: {}",
        'trusted.applications.worker.services: is required; add services: ["lambda.amazonaws.com"]',
        'trusting.roles.R.trust[0].principals[0]: unknown account nowhere, got "nowhere/role/X"; '
        "add the account to crossaccount:accounts, or write its ID",
    ]
    assert registered == []


def test_a_document_over_its_quota_is_refused_before_the_first_resource(
    deploy: Deploy, registered: Registrations
) -> None:
    buckets = [f"arn:aws:s3:::{'x' * 40}{number}" for number in range(150)]
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": buckets}
    with pytest.raises(DeploymentError) as refused:
        deploy("auth", policies={"Big": {"document": {"Version": "2012-10-17", "Statement": [statement]}}})
    assert str(refused.value).startswith("policies.Big: a managed policy may hold 6144 characters")
    assert registered == []


def test_an_account_may_declare_nothing(deploy: Deploy, registered: Registrations) -> None:
    assert deploy("auth").outputs["roles"] == {}
    assert registered == []


def test_included_files_are_looked_for_next_to_pulumi_yaml(deploy: Deploy, tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text("trusted: {users: {bo: {}}}", encoding="utf-8")
    deployed = deploy("auth", include=["people.yaml"])
    assert deployed.outputs["users"] == {"bo": "arn:aws:iam::111111111111:user/bo"}


def _by_name(deployment: Deployment) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {(each.type, each.name): each.inputs for each in deployment.resources}
