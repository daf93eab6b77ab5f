"""The calls of every operation of every handler, recorded on the local AWS, are the ones that the handler declares."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crossaccount.iam.published import matching_actions
from crossaccount.local.clients import Aws
from crossaccount.local.handlers import HANDLERS
from crossaccount.local.handlers.calls import OPERATIONS, Operation
from crossaccount.local.handlers.handler import Handler
from crossaccount.local.totp import code_of, step_at
from tests.local.conftest import policy, trust
from tests.local.handlers.test_providers import METADATA

Properties = dict[str, Any]


class Recorded:
    """An account in which the calls of handlers are recorded, by operation."""

    def __init__(self, root: Aws, handler: Handler) -> None:
        self.root, self.handler = root, handler
        self.calls: dict[Operation, set[str]] = {each: set() for each in OPERATIONS}
        self._now: Operation | None = None
        for service in ("eks", "iam", "organizations", "secretsmanager"):
            root.client(service).meta.events.register("before-call", self._note)

    def _note(self, model: Any, **_: Any) -> None:
        if self._now:
            self.calls[self._now].add(f"{model.service_model.endpoint_prefix}:{model.name}")

    @contextmanager
    def during(self, operation: Operation) -> Iterator[None]:
        self._now = operation
        try:
            yield
        finally:
            self._now = None

    def create(self, **inputs: Any) -> tuple[str, Properties]:
        checked = self.handler.check(inputs)
        with self.during("create"):
            return self.handler.create(self.root, checked)

    def read(self, id: str, state: Properties) -> None:
        with self.during("read"):
            assert self.handler.read(self.root, id, state)

    def update(self, id: str, state: Properties, **inputs: Any) -> Properties:
        checked = self.handler.check(inputs)
        with self.during("update"):
            return self.handler.update(self.root, id, state, checked)

    def delete(self, id: str, state: Properties) -> None:
        with self.during("delete"):
            self.handler.delete(self.root, id, state)


def _managed(root: Aws, name: str = "B") -> str:
    return root.iam.create_policy(PolicyName=name, PolicyDocument=policy("s3:GetObject"))["Policy"]["Arn"]


def user(at: Recorded) -> None:
    iam, boundary = at.root.iam, _managed(at.root)
    id, state = at.create(name="Bo", tags={"a": "1"}, forceDestroy=True)
    at.read(id, state)
    state = at.update(id, state, name="Bo", path="/x/", tags={"b": "1"}, permissionsBoundary=boundary)
    state = at.update(id, state, name="Bo", path="/x/", forceDestroy=True)
    state["forceDestroy"] = True
    iam.create_group(GroupName="G")
    iam.add_user_to_group(GroupName="G", UserName="Bo")
    iam.put_user_policy(UserName="Bo", PolicyName="p", PolicyDocument=policy("s3:GetObject"))
    iam.attach_user_policy(UserName="Bo", PolicyArn=boundary)
    iam.create_access_key(UserName="Bo")
    iam.create_login_profile(UserName="Bo", Password="Aa1!aaaaaaaa")
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="Bo")["VirtualMFADevice"]
    seed, now = made["Base32StringSeed"].decode(), step_at(time.time())
    codes = {f"AuthenticationCode{number}": code_of(seed, now - 2 + number) for number in (1, 2)}
    iam.enable_mfa_device(UserName="Bo", SerialNumber=made["SerialNumber"], **codes)
    at.delete(id, state)


def role(at: Recorded) -> None:
    iam, boundary = at.root.iam, _managed(at.root)
    trusted = {"assumeRolePolicy": trust(at.root.account_id())}
    id, state = at.create(name="R", tags={"a": "1"}, **trusted)
    iam.put_role_policy(RoleName="R", PolicyName="p", PolicyDocument=policy("s3:GetObject"))
    iam.attach_role_policy(RoleName="R", PolicyArn=boundary)
    at.read(id, state)
    changed = {"assumeRolePolicy": trust("*"), "description": "d", "maxSessionDuration": 7200}
    state = at.update(id, state, name="R", tags={"b": "1"}, permissionsBoundary=boundary, **changed)
    state = at.update(id, state, name="R", forceDetachPolicies=True, **changed)
    iam.create_instance_profile(InstanceProfileName="P")
    iam.add_role_to_instance_profile(InstanceProfileName="P", RoleName="R")
    at.delete(id, state)


def instance_profile(at: Recorded) -> None:
    for name in ("R", "S"):
        at.root.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("*"))
    with pytest.raises(ClientError):
        at.create(name="Q", role="nobody")
    id, state = at.create(name="P", role="R", tags={"a": "1"})
    at.read(id, state)
    state = at.update(id, state, name="P", role="S", tags={"b": "1"})
    at.delete(id, state)


def group(at: Recorded) -> None:
    id, state = at.create(name="G")
    at.read(id, state)
    state = at.update(id, state, name="G", path="/x/")
    at.delete(id, state)


def managed_policy(at: Recorded) -> None:
    id, state = at.create(name="P", policy=policy("s3:GetObject"), tags={"a": "1"})
    at.read(id, state)
    for number in range(5):
        changed = {"policy": policy("s3:GetObject", f"s3:Get{number}*"), "tags": {"b": str(number)}}
        state = at.update(id, state, name="P", **changed)
    at.delete(id, state)


def oidc_provider(at: Recorded) -> None:
    id, state = at.create(url="https://issuer.example", clientIdLists=["a"], tags={"a": "1"})
    at.read(id, state)
    changed = {"clientIdLists": ["b"], "thumbprintLists": ["a" * 40], "tags": {"b": "1"}}
    state = at.update(id, state, url="https://issuer.example", **changed)
    at.delete(id, state)


def saml_provider(at: Recorded) -> None:
    id, state = at.create(name="S", samlMetadataDocument=METADATA, tags={"a": "1"})
    at.read(id, state)
    state = at.update(id, state, name="S", samlMetadataDocument=f"{METADATA}<!-- new -->", tags={"b": "1"})
    at.delete(id, state)


def _entity(at: Recorded, kind: str) -> None:
    iam = at.root.iam
    if kind == "role":
        iam.create_role(RoleName="E", AssumeRolePolicyDocument=trust("*"))
    elif kind == "user":
        iam.create_user(UserName="E")
    else:
        iam.create_group(GroupName="E")


def inline(kind: str) -> Callable[[Recorded], None]:
    def run(at: Recorded) -> None:
        _entity(at, kind)
        inputs = {kind: "E", "name": "p"}
        id, state = at.create(**inputs, policy=policy("s3:GetObject"))
        at.read(id, state)
        state = at.update(id, state, **inputs, policy=policy("s3:PutObject"))
        at.delete(id, state)

    return run


def attachment(kind: str) -> Callable[[Recorded], None]:
    def run(at: Recorded) -> None:
        _entity(at, kind)
        id, state = at.create(**{kind: "E", "policyArn": _managed(at.root)})
        at.read(id, state)
        at.delete(id, state)

    return run


def inline_exclusive(kind: str) -> Callable[[Recorded], None]:
    def run(at: Recorded) -> None:
        _entity(at, kind)
        put = getattr(at.root.iam, f"put_{kind}_policy")

        def by_hand(name: str) -> None:
            put(**{f"{kind.capitalize()}Name": "E"}, PolicyName=name, PolicyDocument=policy("s3:GetObject"))

        by_hand("one")
        id, state = at.create(**{f"{kind}Name": "E", "policyNames": []})
        at.read(id, state)
        by_hand("two")
        state = at.update(id, state, **{f"{kind}Name": "E", "policyNames": []})
        at.delete(id, state)

    return run


def attachments_exclusive(kind: str) -> Callable[[Recorded], None]:
    def run(at: Recorded) -> None:
        _entity(at, kind)
        one, two = _managed(at.root, "one"), _managed(at.root, "two")
        attach = getattr(at.root.iam, f"attach_{kind}_policy")
        attach(**{f"{kind.capitalize()}Name": "E"}, PolicyArn=one)
        id, state = at.create(**{f"{kind}Name": "E", "policyArns": [two]})
        at.read(id, state)
        state = at.update(id, state, **{f"{kind}Name": "E", "policyArns": [one]})
        at.delete(id, state)

    return run


def membership(at: Recorded) -> None:
    at.root.iam.create_group(GroupName="G")
    for name in ("a", "b"):
        at.root.iam.create_user(UserName=name)
    id, state = at.create(name="m", group="G", users=["a"])
    at.read(id, state)
    state = at.update(id, state, name="m", group="G", users=["b"])
    at.delete(id, state)


def groups_of_user(at: Recorded) -> None:
    at.root.iam.create_user(UserName="a")
    for name in ("G", "H"):
        at.root.iam.create_group(GroupName=name)
    id, state = at.create(user="a", groups=["G"])
    at.read(id, state)
    state = at.update(id, state, user="a", groups=["H"])
    at.delete(id, state)


def login_profile(at: Recorded) -> None:
    at.root.iam.create_user(UserName="a")
    id, state = at.create(user="a")
    at.read(id, state)
    at.delete(id, state)


def access_key(at: Recorded) -> None:
    at.root.iam.create_user(UserName="a")
    id, state = at.create(user="a", status="Inactive")
    at.read(id, state)
    at.read(id, {})
    state = at.update(id, state, user="a", status="Active")
    at.delete(id, state)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crossaccount.local.handlers.credentials._key_outputs", None)
        with pytest.raises(TypeError):
            at.create(user="a")  # a key whose secret cannot be handed over is deleted at once


def secret(at: Recorded) -> None:
    id, state = at.create(name="crossaccount/x", tags={"a": "1"})
    at.read(id, state)
    state = at.update(id, state, name="crossaccount/x", description="d", tags={"b": "1"})
    with suppress(ClientError):
        at.create(name="crossaccount/x")
    at.delete(id, state)


def secret_version(at: Recorded) -> None:
    owner = at.root.secretsmanager.create_secret(Name="crossaccount/x")["ARN"]
    at.create(secretId=owner, secretString="1", versionStages=["AWSCURRENT", "own"])
    id, state = at.create(secretId=owner, secretString="2")
    at.read(id, state)
    stages = ["AWSCURRENT", "own"]
    state = at.update(id, state, secretId=owner, secretString="2", versionStages=stages)
    at.delete(id, state)


def control_policy(at: Recorded) -> None:
    made = {"name": "P", "content": policy("s3:GetObject"), "tags": {"a": "1"}}
    id, state = at.create(**made)
    at.read(id, state)
    changed = {"name": "Q", "content": policy("s3:PutObject"), "description": "d", "tags": {"b": "2"}}
    state = at.update(id, state, **changed)
    at.delete(id, state)


def control_policy_attachment(at: Recorded) -> None:
    organizations = at.root.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    id_ = organizations.create_policy(
        Name="P", Description="", Type="SERVICE_CONTROL_POLICY", Content=policy("s3:GetObject")
    )["Policy"]["PolicySummary"]["Id"]
    id, state = at.create(policyId=id_, targetId=root)
    at.read(id, state)
    at.update(id, state, policyId=id_, targetId=root)
    at.delete(id, state)


def pods(at: Recorded) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    one, other = (
        at.root.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"] for name in ("a", "b")
    )
    at.root.client("eks").create_cluster(name="prod", roleArn=one, resourcesVpcConfig={})
    of = {"clusterName": "prod", "namespace": "payments", "serviceAccount": "api"}
    id, state = at.create(**of, roleArn=one, tags={"team": "a", "x": "y"})
    at.read(id, state)
    state = at.update(id, state, **of, roleArn=other, tags={"team": "b"})
    at.delete(id, state)


def account_alias(at: Recorded) -> None:
    id, state = at.create(accountAlias="acme-calls")
    at.read(id, state)
    at.delete(id, state)


def password_policy(at: Recorded) -> None:
    id, state = at.create(minimumPasswordLength=14, requireSymbols=True)
    at.read(id, state)
    state = at.update(id, state, minimumPasswordLength=16)
    at.delete(id, state)


KINDS = ("role", "user", "group")
RUNS: Mapping[str, Callable[[Recorded], None]] = {
    "aws:iam/user:User": user,
    "aws:iam/group:Group": group,
    "aws:iam/role:Role": role,
    "aws:iam/policy:Policy": managed_policy,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": oidc_provider,
    "aws:iam/samlProvider:SamlProvider": saml_provider,
    "aws:iam/instanceProfile:InstanceProfile": instance_profile,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": pods,
    "aws:iam/groupMembership:GroupMembership": membership,
    "aws:iam/userGroupMembership:UserGroupMembership": groups_of_user,
    "aws:iam/userLoginProfile:UserLoginProfile": login_profile,
    "aws:iam/accessKey:AccessKey": access_key,
    "aws:iam/accountAlias:AccountAlias": account_alias,
    "aws:iam/accountPasswordPolicy:AccountPasswordPolicy": password_policy,
    "aws:secretsmanager/secret:Secret": secret,
    "aws:secretsmanager/secretVersion:SecretVersion": secret_version,
    "aws:organizations/policy:Policy": control_policy,
    "aws:organizations/policyAttachment:PolicyAttachment": control_policy_attachment,
    **{f"aws:iam/{kind}Policy:{kind.capitalize()}Policy": inline(kind) for kind in KINDS},
    **{f"aws:iam/{kind}PolicyAttachment:{kind.capitalize()}PolicyAttachment": attachment(kind) for kind in KINDS},
    **{
        f"aws:iam/{kind}PoliciesExclusive:{kind.capitalize()}PoliciesExclusive": inline_exclusive(kind)
        for kind in KINDS
    },
    **{
        f"aws:iam/{kind}PolicyAttachmentsExclusive:{kind.capitalize()}PolicyAttachmentsExclusive": (
            attachments_exclusive(kind)
        )
        for kind in KINDS
    },
}
"""One run of each type, through every branch of its operations."""


@pytest.mark.parametrize("type_", sorted(HANDLERS))
def test_a_handler_calls_exactly_what_it_declares(type_: str, root: Aws) -> None:
    at = Recorded(root, HANDLERS[type_])
    RUNS[type_](at)
    assert at.calls == {operation: at.handler.calls.of(operation) for operation in OPERATIONS}


@pytest.mark.parametrize("type_", sorted(HANDLERS))
def test_every_action_is_in_the_list_that_aws_publishes(type_: str) -> None:
    for action in HANDLERS[type_].calls.every:
        service, name = action.split(":")
        assert matching_actions(service, name) == [name]


@pytest.mark.parametrize("type_", sorted(HANDLERS))
def test_what_aws_needs_besides_is_no_call_of_the_same_operation(type_: str) -> None:
    calls = HANDLERS[type_].calls
    assert {
        operation for operation in OPERATIONS if calls.of(operation) & calls.aws.get(operation, frozenset())
    } == set()
