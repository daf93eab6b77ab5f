"""Inline and attached policies of users, groups, applications and roles, and nothing beside them."""

from __future__ import annotations

from typing import Any

import pytest

from crossaccount.engine.deployment import Deployment, DeploymentError
from tests.components.conftest import Deploy, names, only
from tests.components.registrations import Registrations

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
INLINE = {"document": {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}}

KINDS = pytest.mark.parametrize("kind", ["user", "group", "application", "role"])


def _deploy(deploy: Deploy, kind: str, **entity: Any) -> Deployment:
    """One entity ``e`` of a kind, in an account with two policies of its own."""
    policies = {name: {"assume": ["*"]} for name in ("One", "Two")}
    parts: dict[str, Any] = {
        "user": {"trusted": {"users": {"e": entity}}},
        "group": {"trusted": {"groups": {"e": entity}}},
        "application": {"trusted": {"applications": {"e": {"services": ["lambda.amazonaws.com"], **entity}}}},
        "role": {"trusting": {"roles": {"e": {"trust": [{"principals": ["workload"]}], **entity}}}},
    }[kind]
    return deploy("auth", policies=policies, **parts)


def _token(kind: str, suffix: str) -> str:
    """``aws:iam/rolePolicy:RolePolicy`` of an application or a role and ``Policy``."""
    iam = "role" if kind == "application" else kind
    return f"aws:iam/{iam}{suffix}:{iam.capitalize()}{suffix}"


def _owner(kind: str) -> str:
    return "role" if kind == "application" else kind


@KINDS
def test_an_inline_policy_is_a_resource_of_its_own(deploy: Deploy, kind: str) -> None:
    deployed = _deploy(deploy, kind, inline={"deny": INLINE})
    policy = only(deployed, _token(kind, "Policy"))
    assert (policy[_owner(kind)], policy["name"]) == ("e", "deny")
    assert policy["policy"] == ('{"Statement":[{"Action":"*","Effect":"Deny","Resource":"*"}],"Version":"2012-10-17"}')


@KINDS
def test_an_attachment_is_named_after_what_it_attaches(deploy: Deploy, kind: str) -> None:
    deployed = _deploy(deploy, kind, policies=["One", READ_ONLY])
    token = _token(kind, "PolicyAttachment")
    assert names(deployed, token) == {f"auth-{kind}-e-policy-One", f"auth-{kind}-e-policy-aws/ReadOnlyAccess"}
    assert {(each.inputs[_owner(kind)], each.inputs["policyArn"]) for each in deployed.of_type(token)} == {
        ("e", "arn:aws:iam::111111111111:policy/One"),
        ("e", READ_ONLY),
    }


@KINDS
def test_a_policy_of_the_account_has_one_attachment_however_it_is_named(deploy: Deploy, kind: str) -> None:
    token = _token(kind, "PolicyAttachment")
    by_name = _deploy(deploy, kind, policies=["One"])
    by_arn = _deploy(deploy, kind, policies=["arn:aws:iam::111111111111:policy/One"])
    assert [each.name for each in by_arn.of_type(token)] == [each.name for each in by_name.of_type(token)]


@KINDS
def test_attaching_one_more_leaves_the_others_as_they_were(deploy: Deploy, kind: str) -> None:
    """Keys by list index would move each policy behind the new one to another attachment."""
    token = _token(kind, "PolicyAttachment")
    before = {each.name: each.inputs for each in _deploy(deploy, kind, policies=["Two", READ_ONLY]).of_type(token)}
    after = {
        each.name: each.inputs for each in _deploy(deploy, kind, policies=["One", "Two", READ_ONLY]).of_type(token)
    }
    assert after.keys() - before.keys() == {f"auth-{kind}-e-policy-One"}
    assert {name: after[name] for name in before} == before


@KINDS
def test_policies_that_others_add_are_removed(deploy: Deploy, kind: str) -> None:
    deployed = _deploy(deploy, kind, policies=["Two", "One"], inline={"b": INLINE, "a": INLINE})
    inline = only(deployed, _token(kind, "PoliciesExclusive"))
    attached = only(deployed, _token(kind, "PolicyAttachmentsExclusive"))
    assert inline == {f"{_owner(kind)}Name": "e", "policyNames": ["a", "b"]}
    assert attached == {
        f"{_owner(kind)}Name": "e",
        "policyArns": ["arn:aws:iam::111111111111:policy/One", "arn:aws:iam::111111111111:policy/Two"],
    }


@KINDS
def test_an_entity_without_policies_may_have_none_either(deploy: Deploy, kind: str) -> None:
    deployed = _deploy(deploy, kind)
    assert only(deployed, _token(kind, "PoliciesExclusive"))["policyNames"] == []
    assert only(deployed, _token(kind, "PolicyAttachmentsExclusive"))["policyArns"] == []


@KINDS
def test_exclusive_waits_for_what_it_lists(deploy: Deploy, registered: Registrations, kind: str) -> None:
    _deploy(deploy, kind, policies=["One"], inline={"a": INLINE})
    assert f"auth-{kind}-e-inline-a" in registered.named(f"auth-{kind}-e-inline-exclusive").depends_on
    assert f"auth-{kind}-e-policy-One" in registered.named(f"auth-{kind}-e-policies-exclusive").depends_on


@KINDS
def test_exclusive_false_lets_others_add_policies(deploy: Deploy, kind: str) -> None:
    deployed = _deploy(deploy, kind, exclusive=False, policies=["One"], inline={"a": INLINE})
    assert not [each for each in deployed.resources if "Exclusive" in each.type]
    assert names(deployed, _token(kind, "PolicyAttachment")) == {f"auth-{kind}-e-policy-One"}
    assert names(deployed, _token(kind, "Policy")) == {f"auth-{kind}-e-inline-a"}


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("inline", {"inline": {"b-inline-c": INLINE}}, {"inline": {"c": INLINE}}),
        ("policy", {"policies": ["b-policy-One"]}, {"policies": ["One"]}),
    ],
)
def test_settings_refuse_the_names_that_would_be_one_resource(
    deploy: Deploy, kind: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    """What ``crossaccount.settings.checks.entities`` takes for a name is what is declared, in the end."""
    policies = {name: {"assume": ["*"]} for name in ("One", "b-policy-One")}
    trust = {"trust": [{"principals": ["workload"]}]}

    def declared(roles: dict[str, Any]) -> set[str]:
        deployed = deploy("auth", policies=policies, trusting={"roles": roles})
        return {
            each.name for token in ("Policy", "PolicyAttachment") for each in deployed.of_type(_token("role", token))
        }

    one, other = {"a": {**trust, **first}}, {f"a-{kind}-b": {**trust, **second}}
    [name] = declared(one)
    assert declared(other) == {name}
    with pytest.raises(DeploymentError, match=f"Pulumi would have to call it {name.removeprefix('auth-role-')}"):
        declared({**one, **other})
