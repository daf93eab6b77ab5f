"""The policies of an estate, found by name or ARN and compiled once each.

A managed policy's document is the default version that the source carries, else (AWS-managed) that of another account
of the estate, else the bundle's. A policy that is in none of them, or that IAM would not accept, is unknown and says
why; it is never taken to be empty.

The bundle of AWS-managed policies is moto's package data, which its authors import from AWS: dated, default versions
only, complete for the ``aws`` partition. Only that one data module is executed; importing ``moto.iam`` would pull in
boto3 and a mock of IAM.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from crossaccount.access.estate.entities import TRUST_POLICY, Policy
from crossaccount.iam.caching import made
from crossaccount.iam.compiled import Kind
from crossaccount.iam.documents import content_of
from crossaccount.iam.nearest import nearest

_ARN_PREFIX = "arn:aws:iam::aws:policy"
_MODULE = ("iam", "aws_managed_policies.py")


def managed_document(arn: str) -> Mapping[str, Any] | None:
    """The document of an AWS-managed policy; None where the bundle does not have it."""
    entry = _bundle().get(arn)
    document: Mapping[str, Any] | None = entry["Document"] if entry else None
    return document


def is_aws_managed(arn: str) -> bool:
    """Whether an ARN is of AWS's own policies, of any partition."""
    return arn.split(":")[4:5] == ["aws"]


def managed_name_like(arn: str) -> str:
    """The ARN of the AWS-managed policy whose name is most like that of ``arn``; empty where none is."""
    prefix, name = arn.split(":policy/", 1)[0].rsplit(":", 1)[0], arn.rpartition("/")[2]
    found = _by_name().get(nearest(name, _by_name()) or "", "")
    return found.replace(_ARN_PREFIX, f"{prefix}:aws:policy", 1) if found else ""


def is_published(arn: str) -> bool:
    """Whether the bundle has an AWS-managed policy of this path and name, be it of another partition."""
    return is_aws_managed(arn) and f"{_ARN_PREFIX}/{arn.partition(':policy/')[2]}" in _bundle()


def bundled() -> Iterable[str]:
    """The ARNs of the bundle's policies."""
    return _bundle().keys()


@cache
def _by_name() -> Mapping[str, str]:
    """The ARNs of the bundle's policies by name."""
    return {arn.rpartition("/")[2]: arn for arn in _bundle()}


def bundle_date() -> str:
    """The day of the newest change that the bundle has, ``YYYY-MM-DD``; empty where there is no bundle."""
    return max((str(entry["UpdateDate"])[:10] for entry in _bundle().values()), default="")


@cache
def _bundle() -> Mapping[str, Mapping[str, Any]]:
    """The bundle's entries by ARN; none where moto is not installed, as beside the bare program."""
    package = find_spec("moto")
    if package is None or not package.submodule_search_locations:
        return {}
    spec = spec_from_file_location("_aws_managed_policies", Path(package.submodule_search_locations[0], *_MODULE))
    if spec is None or spec.loader is None:
        return {}
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    entries: Mapping[str, Mapping[str, Any]] = json.loads(module.aws_managed_policies_data)
    return {f"{_ARN_PREFIX}{entry['Path']}{name}": entry for name, entry in entries.items()}


def missing(arn: str) -> str:
    """Why a policy is not known that no source has."""
    if not is_aws_managed(arn) or is_published(arn) or not bundle_date():
        return "its document is in no source"
    return f"its document is in no source, and AWS's list of {bundle_date()} has no such policy"


UNKNOWN_ACTIONS = "UnknownActions"
"""A key of ours in a document: the actions of statements that are left out because a part of them is not known."""
PARTLY = "a part of it is known only after an update"


def unknown_actions(policy: Policy) -> tuple[str, ...]:
    """The actions of a policy's unknown statements."""
    document = policy.document
    found = document.get(UNKNOWN_ACTIONS) if isinstance(document, (dict, Mapping)) else None
    return tuple(str(each) for each in found) if isinstance(found, (list, tuple)) else ()


