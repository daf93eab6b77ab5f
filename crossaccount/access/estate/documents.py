"""The policies of one account, found by name or ARN and compiled once each.

A managed policy's document is the default version that the source carries, else (AWS-managed) that of another account
of the estate, else the bundle's. One that is nowhere, or that IAM would not accept, is unknown and says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crossaccount.access.estate.entities import TRUST_POLICY, Policy
from crossaccount.access.estate.managed_policies import is_aws_managed, managed_document
from crossaccount.iam.compiled import Kind

Details = Mapping[str, Any]
"""The JSON of ``aws iam get-account-authorization-details`` for one account."""


def compiled_policy(name: str, document: object, kind: Kind = "permissions") -> Policy:
    """A policy with its document, which is compiled once, when it is first asked."""
    return Policy(name, document, kind)


def trust_policy(document: object) -> Policy:
    """A role's trust policy."""
    return compiled_policy(TRUST_POLICY, document, "trust")


def inline_policies(items: Iterable[Mapping[str, Any]] | None) -> tuple[Policy, ...]:
    """The policies of ``UserPolicyList``, ``GroupPolicyList`` or ``RolePolicyList``."""
    return tuple(compiled_policy(str(item["PolicyName"]), item.get("PolicyDocument")) for item in items or ())


class ManagedPolicies:
    """The managed policies that an estate's accounts can name, each compiled when it is first asked for."""

    def __init__(self, details: Iterable[Details]) -> None:
        self._documents: dict[str, object] = {}
        self._compiled: dict[str, Policy] = {}
        for account in details:
            for item in account.get("Policies") or ():
                document = default_version(item)
                if document is not None:
                    self._documents.setdefault(str(item["Arn"]), document)

    def attached(self, items: Iterable[Mapping[str, Any]] | None) -> tuple[Policy, ...]:
        """The policies of ``AttachedManagedPolicies``."""
        return tuple(self.get(str(item["PolicyArn"])) for item in items or ())

    def boundary(self, entity: Mapping[str, Any]) -> Policy | None:
        """The permissions boundary of a user or a role."""
        boundary = entity.get("PermissionsBoundary") or {}
        arn = boundary.get("PermissionsBoundaryArn")
        return self.get(str(arn)) if arn else None

    def get(self, arn: str) -> Policy:
        """The policy with this ARN."""
        if arn not in self._compiled:
            self._compiled[arn] = self._compile(arn)
        return self._compiled[arn]

    def _compile(self, arn: str) -> Policy:
        document = self._documents.get(arn)
        if document is None and is_aws_managed(arn):
            document = managed_document(arn)
        if document is None:
            return Policy(arn, missing="its document is in no source")
        return compiled_policy(arn, document)


def default_version(item: Mapping[str, Any]) -> object | None:
    """The document of the default version: the one marked as such, else the one whose ID is the default's."""
    versions = item.get("PolicyVersionList") or ()
    for version in versions:
        if version.get("IsDefaultVersion") or version.get("VersionId") == item.get("DefaultVersionId", ""):
            document: object = version.get("Document")
            return document
    return None
