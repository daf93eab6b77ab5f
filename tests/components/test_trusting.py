"""The trusting side: roles, and the order in which AWS can be told whom they trust."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.roles import RoleArgs
from components.trusting import TrustingAccount
from crossaccount.engine.deployment import DeploymentError
from tests.components.conftest import Declare, Deploy, only
from tests.components.registrations import Registrations

ROLE = "aws:iam/role:Role"
TRUSTED = {"users": {"bo": {}}, "applications": {"App": {"services": ["lambda.amazonaws.com"]}}}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "sts:AssumeRole"}],
}
PRINCIPALS = {"auth-user-bo", "auth-application-App"}


def _trusting(deploy: Deploy, **roles: list[dict[str, Any]]) -> None:
    deploy("auth", trusted=TRUSTED, trusting={"roles": {name: {"trust": trust} for name, trust in roles.items()}})


def _role(**more: Any) -> RoleArgs:
    args: Any = {"assume_role_policy": TRUST, **more}
    result: RoleArgs = args
    return result


def test_a_role_trusts_what_its_config_says(deploy: Deploy) -> None:
    trust = [{"principals": ["workload"], "external_id": ["abc"]}]
    role = only(deploy("auth", trusting={"roles": {"R": {"trust": trust}}}), ROLE)
    assert json.loads(role["assumeRolePolicy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "abc"}},
            }
        ],
    }


@pytest.mark.parametrize("principal", ["auth/user/bo", "auth/role/App"])
def test_a_role_waits_for_a_principal_of_its_own_stack_that_it_names(
    deploy: Deploy, registered: Registrations, principal: str
) -> None:
    """A derived ARN tells the engine nothing, and IAM refuses the trust until the principal exists."""
    _trusting(deploy, R=[{"principals": [principal]}])
    assert registered.named("auth-role-R").depends_on == PRINCIPALS


@pytest.mark.parametrize(
    "statement",
    [
        {"principals": ["auth"]},
        {"principals": ["workload/role/*"]},
        {"principals": ["auth/user/*"]},
        {"principals": ["auth/user/bo"], "mode": "by-name"},
        {"services": ["lambda.amazonaws.com"]},
    ],
    ids=["account", "pattern elsewhere", "pattern here", "by name", "service"],
)
def test_a_role_waits_for_nobody_whom_it_does_not_name_outright(
    deploy: Deploy, registered: Registrations, statement: dict[str, Any]
) -> None:
    _trusting(deploy, R=[statement])
    assert registered.named("auth-role-R").depends_on == frozenset()


def test_a_role_waits_for_a_role_next_to_it_that_it_names(deploy: Deploy, registered: Registrations) -> None:
    _trusting(deploy, First=[{"principals": ["auth/role/Second"]}], Second=[{"principals": ["workload"]}])
    assert registered.named("auth-role-First").depends_on == {"auth-role-Second"}
    assert registered.named("auth-role-Second").depends_on == frozenset()


def test_roles_that_trust_each_other_exactly_are_refused(deploy: Deploy, registered: Registrations) -> None:
    with pytest.raises(DeploymentError, match=r"trusting\.roles\.A\.trust: .*A → B → A; add `mode: by-name`"):
        _trusting(deploy, A=[{"principals": ["auth/role/B"]}], B=[{"principals": ["auth/role/A"]}])
    assert registered == []


def test_roles_that_trust_each_other_by_name_are_made_in_any_order(deploy: Deploy, registered: Registrations) -> None:
    _trusting(deploy, A=[{"principals": ["auth/role/B"]}], B=[{"principals": ["auth/role/A"], "mode": "by-name"}])
    assert registered.named("auth-role-A").depends_on == {"auth-role-B"}


def test_the_component_refuses_a_circle_too(declare: Declare, registered: Registrations) -> None:
    roles = {"A": _role(trusts_roles=["B"]), "B": _role(trusts_roles=["A"])}
    with pytest.raises(
        DeploymentError, match=r"roles: trust each other exactly in a circle, .*got \"(A → B → A|B → A → B)\""
    ):
        declare(lambda: TrustingAccount("auth", {"roles": roles}))
    assert not [each for each in registered if each.type == ROLE]


def test_the_component_refuses_a_role_that_it_does_not_declare(declare: Declare) -> None:
    roles = {"A": _role(trusts_roles=["B"])}
    with pytest.raises(DeploymentError, match=r'roles\.A\.trusts_roles\[0\]: no role of this component, got "B"'):
        declare(lambda: TrustingAccount("auth", {"roles": roles}))