def known_part(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """A document as it is written, without our key."""
    return {key: value for key, value in content.items() if key != UNKNOWN_ACTIONS}


Details = Mapping[str, Any]
"""The JSON of ``aws iam get-account-authorization-details`` for one account."""


def compiled_policy(name: str, document: object, kind: Kind = "permissions") -> Policy:
    """A policy with its document, which is compiled once, when it is first asked."""
    return made(Policy, name=name, document=document, kind=kind, missing="", only=())


class Policies:
    """The policies of an estate's entities: managed ones by ARN, others by name and document.

    Equal policies are one object. Large estates repeat the same few thousand documents in every account, and all that
    is found out of a policy (compiled, indexed, weighed) is then found out once.
    """

    def __init__(self, details: Iterable[Details]) -> None:
        self._documents: dict[str, object] = {}
        self._without: set[str] = set()
        self._managed: dict[str, Policy] = {}
        self._by_content: dict[tuple[str, Kind, bytes], Policy] = {}
        self._parts: dict[int, tuple[Policy, Policy | None]] = {}
        for account in details:
            for item in account.get("Policies") or ():
                document = default_version(item)
                if document is not None:
                    self._documents.setdefault(str(item["Arn"]), document)
                else:
                    self._without.add(str(item["Arn"]))

    def trust(self, document: object) -> Policy:
        """A role's trust policy."""
        return self._shared(TRUST_POLICY, document, "trust")

    def inline(self, items: Iterable[Mapping[str, Any]] | None) -> tuple[Policy, ...]:
        """The policies of ``UserPolicyList``, ``GroupPolicyList`` or ``RolePolicyList``."""
        if not items:
            return ()
        found = [self._shared(str(item["PolicyName"]), item.get("PolicyDocument")) for item in items]
        return self._with_unknown(found)

    def attached(self, items: Iterable[Mapping[str, Any]] | None) -> tuple[Policy, ...]:
        """The policies of ``AttachedManagedPolicies``."""
        return self._with_unknown([self.get(str(item["PolicyArn"])) for item in items]) if items else ()

    def _with_unknown(self, policies: list[Policy]) -> tuple[Policy, ...]:
        """The policies. A policy with an unknown part is followed by that part, which is one object for each policy."""
        for policy in policies:
            if id(policy) not in self._parts:
                actions = unknown_actions(policy)
                part = Policy(policy.name, missing=PARTLY, only=actions) if actions else None
                self._parts[id(policy)] = policy, part  # with the policy, so that its identity is not reused
        parts = [self._parts[id(policy)][1] for policy in policies]
        return (*policies, *filter(None, parts)) if any(parts) else tuple(policies)

    def boundary(self, entity: Mapping[str, Any]) -> Policy | None:
        """The permissions boundary of a user or a role."""
        boundary = entity.get("PermissionsBoundary") or {}
        arn = boundary.get("PermissionsBoundaryArn")
        policy = self.get(str(arn)) if arn else None
        # What a boundary allows of an action is judged as a whole.
        return Policy(policy.name, missing=PARTLY) if policy is not None and unknown_actions(policy) else policy

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
            return Policy(arn, missing="its document is not known" if arn in self._without else missing(arn))
        return compiled_policy(arn, document)

    def _shared(self, name: str, document: Any, kind: Kind = "permissions") -> Policy:
        content = content_of(document)
        if content is None:
            return compiled_policy(name, document, kind)
        key = (name, kind, content)
        found = self._by_content.get(key)
        if found is None:
            found = self._by_content[key] = compiled_policy(name, document, kind)
        return found


def default_version(item: Mapping[str, Any]) -> object | None:
    """The document of the default version: the one marked as such, else the one whose ID is the default's."""
    versions = item.get("PolicyVersionList") or ()
    for version in versions:
        if version.get("IsDefaultVersion") or version.get("VersionId") == item.get("DefaultVersionId", ""):
            document: object = version.get("Document")
            return document
    return None
