"""An organisation: which accounts are in it, and the control policies that each of them is under.

Every level from the root down to the account itself has to allow, and any of them may deny. The management account is
under none. ``RCPFullAWSAccess`` is at every level once resource control policies are in use: nobody can detach it.

Sources, of https://docs.aws.amazon.com/organizations/latest/userguide/: orgs_manage_policies_scps_evaluation.html,
orgs_manage_policies_rcps_evaluation.html, orgs_manage_policies_scps.html ("Tasks and entities not restricted by SCPs"),
orgs_manage_policies_rcps.html ("Resources and entities not restricted by RCPs").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossaccount.access.estate.entities import Membership, Policy
from crossaccount.iam.compiled import Kind

SERVICE_CONTROL = "SERVICE_CONTROL_POLICY"
RESOURCE_CONTROL = "RESOURCE_CONTROL_POLICY"
_FULL_ACCESS = Policy(
    "RCPFullAWSAccess",
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
    },
    "resource-control",
)

Levels = tuple[tuple[Policy, ...], ...]
"""An account's control policies by level (root, organisational units, account): every level has to allow."""


@dataclass(frozen=True)
class Organization:
    """``members`` are all its accounts, by ID; the control policies, by account ID, are those of its members."""

    id: str
    members: Mapping[str, Membership] = field(default_factory=dict)
    service_control: Mapping[str, Levels] = field(default_factory=dict)
    resource_control: Mapping[str, Levels] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Organization:
        """The organisation of AWS's own answers put together.

        ``Organization`` of DescribeOrganization, ``Accounts`` of ListAccounts, ``Policies``: each the ``Policy`` of
        DescribePolicy with the ``Targets`` of ListTargetsForPolicy.
        """
        paths = {str(account["Id"]): str(account["Paths"][0]) for account in data["Accounts"]}
        ruled = {key: path for key, path in paths.items() if key != str(data["Organization"]["MasterAccountId"])}
        services = _attached(data["Policies"], SERVICE_CONTROL, "permissions")
        resources = _attached(data["Policies"], RESOURCE_CONTROL, "resource-control")
        return cls(
            str(data["Organization"]["Id"]),
            {key: Membership(path.split("/")[0], _of_parent(path)) for key, path in paths.items()},
            {key: _levels(path, services) for key, path in ruled.items()} if services else {},
            {key: _with_full_access(_levels(path, resources)) for key, path in ruled.items()} if resources else {},
        )


def levels_of(path: str) -> tuple[str, ...]:
    """The IDs of root, organisational units and account, of a path such as ``o-…/r-…/ou-…/111111111111/``."""
    return tuple(path.strip("/").split("/")[1:])


def _of_parent(path: str) -> str:
    """What ``aws:PrincipalOrgPaths`` says: the path without the account."""
    return path.rstrip("/").rpartition("/")[0] + "/"


def _attached(policies: Iterable[Mapping[str, Any]], of_type: str, kind: Kind) -> Mapping[str, tuple[Policy, ...]]:
    """The policies of a type by what they are attached to; nothing where the organisation does not use the type."""
    found: dict[str, tuple[Policy, ...]] = {}
    for target, policy in _attachments(policies, of_type, kind):
        found[target] = (*found.get(target, ()), policy)
    return found


def _attachments(policies: Iterable[Mapping[str, Any]], of_type: str, kind: Kind) -> Iterator[tuple[str, Policy]]:
    for item in policies:
        summary = item["PolicySummary"]
        if summary["Type"] == of_type:
            policy = Policy(str(summary.get("Name") or summary["Id"]), item["Content"], kind)
            yield from ((str(target["TargetId"]), policy) for target in item["Targets"])


def _levels(path: str, attached: Mapping[str, tuple[Policy, ...]]) -> Levels:
    return tuple(attached.get(level, ()) for level in levels_of(path))


def _with_full_access(levels: Levels) -> Levels:
    return tuple(
        level if any(policy.name == _FULL_ACCESS.name for policy in level) else (_FULL_ACCESS, *level)
        for level in levels
    )
