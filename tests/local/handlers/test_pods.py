"""Associations of EKS Pod Identity against a local AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crossaccount.local.clients import Aws
from crossaccount.local.handlers import HANDLERS, ResourceError, create
from crossaccount.local.handlers.handler import changes

PODS = HANDLERS["aws:eks/podIdentityAssociation:PodIdentityAssociation"]
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }
        ],
    }
)
PLACE = {"clusterName": "prod", "namespace": "payments", "serviceAccount": "api"}


@pytest.fixture
def role(root: Aws) -> str:
    """A role, in an account with a cluster."""
    arn = root.iam.create_role(RoleName="api", AssumeRolePolicyDocument=TRUST)
    root.client("eks").create_cluster(name="prod", roleArn=arn["Role"]["Arn"], resourcesVpcConfig={})
    return arn["Role"]["Arn"]


def test_a_service_account_has_one_association(root: Aws, role: str) -> None:
    inputs: dict[str, Any] = {**PLACE, "roleArn": role, "tags": {"team": "a"}}
    id_, state = create(PODS.type, root, inputs)
    assert state["associationArn"].endswith(f":podidentityassociation/prod/{id_}")
    assert changes(PODS, state, PODS.check(inputs)) == []
    with pytest.raises(ResourceError, match="ResourceInUseException"):
        create(PODS.type, root, inputs)


def test_the_role_and_the_tags_change_in_place_and_the_place_replaces(root: Aws, role: str) -> None:
    id_, state = create(PODS.type, root, {**PLACE, "roleArn": role, "tags": {"team": "a", "old": "x"}})
    other = role.replace("/api", "/other")
    root.iam.create_role(RoleName="other", AssumeRolePolicyDocument=TRUST)
    wanted = PODS.check({**PLACE, "roleArn": other, "tags": {"team": "b"}})
    assert not any(each.replaces for each in changes(PODS, state, wanted))
    PODS.update(root, id_, state, wanted)
    found = PODS.find(root, id_, wanted)
    assert found is not None
    assert (found[1]["roleArn"], found[1]["tags"]) == (other, {"team": "b"})
    for key in PLACE:
        moved = PODS.check({**PLACE, key: "elsewhere", "roleArn": role, "tags": {"team": "a", "old": "x"}})
        assert [(each.path, each.replaces) for each in changes(PODS, state, moved)] == [(key, True)]


def test_an_import_names_the_cluster(root: Aws, role: str) -> None:
    id_, _ = create(PODS.type, root, {**PLACE, "roleArn": role})
    found = PODS.find(root, f"prod,{id_}", {})
    assert found is not None
    assert found[0] == id_
    with pytest.raises(ResourceError, match="an import has <cluster>,<association ID>"):
        PODS.find(root, id_, {})


def test_a_deleted_association_is_gone_and_may_be_deleted_again(root: Aws, role: str) -> None:
    id_, state = create(PODS.type, root, {**PLACE, "roleArn": role})
    PODS.delete(root, id_, state)
    assert PODS.find(root, id_, state) is None
    PODS.delete(root, id_, state)


def test_without_a_cluster_there_is_none(root: Aws) -> None:
    with pytest.raises(ResourceError, match="No cluster found for name: prod"):
        create(PODS.type, root, {**PLACE, "roleArn": "arn:aws:iam::111111111111:role/api"})
