"""Identity policies that allow more than anybody can oversee."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from crossaccount.access.estate.policies import Details
from crossaccount.access.findings.documents import Statement, is_changeable
from crossaccount.access.findings.finding import Found, Kind, Place

_PASS_ROLE = "iam:PassRole"
_ANY_ROLE = re.compile(r"\Aarn:[\w*-]+:(iam|\*):[^:]*:[\d*]+:(role/)?\*+\Z")
_EVERYTHING = ("*", "*:*")
_ADMINISTRATOR = ":iam::aws:policy/AdministratorAccess"
_NEEDED_BY_AWS = re.compile(r"\A(AWSControlTowerExecution|stacksets-exec-[0-9a-f]{32})\Z")
"""Roles that AWS Control Tower and service-managed StackSets make in each account, and need to be administrators:
https://docs.aws.amazon.com/controltower/latest/userguide/awscontroltowerexecution.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts.html."""
_ENTITIES = ("UserDetailList", "GroupDetailList", "RoleDetailList")

ALLOW_ALL = Kind(
    "XA306",
    "warning",
    "Everything is allowed on everything",
    "Whoever has this policy is an administrator of the account, its trust policies included.",
    "Name the services that are needed, or set a permissions boundary.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
)
PASS_ANY_ROLE = Kind(
    "XA307",
    "warning",
    "Any role may be passed to any service",
    "Passed to a service that runs code, a role's permissions are those of whoever wrote the code.",
    "Name the roles, and the services under a condition on iam:PassedToService.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
)


def permission_findings(statement: Statement, bounded: Collection[str]) -> Iterator[Found]:
    """What an identity statement allows too widely. ``bounded`` are the entities with a permissions boundary."""
    resources = statement.texts("Resource")
    if not statement.allows or not any(each == "*" or _ANY_ROLE.match(each) for each in resources):
        return
    if "*" in resources and any(action in _EVERYTHING for action in statement.texts("Action")):
        if not statement.conditions and statement.owner not in bounded:
            yield Found(ALLOW_ALL, statement.at("actions"), "allows every action on every resource", ALLOW_ALL.hint)
    elif statement.covers(_PASS_ROLE) and not _limited(statement):
        message = "allows iam:PassRole of every role, to every service"
        yield Found(PASS_ANY_ROLE, statement.at("resources"), message, PASS_ANY_ROLE.hint)


def bounded(details: Details) -> frozenset[str]:
    """The users and roles of one account that have a permissions boundary, by ARN."""
    entities = (entity for name in _ENTITIES for entity in details.get(name) or ())
    return frozenset(str(entity["Arn"]) for entity in entities if entity.get("PermissionsBoundary"))


def administrators(details: Details) -> Iterator[Found]:
    """Entities with AWS's own AdministratorAccess."""
    entities: list[Any] = [entity for name in _ENTITIES for entity in details.get(name) or ()]
    for entity in entities:
        arns = [str(policy["PolicyArn"]) for policy in entity.get("AttachedManagedPolicies") or ()]
        if entity.get("PermissionsBoundary"):
            continue
        if not is_changeable(str(entity["Arn"])) or _NEEDED_BY_AWS.match(str(entity.get("RoleName", ""))):
            continue
        if any(arn.endswith(_ADMINISTRATOR) for arn in arns):
            message = "has AdministratorAccess attached, which allows every action on every resource"
            yield Found(ALLOW_ALL, Place(str(entity["Arn"])), message, ALLOW_ALL.hint)


def _limited(statement: Statement) -> bool:
    keys = ("iam:passedtoservice", "iam:associatedresourcearn", "iam:resourcetag")
    return any(
        condition.key.lower().startswith(keys) and "*" not in {value.text for value in condition.values}
        for condition in statement.conditions
    )
