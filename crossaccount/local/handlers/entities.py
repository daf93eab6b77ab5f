"""Roles, users and groups where IAM treats them alike: policies put into them and attached to them.

IAM's operations differ only in the entity's name (``PutRolePolicy``, ``PutUserPolicy``, ``PutGroupPolicy``), and boto3
makes its methods from the operations, so one description of the name serves all three.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crossaccount.local.clients import Aws


@dataclass(frozen=True)
class EntityKind:
    """``role``, ``user`` or ``group``."""

    name: str

    @property
    def title(self) -> str:
        """``Role``."""
        return self.name.capitalize()

    def put(self, aws: Aws, entity: str, policy: str, document: str) -> None:
        """Put an inline policy into the entity, or overwrite it."""
        self._call(aws, f"put_{self.name}_policy", entity, PolicyName=policy, PolicyDocument=document)

    def get(self, aws: Aws, entity: str, policy: str) -> Any:
        """The document of an inline policy, parsed."""
        return self._call(aws, f"get_{self.name}_policy", entity, PolicyName=policy)["PolicyDocument"]

    def drop(self, aws: Aws, entity: str, policy: str) -> None:
        """Delete an inline policy."""
        self._call(aws, f"delete_{self.name}_policy", entity, PolicyName=policy)

    def inline(self, aws: Aws, entity: str) -> list[str]:
        """The names of the entity's inline policies."""
        return list(self._pages(aws, f"list_{self.name}_policies", entity)["PolicyNames"])

    def attach(self, aws: Aws, entity: str, arn: str) -> None:
        """Attach a managed policy; no change where it is attached."""
        self._call(aws, f"attach_{self.name}_policy", entity, PolicyArn=arn)

    def detach(self, aws: Aws, entity: str, arn: str) -> None:
        """Detach a managed policy."""
        self._call(aws, f"detach_{self.name}_policy", entity, PolicyArn=arn)

    def attached(self, aws: Aws, entity: str) -> list[str]:
        """The ARNs of the managed policies attached to the entity."""
        found = self._pages(aws, f"list_attached_{self.name}_policies", entity)["AttachedPolicies"]
        return [each["PolicyArn"] for each in found]

    def _call(self, aws: Aws, method: str, entity: str, **arguments: str) -> Any:
        return getattr(aws.iam, method)(**{f"{self.title}Name": entity}, **arguments)

    def _pages(self, aws: Aws, method: str, entity: str) -> Any:
        paginator: Any = aws.client("iam")
        return paginator.get_paginator(method).paginate(**{f"{self.title}Name": entity}).build_full_result()


ROLE = EntityKind("role")
USER = EntityKind("user")
GROUP = EntityKind("group")
