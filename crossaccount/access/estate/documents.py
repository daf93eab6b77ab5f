"""The policies of an estate, found by name or ARN and compiled once each.

A managed policy's document is the default version that the source carries, else (AWS-managed) that of another account
of the estate, else the bundle's. One that is nowhere, or that IAM would not accept, is unknown and says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crossaccount.access.estate.entities import TRUST_POLICY, Policy
from crossaccount.access.estate.managed_policies import is_aws_managed, managed_document
from crossaccount.iam.by_content import content_of
from crossaccount.iam.compiled import Kind

Details = Mapping[str, Any]
"""The JSON of ``aws iam get-account-authorization-details`` for one account."""


def compiled_policy(name: str, document: object, kind: Kind = "permissions") -> Policy:
    """A policy with its document, which is compiled once, when it is first asked."""
    return Policy(name, document, kind)


class Policies:
    """The policies of an estate's entities: managed ones by ARN, others by name and document.

    Equal policies are one object. Large estates repeat the same few thousand documents in every account, and all that
    is found out of a policy (compiled, indexed, weighed) is then found out once.
    """

    def __init__(self, details: Iterable[Details]) -> None:
        self._documents: dict[str, object] = {}
        self._managed: dict[str, Policy] = {}
        self._by_content: dict[tuple[str, Kind, bytes], Policy] = {}
        for account in details:
            for item in account.get("Policies") or ():
                document = default_version(item)
                if document is not None:
                    self._documents.setdefault(str(item["Arn"]), document)

    def trust(self, document: object) -> Policy:
        """A role's trust policy."""
        return self._shared(TRUST_POLICY, document, "trust")

    def inline(self, items: Iterable[Mapping[str, Any]] | None) -> tuple[Policy, ...]:
        """The policies of ``UserPolicyList``, ``GroupPolicyList`` or ``RolePolicyList``."""
        return tuple([self._shared(str(item["PolicyName"]), item.get("PolicyDocument")) for item in items or ()])

    def attached(self, items: Iterable[Mapping[str, Any]] | None) -> tuple[Policy, ...]:
        """The policies of ``AttachedManagedPolicies``."""
        return tuple([self.get(str(item["PolicyArn"])) for item in items or ()])

    def boundary(self, entity: Mapping[str, Any]) -> Policy | None:
        """The permissions boundary of a user or a role."""
        boundary = entity.get("PermissionsBoundary") or {}
        arn = boundary.get("PermissionsBoundaryArn")
        return self.get(str(arn)) if arn else None

    def get(self, arn: str) -> Policy:
        """The policy with this ARN."""
        if arn not in self._managed:
            self._managed[arn] = self._found(arn)
        return self._managed[arn]

    def _found(self, arn: str) -> Policy:
        document = self._documents.get(arn)
        if document is None and is_aws_managed(arn):
            document = managed_document(arn)
        if document is None:
            return Policy(arn, missing="its document is in no source")
        return compiled_policy(arn, document)

    def _shared(self, name: str, document: Any, kind: Kind = "permissions") -> Policy:
        content = content_of(document)
        if content is None:
            return compiled_policy(name, document, kind)
        key = (name, kind, content)
        if key not in self._by_content:
            self._by_content[key] = compiled_policy(name, document, kind)
        return self._by_content[key]


def default_version(item: Mapping[str, Any]) -> object | None:
    """The document of the default version: the one marked as such, else the one whose ID is the default's."""
    versions = item.get("PolicyVersionList") or ()
    for version in versions:
        if version.get("IsDefaultVersion") or version.get("VersionId") == item.get("DefaultVersionId", ""):
            document: object = version.get("Document")
            return document
    return None
