"""A deployer manages exactly the types and names that its stack declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crossaccount.bootstrap.permissions import permissions
from crossaccount.bootstrap.scope import Managed, Scope, boundary_problems, managed_by
from crossaccount.iam.problem import BadInput
from crossaccount.settings.compiled import CompiledStack, compile_stack
from tests.scenarios import EVERY_SCENARIO, ROOT, Recorded

HELD = ("Policy", "PolicyAttachment", "PoliciesExclusive", "PolicyAttachmentsExclusive")
KIND_OF_TYPE = {
    "aws:iam/role:Role": "role",
    "aws:iam/user:User": "user",
    "aws:iam/group:Group": "group",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/instanceProfile:InstanceProfile": "instance-profile",
    "aws:iam/samlProvider:SamlProvider": "saml-provider",
    "aws:secretsmanager/secret:Secret": "secret",
}


def compiled(**config: Any) -> CompiledStack:
    own = {f"crossaccount:{key}": value for key, value in config.items()}
    accounts = {"auth": {"id": "111111111111", "stack": "auth"}}
    whole = {
        "aws:allowedAccountIds": ["111111111111"],
        "crossaccount:account": "auth",
        "crossaccount:accounts": accounts,
    }
    return compile_stack({**whole, **own}, root=ROOT)


def managed(**config: Any) -> Managed:
    return managed_by(compiled(**config))


@EVERY_SCENARIO
def test_what_a_scenario_declares_is_managed_and_nothing_else(
    name: str, scenario: Callable[[str], Any], recorded: Callable[..., Recorded]
) -> None:
    for stack in scenario(name).stacks:
        found = managed_by(compile_stack(stack.config, root=stack.directory))
        resources = [each for each in recorded(name)[stack.name].resources if each.type.startswith("aws:")]
        types = {each.type for each in resources}
        optional = {
            f"aws:iam/{kind}{each}:{kind.capitalize()}{each}"
            for kind in ("role", "user", "group")
            if f"aws:iam/{kind}:{kind.capitalize()}" in types
            for each in HELD
        }
        members = {"aws:iam/groupMembership:GroupMembership", "aws:iam/userGroupMembership:UserGroupMembership"}
        assert types <= found.types <= types | optional | members
        names = {
            f"{KIND_OF_TYPE[each.type]}/{str(each.inputs.get('path', '/')).strip('/')}/{each.inputs['name']}".replace(
                "//", "/"
            )
            for each in resources
            if each.type in KIND_OF_TYPE
        }
        issuers = {
            f"oidc-provider/{each.inputs['url'].removeprefix('https://')}" for each in resources if "url" in each.inputs
        }
        assert set(found.scope.patterns()) == names | issuers


def test_below_a_default_path_everything_is_the_deployers() -> None:
    users = {"bo": {}, "eve": {"path": "/other/", "access_key": {"store": "secretsmanager"}}}
    found = managed(defaults={"path": "/access/"}, trusted={"users": users}, policies={"p": {"assume": ["*"]}})
    assert list(found.scope.patterns()) == [
        "group/access/*",
        "instance-profile/access/*",
        "policy/access/*",
        "role/access/*",
        "secret/crossaccount/user/*/*",
        "user/access/*",
        "user/other/eve",
    ]


def test_credentials_are_managed_where_users_have_them() -> None:
    without = managed(trusted={"users": {"bo": {}}})
    assert not {each for each in without.types if "secretsmanager" in each or "Key" in each or "Login" in each}
    with_key = managed(trusted={"users": {"bo": {"access_key": {"store": "secretsmanager"}}}})
    assert with_key.types - without.types == {
        "aws:iam/accessKey:AccessKey",
        "aws:secretsmanager/secret:Secret",
        "aws:secretsmanager/secretVersion:SecretVersion",
    }
    assert with_key.scope.names["secret"] == ("crossaccount/user/bo/access-key",)


def test_the_boundaries_of_entities_are_known_by_arn() -> None:
    limit = "arn:aws:iam::aws:policy/PowerUserAccess"
    users = {"bo": {"permissions_boundary": limit}, "eve": {"permissions_boundary": "limit"}, "kim": {}}
    found = managed(trusted={"users": users}, existing={"policies": ["team/limit"]})
    assert found.boundaries == ("arn:aws:iam::111111111111:policy/team/limit", limit)


def test_a_boundary_that_the_deployer_could_widen_is_refused() -> None:
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    users = {"bo": {"permissions_boundary": "limit"}, "eve": {"permissions_boundary": administrator}}
    stack = compiled(trusted={"users": users}, policies={"limit": {"assume": ["*"]}})
    assert [str(problem) for problem in boundary_problems(stack)] == [
        "trusted.users.bo.permissions_boundary: the deployer could widen this boundary, because the stack manages the "
        'policy, got "limit"; let a person make the policy, and name it under existing.policies',
        "trusted.users.eve.permissions_boundary: this boundary limits nothing, got "
        f'"{administrator}"; name a policy that does not allow iam:*',
    ]
    users = {"bo": {"permissions_boundary": "limit"}, "eve": {}}
    stack = compiled(trusted={"users": users}, existing={"policies": ["limit"]})
    assert list(boundary_problems(stack)) == []


def test_what_others_make_is_not_managed() -> None:
    providers = {"github": {"oidc": "github", "existing": True}, "gitlab": {"oidc": "gitlab"}}
    found = managed(providers=providers, trusting={"roles": {"R": {"trust": [{"principals": ["222222222222"]}]}}})
    assert list(found.scope.patterns()) == ["oidc-provider/gitlab.com", "role/R"]


@pytest.mark.parametrize("kind", ["role", "secret"])
def test_arns_of_a_kind_without_names(kind: str) -> None:
    assert Scope().arns(kind, "111111111111", "aws") == []


def test_no_pipeline_gets_permissions_with_such_a_boundary() -> None:
    users = {"bo": {"permissions_boundary": "limit"}}
    stack = compiled(trusted={"users": users}, policies={"limit": {"assume": ["*"]}})
    with pytest.raises(BadInput, match="the deployer could widen this boundary"):
        permissions(stack)
