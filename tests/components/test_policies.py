"""Customer-managed policies."""

from __future__ import annotations

import json
from typing import Any

from components.policies import ManagedPolicies
from tests.components.conftest import Declare, Deploy, only
from tests.components.registrations import Registrations

TOKEN = "aws:iam/policy:Policy"


def test_a_policy_is_its_document_under_its_name(deploy: Deploy) -> None:
    policy = only(deploy("auth", policies={"Reach": {"assume": ["workload/role/R"]}}), TOKEN)
    assert (policy["name"], policy["path"]) == ("Reach", "/")
    assert json.loads(policy["policy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::222222222222:role/R"},
        ],
    }


def test_a_policy_has_the_path_tags_and_description_it_is_given(deploy: Deploy) -> None:
    given: dict[str, Any] = {"path": "/team/", "tags": {"owner": "me"}, "description": "reaches"}
    policy = only(deploy("auth", policies={"Reach": {"assume": ["*"], **given}}), TOKEN)
    assert {key: policy[key] for key in given} == given


def test_a_later_description_is_ignored_because_it_would_replace_the_policy(
    deploy: Deploy, registered: Registrations
) -> None:
    deploy("auth", policies={"Reach": {"assume": ["*"]}})
    assert registered.named("auth-policy-Reach").ignore_changes == ("description",)


def test_without_policies_there_is_no_component_for_them(deploy: Deploy, registered: Registrations) -> None:
    deploy("auth", policies={}, trusted={"users": {"bo": {}}})
    assert "crossaccount:index:ManagedPolicies" not in {each.type for each in registered}


def test_the_component_says_the_arns_of_its_policies(declare: Declare) -> None:
    arns: dict[str, str] = {}
    statement = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": statement}

    def declaration() -> None:
        policies = ManagedPolicies("mine", {"policies": {"P": {"document": document, "path": "/team/"}}})
        policies.arns["P"].apply(lambda arn: arns.update(P=arn))

    declare(declaration)
    assert arns == {"P": "arn:aws:iam::111111111111:policy/team/P"}
