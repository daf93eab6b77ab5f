"""The trusted side: groups and their members, applications and their instance profiles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.trusted import TrustedAccount
from crossaccount.engine.deployment import Deployment, DeploymentError
from tests.components.conftest import Declare, Deploy, names, only
from tests.components.registrations import Registrations

GROUP = "aws:iam/group:Group"
MEMBERSHIP = "aws:iam/groupMembership:GroupMembership"
SHARED_MEMBERSHIP = "aws:iam/userGroupMembership:UserGroupMembership"
ROLE = "aws:iam/role:Role"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
USERS = {"bo": {"groups": ["Team"]}, "al": {"groups": ["Team"]}, "cy": {}}


def _team(deploy: Deploy, users: dict[str, Any] | None = None, **group: Any) -> Deployment:
    return deploy("auth", trusted={"users": USERS if users is None else users, "groups": {"Team": group}})


def _app(deploy: Deploy, *services: str, **application: Any) -> Deployment:
    return deploy("auth", trusted={"applications": {"App": {"services": list(services), **application}}})


def test_a_group_has_its_name_and_path(deploy: Deploy) -> None:
    assert only(_team(deploy, path="/people/"), GROUP) == {"name": "Team", "path": "/people/"}


def test_a_group_has_one_membership_of_all_its_members(deploy: Deploy) -> None:
    deployed = _team(deploy)
    assert only(deployed, MEMBERSHIP) == {"name": "Team", "group": "Team", "users": ["al", "bo"]}
    assert not list(deployed.of_type(SHARED_MEMBERSHIP))


def test_a_group_without_members_may_have_none(deploy: Deploy) -> None:
    """Somebody added by hand must show there too."""
    assert only(_team(deploy, users={}), MEMBERSHIP)["users"] == []


def test_a_group_that_is_not_exclusive_may_have_other_members(deploy: Deploy) -> None:
    deployed = _team(deploy, exclusive=False)
    assert not list(deployed.of_type(MEMBERSHIP))
    assert {each.name: dict(each.inputs) for each in deployed.of_type(SHARED_MEMBERSHIP)} == {
        "auth-group-Team-member-al": {"user": "al", "groups": ["Team"]},
        "auth-group-Team-member-bo": {"user": "bo", "groups": ["Team"]},
    }


def test_members_are_made_before_they_join(deploy: Deploy, registered: Registrations) -> None:
    _team(deploy)
    assert registered.named("auth-group-Team-members").depends_on >= {"auth-user-al", "auth-user-bo"}


def test_a_group_that_the_component_does_not_declare_is_refused(declare: Declare, registered: Registrations) -> None:
    with pytest.raises(DeploymentError) as refused:
        declare(lambda: TrustedAccount("auth", {"users": {"bo": {"groups": ["Tean"]}}, "groups": {"Team": {}}}))
    assert (
        str(refused.value)
        == 'TrustedAccount auth: users.bo.groups[0]: no group of this component, got "Tean"; did you mean `Team`?'
    )
    assert not [each for each in registered if each.type.startswith("aws:")]


def test_every_part_of_the_trusted_side_may_be_absent(declare: Declare) -> None:
    assert [each.type for each in declare(lambda: TrustedAccount("auth", {})).resources] == [
        "crossaccount:index:TrustedAccount"
    ]


def test_an_application_is_a_role_that_its_services_assume(deploy: Deploy) -> None:
    role = only(_app(deploy, "lambda.amazonaws.com", "ec2.amazonaws.com"), ROLE)
    assert json.loads(role["assumeRolePolicy"])["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ]


def test_an_application_may_ask_conditions_of_its_services(deploy: Deploy) -> None:
    conditions = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    role = only(_app(deploy, "lambda.amazonaws.com", conditions=conditions), ROLE)
    assert json.loads(role["assumeRolePolicy"])["Statement"][0]["Condition"] == conditions


@pytest.mark.parametrize(
    ("services", "profiles"),
    [
        (["ec2.amazonaws.com"], 1),
        (["lambda.amazonaws.com", "ec2.amazonaws.com"], 1),
        (["ec2.amazonaws.com.cn"], 1),
        (["lambda.amazonaws.com"], 0),
        (["ecs-tasks.amazonaws.com", "spotfleet.amazonaws.com"], 0),
    ],
)
def test_only_what_runs_on_ec2_has_an_instance_profile(deploy: Deploy, services: list[str], profiles: int) -> None:
    assert len(list(_app(deploy, *services).of_type(PROFILE))) == profiles


def test_the_instance_profile_has_the_roles_name_path_and_tags(deploy: Deploy) -> None:
    deployed = _app(deploy, "ec2.amazonaws.com", path="/apps/", tags={"owner": "me"})
    assert only(deployed, PROFILE) == {"name": "App", "path": "/apps/", "role": "App", "tags": {"owner": "me"}}


def test_a_role_of_the_trusting_side_has_no_instance_profile(deploy: Deploy) -> None:
    deployed = deploy("auth", trusting={"roles": {"R": {"trust": [{"services": ["ec2.amazonaws.com"]}]}}})
    assert names(deployed, PROFILE) == set()


def test_what_another_program_leaves_out_is_as_in_the_config(declare: Declare) -> None:
    """The components are used from other programs too, which need not say what the config's schema says."""
    args: Any = {
        "users": {"bo": {"console": {"secret_name": "s"}, "access_key": {"secret_name": "k"}}},
        "groups": {"G": {}},
    }
    deployed = declare(lambda: TrustedAccount("auth", args))
    assert only(deployed, "aws:iam/user:User") == {"name": "bo", "path": "/", "forceDestroy": True}
    assert only(deployed, "aws:iam/userLoginProfile:UserLoginProfile")["passwordResetRequired"] is True
    assert only(deployed, "aws:iam/accessKey:AccessKey")["status"] == "Active"
    assert {each.inputs["recoveryWindowInDays"] for each in deployed.of_type("aws:secretsmanager/secret:Secret")} == {
        30
    }
    assert names(deployed, "aws:iam/userPoliciesExclusive:UserPoliciesExclusive") == {"auth-user-bo-inline-exclusive"}
    assert names(deployed, MEMBERSHIP) == {"auth-group-G-members"}
