"""A CloudFormation template with what a pipeline needs in an account.

The template has no account and no partition: it takes those of the account in which it is deployed, so one template is
good for every account that needs the same, in every region. The identity provider is made unless a parameter says that
the account has it: an account has one provider of an issuer. Providers outlive the stack, because other roles may trust
them. So does the permissions boundary of users and roles, which cannot be deleted while one of them has it.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-oidcprovider.html,
aws-resource-iam-role.html, aws-resource-iam-managedpolicy.html; \
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html (``${!``)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from crossaccount.bootstrap.permissions import Policy
from crossaccount.bootstrap.resources import Bootstrap, OidcProvider, PipelineRole
from crossaccount.settings.account_details import DEFAULT_SESSION_DURATION
from crossaccount.settings.yaml_writing import block_text

FORMAT_VERSION = "2010-09-09"
CAPABILITY = "CAPABILITY_NAMED_IAM"
"""What a deployment has to acknowledge: the template makes roles with names of their own."""
_WORD = re.compile(r"[A-Za-z0-9]+")
_KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def template(bootstrap: Bootstrap) -> dict[str, Any]:
    """The template as a value. Two accounts that need the same have equal templates."""
    ids = _LogicalIds()
    providers = {ids.of("Provider", each.name): each for each in bootstrap.providers}
    switches = {f"Make{logical_id}": each for logical_id, each in providers.items()}
    writer = _Writer(bootstrap, {each.arn: logical_id for logical_id, each in providers.items()})
    resources: dict[str, Any] = {}
    for logical_id, provider in providers.items():
        resources[logical_id] = {"Condition": f"Make{logical_id}", **writer.provider(provider)}
    policies = {ids.of("Policy", each.name): each for each in bootstrap.policies}
    resources |= {logical_id: writer.policy(each) for logical_id, each in policies.items()}
    roles = {ids.of("Role", each.name): each for each in bootstrap.roles}
    for logical_id, role in roles.items():
        resources[logical_id] = writer.role(role, _used(role, policies, bootstrap))
    return {
        "AWSTemplateFormatVersion": FORMAT_VERSION,
        "Description": "The pipeline of crossaccount: its identity provider, its roles, and what they may do",
        **({"Parameters": {name: _parameter(each) for name, each in switches.items()}} if switches else {}),
        **({"Conditions": {name: {"Fn::Equals": [{"Ref": name}, "true"]} for name in switches}} if switches else {}),
        "Resources": resources,
        "Outputs": {
            f"{logical_id}Arn": {"Description": f"The role {role.name}", "Value": {"Fn::GetAtt": [logical_id, "Arn"]}}
            for logical_id, role in roles.items()
        },
    }


def template_text(bootstrap: Bootstrap) -> str:
    """The template as YAML."""
    return block_text(template(bootstrap))


def _parameter(provider: OidcProvider) -> dict[str, Any]:
    description = f"false if the account has the identity provider {provider.url} already"
    return {"Type": "String", "AllowedValues": ["true", "false"], "Default": "true", "Description": description}


def _used(role: PipelineRole, policies: Mapping[str, Policy], bootstrap: Bootstrap) -> list[str]:
    """The logical IDs of the policies that a role has."""
    arns = {*role.attached, role.boundary}
    return [logical_id for logical_id, each in policies.items() if bootstrap.policy_arn(each) in arns]


class _LogicalIds:
    """Names of resources within the template: letters and digits, each once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, kind: str, name: str) -> str:
        words = "".join(each[:1].upper() + each[1:] for each in _WORD.findall(name))
        found = f"{kind}{words}"
        if self._known.setdefault(found, name) != name:
            found += hashlib.sha256(name.encode()).hexdigest()[:8]
        return found


class _Writer:
    """Resources of a template, without the account's own ID and partition."""

    def __init__(self, bootstrap: Bootstrap, providers: Mapping[str, str]) -> None:
        self._bootstrap = bootstrap
        self._providers = providers
        account, partition = bootstrap.account_id, bootstrap.partition
        self._own = re.compile(rf"\barn:{partition}:(?:([\w*-]*):([\w*-]*):{account}(?=:))?")

    def provider(self, provider: OidcProvider) -> dict[str, Any]:
        thumbprints = {"ThumbprintList": list(provider.thumbprints)} if provider.thumbprints else {}
        properties = {"Url": provider.url, "ClientIdList": list(provider.audiences), **thumbprints}
        return {"Type": "AWS::IAM::OIDCProvider", **_KEPT, "Properties": {**properties, **_tags(provider.tags)}}

    def policy(self, policy: Policy) -> dict[str, Any]:
        properties = {
            "ManagedPolicyName": policy.name,
            "Path": policy.path,
            "Description": policy.description,
            "PolicyDocument": self.written(policy.document),
        }
        kept = _KEPT if policy.is_shared else {}
        return {"Type": "AWS::IAM::ManagedPolicy", **kept, "Properties": properties}

    def role(self, role: PipelineRole, needs: list[str]) -> dict[str, Any]:
        session = role.session_seconds
        inline = [{"PolicyName": name, "PolicyDocument": self.written(text)} for name, text in role.inline.items()]
        properties = {
            "RoleName": role.name,
            "Path": role.path,
            "Description": role.description,
            **({"MaxSessionDuration": session} if session != DEFAULT_SESSION_DURATION else {}),
            "AssumeRolePolicyDocument": self._trust(role.trust),
            **({"PermissionsBoundary": self.written(role.boundary)} if role.boundary else {}),
            **({"ManagedPolicyArns": self.written(list(role.attached))} if role.attached else {}),
            **({"Policies": inline} if inline else {}),
            **_tags(role.tags),
        }
        after = {"DependsOn": needs} if needs else {}
        return {"Type": "AWS::IAM::Role", **after, "Properties": properties}

    def _trust(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A trust policy, which waits for the providers that the template makes."""
        result: dict[str, Any] = self.written(document)
        for given, statement in zip(document["Statement"], result["Statement"], strict=True):
            provider = given.get("Principal", {}).get("Federated")
            if isinstance(provider, str) and (logical_id := self._providers.get(provider)):
                known = statement["Principal"]["Federated"]
                statement["Principal"]["Federated"] = {"Fn::If": [f"Make{logical_id}", {"Ref": logical_id}, known]}
        return result

    def written(self, value: Any) -> Any:
        """A value of the template: ARNs of the own account and partition as pseudo parameters."""
        if isinstance(value, Mapping):
            return {key: self.written(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.written(each) for each in value]
        if not isinstance(value, str):
            return value
        if value == self._bootstrap.account_id:
            return {"Ref": "AWS::AccountId"}
        if not self._own.search(value):
            return value
        return {"Fn::Sub": self._own.sub(_pseudo, value.replace("${", "${!"))}


def _pseudo(found: re.Match[str]) -> str:
    own = "" if found[1] is None else f"{found[1]}:{found[2]}:${{AWS::AccountId}}"
    return f"arn:${{AWS::Partition}}:{own}"


def _tags(tags: Mapping[str, str]) -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]} if tags else {}
