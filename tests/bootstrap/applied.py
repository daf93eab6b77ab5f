"""A CloudFormation template in a local AWS: its resources become calls. MiniStack's own CloudFormation has no identity
providers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")


class Applied:
    """The stack of a template in one account, with these values of its parameters."""

    def __init__(self, template: Mapping[str, Any], account: str, **parameters: str) -> None:
        self._template = template
        defaults = {name: each["Default"] for name, each in template.get("Parameters", {}).items()}
        self._known: dict[str, str] = {
            "AWS::AccountId": account,
            "AWS::Partition": "aws",
            **defaults,
            **parameters,
        }

    def create(self, iam: Any) -> None:
        """Make the resources, each after those that it needs."""
        waiting = dict(self._template["Resources"])
        while waiting:
            ready = [each for each, resource in waiting.items() if not self._needs(resource) & waiting.keys()]
            assert ready, "the resources need each other in a circle"
            for logical_id in ready:
                resource = waiting.pop(logical_id)
                if "Condition" not in resource or self._holds(resource["Condition"]):
                    make = getattr(self, resource["Type"].rsplit("::", 1)[1])
                    self._known[logical_id] = make(iam, self.value(resource["Properties"]))

    def outputs(self) -> dict[str, str]:
        """The outputs by name."""
        return {name: self.value(each["Value"]) for name, each in self._template["Outputs"].items()}

    def value(self, value: Any) -> Any:
        """A value with its functions called."""
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if not isinstance(value, Mapping):
            return value
        match value:
            case {"Ref": name}:
                return self._known[name]
            case {"Fn::GetAtt": [logical_id, "Arn"]}:
                return self._known[logical_id]
            case {"Fn::Sub": text}:
                return _VARIABLE.sub(lambda found: f"${{{found[2]}}}" if found[1] else self._known[found[2]], text)
            case {"Fn::Equals": [one, other]}:
                return self.value(one) == self.value(other)
            case {"Fn::If": [condition, then, otherwise]}:
                return self.value(then if self._holds(condition) else otherwise)
        return {key: self.value(each) for key, each in value.items()}

    def _holds(self, condition: str) -> bool:
        return bool(self.value(self._template["Conditions"][condition]))

    def _needs(self, resource: Any) -> set[str]:
        named = set(re.findall(r"'Ref': '(\w+)'", str(resource["Properties"])))
        return {*named, *resource.get("DependsOn", [])}

    @staticmethod
    def OIDCProvider(iam: Any, properties: Mapping[str, Any]) -> str:  # noqa: N802
        """``AWS::IAM::OIDCProvider``; ``Ref`` is its ARN."""
        found = iam.create_open_id_connect_provider(Url=properties["Url"], ClientIDList=properties["ClientIdList"])
        return str(found["OpenIDConnectProviderArn"])

    @staticmethod
    def ManagedPolicy(iam: Any, properties: Mapping[str, Any]) -> str:  # noqa: N802
        """``AWS::IAM::ManagedPolicy``; ``Ref`` is its ARN."""
        found = iam.create_policy(
            PolicyName=properties["ManagedPolicyName"],
            Path=properties["Path"],
            PolicyDocument=json.dumps(properties["PolicyDocument"]),
        )
        return str(found["Policy"]["Arn"])

    @staticmethod
    def Role(iam: Any, properties: Mapping[str, Any]) -> str:  # noqa: N802
        """``AWS::IAM::Role``, known by its ARN."""
        boundary = properties.get("PermissionsBoundary")
        made = iam.create_role(
            RoleName=properties["RoleName"],
            Path=properties["Path"],
            AssumeRolePolicyDocument=json.dumps(properties["AssumeRolePolicyDocument"]),
            **({"PermissionsBoundary": boundary} if boundary else {}),
        )
        for policy in properties.get("Policies", ()):
            document = json.dumps(policy["PolicyDocument"])
            iam.put_role_policy(
                RoleName=properties["RoleName"], PolicyName=policy["PolicyName"], PolicyDocument=document
            )
        for arn in properties.get("ManagedPolicyArns", ()):
            iam.attach_role_policy(RoleName=properties["RoleName"], PolicyArn=arn)
        return str(made["Role"]["Arn"])
