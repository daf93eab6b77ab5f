"""Managed policies, inline policies, attachments and exclusive lists against a local AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crossaccount.local.clients import Aws
from crossaccount.local.handlers import HANDLERS, ResourceError, create
from crossaccount.local.handlers.handler import changes
from crossaccount.local.handlers.policies import GROUP, ROLE, USER, EntityKind

POLICY = HANDLERS["aws:iam/policy:Policy"]
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
POWER_USER = "arn:aws:iam::aws:policy/PowerUserAccess"
TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'  # noqa: E501


def policy(action: str = "s3:GetObject") -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(params=[ROLE, USER, GROUP], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> EntityKind:
    return request.param


@pytest.fixture
def account(root: Aws, kind: EntityKind) -> Aws:
    """An account with an entity ``E`` of the kind."""
    if kind is ROLE:
        root.iam.create_role(RoleName="E", AssumeRolePolicyDocument=TRUST)
    elif kind is USER:
        root.iam.create_user(UserName="E")
    else:
        root.iam.create_group(GroupName="E")
    return root


def make(root: Aws, **inputs: Any) -> tuple[str, dict[str, Any]]:
    return create(POLICY.type, root, {"name": "P", "policy": policy(), **inputs})


def test_a_policy_is_created_as_asked(root: Aws) -> None:
    id, state = make(root, path="/team/", description="d", tags={"a": "1"})
    assert id == state["arn"] == f"arn:aws:iam::{root.account_id()}:policy/team/P"
    assert POLICY.read(root, id, state) == (id, POLICY.imported(state), state)
    assert POLICY.replaces == {"description", "name", "path"}


def test_a_changed_document_is_a_new_version_and_the_oldest_goes(root: Aws) -> None:
    id, state = make(root)
    for number in range(6):
        state = POLICY.update(root, id, state, POLICY.check({"name": "P", "policy": policy(f"s3:Get{number}*")}))
    versions = root.iam.list_policy_versions(PolicyArn=id)["Versions"]
    assert {each["VersionId"] for each in versions} == {"v3", "v4", "v5", "v6", "v7"}
    found = POLICY.read(root, id, {})
    assert found is not None
    assert json.loads(found[2]["policy"])["Statement"][0]["Action"] == "s3:Get5*"
    assert state["arn"] == id


def test_other_changes_of_a_policy_make_no_version(root: Aws) -> None:
    id, state = make(root, tags={"a": "1"})
    spaced = json.dumps(json.loads(policy()), indent=2)
    state = POLICY.update(root, id, state, POLICY.check({"name": "P", "policy": spaced, "tags": {"b": "2"}}))
    assert state["tags"] == {"b": "2"}
    assert len(root.iam.list_policy_versions(PolicyArn=id)["Versions"]) == 1


def test_a_policy_is_deleted_with_its_versions(root: Aws) -> None:
    id, state = make(root)
    state = POLICY.update(root, id, state, POLICY.check({"name": "P", "policy": policy("s3:*")}))
    POLICY.delete(root, id, state)
    assert POLICY.read(root, id, state) is None
    POLICY.delete(root, id, state)


def test_an_imported_policy_is_not_replaced(root: Aws) -> None:
    id, _ = make(root, description="d")
    found = POLICY.read(root, id, {})
    assert found is not None
    assert set(found[1]) == {"description", "name", "policy"}
    assert changes(POLICY, found[2], POLICY.check({"name": "P", "description": "d", "policy": policy()})) == []


def test_an_inline_policy_lives_and_dies(account: Aws, kind: EntityKind) -> None:
    handler = HANDLERS[f"aws:iam/{kind.name}Policy:{kind.title}Policy"]
    inputs = {kind.name: "E", "name": "p", "policy": policy()}
    id, state = create(handler.type, account, inputs)
    assert (id, state) == ("E:p", inputs)
    assert handler.read(account, id, {}) is not None
    assert handler.read(account, id, state) == (id, inputs, inputs)
    new = {**inputs, "policy": policy("s3:*")}
    assert handler.update(account, id, state, new) == new
    assert kind.get(account, "E", "p")["Statement"][0]["Action"] == "s3:*"
    assert handler.replaces == {kind.name, "name"}
    handler.delete(account, id, state)
    assert handler.read(account, id, state) is None
    handler.delete(account, id, state)
    with pytest.raises(ResourceError, match=r"an ID is <\w+ name>:<policy name>, got 'E'"):
        handler.read(account, "E", {})


def test_an_attachment_lives_and_dies(account: Aws, kind: EntityKind) -> None:
    handler = HANDLERS[f"aws:iam/{kind.name}PolicyAttachment:{kind.title}PolicyAttachment"]
    inputs = {kind.name: "E", "policyArn": READ_ONLY}
    id, state = create(handler.type, account, inputs)
    assert (id, state) == (f"E/{READ_ONLY}", inputs)
    assert handler.read(account, id, {}) == (id, inputs, inputs)
    assert handler.replaces == set(inputs)
    assert handler.delete_before_replace
    with pytest.raises(ResourceError, match="no input that changes in place"):
        handler.update(account, id, state, inputs)
    handler.delete(account, id, state)
    assert handler.read(account, id, state) is None
    handler.delete(account, id, state)
    assert handler.read(account, f"nobody/{READ_ONLY}", {}) is None
    with pytest.raises(ResourceError, match="an ID is"):
        handler.read(account, "E", {})


def test_the_exclusive_list_of_inline_policies_removes_the_others(account: Aws, kind: EntityKind) -> None:
    handler = HANDLERS[f"aws:iam/{kind.name}PoliciesExclusive:{kind.title}PoliciesExclusive"]
    for name in ("a", "b", "by-hand"):
        kind.put(account, "E", name, policy())
    inputs = {f"{kind.name}Name": "E", "policyNames": ["b", "a"]}
    id, state = create(handler.type, account, inputs)
    assert (id, state) == ("E", inputs)
    assert set(kind.inline(account, "E")) == {"a", "b"}
    kind.put(account, "E", "later", policy())
    found = handler.read(account, id, state)
    assert found is not None
    assert found[2]["policyNames"] == ["b", "a", "later"]  # seen only by reading: nothing happened to it
    assert handler.update(account, id, found[2], inputs) == inputs
    assert set(kind.inline(account, "E")) == {"a", "b"}
    handler.delete(account, id, state)
    assert set(kind.inline(account, "E")) == {"a", "b"}


def test_the_exclusive_list_cannot_make_an_inline_policy(account: Aws, kind: EntityKind) -> None:
    handler = HANDLERS[f"aws:iam/{kind.name}PoliciesExclusive:{kind.title}PoliciesExclusive"]
    with pytest.raises(ResourceError, match=r"E: names inline policy 'p', which is not there"):
        create(handler.type, account, {f"{kind.name}Name": "E", "policyNames": ["p"]})


def test_the_exclusive_list_of_attachments_attaches_and_detaches(account: Aws, kind: EntityKind) -> None:
    handler = HANDLERS[f"aws:iam/{kind.name}PolicyAttachmentsExclusive:{kind.title}PolicyAttachmentsExclusive"]
    kind.attach(account, "E", POWER_USER)
    inputs = {f"{kind.name}Name": "E", "policyArns": [READ_ONLY]}
    id, state = create(handler.type, account, inputs)
    assert kind.attached(account, "E") == [READ_ONLY]
    assert handler.read(account, id, {}) == (id, inputs, state)
    assert handler.replaces == {f"{kind.name}Name"}
    assert handler.read(account, "nobody", {}) is None
