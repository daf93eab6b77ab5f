"""What the roles of a pipeline may do in an account: review it, look for drift in it, and deploy to it.

The permissions of a deployer are the actions that its resource types need (the table of calls of each handler,
:mod:`crossaccount.local.handlers.calls`), on the names of its :class:`Scope`. Two permissions boundaries keep it from
raising itself:

- its own (``boundary``). It denies every change of the pipeline's own roles, policies and providers, every change of a
  user's or role's permissions unless the user or role has the boundary of entities, every call of sts:AssumeRole, and
  to pass roles that are not the stack's;
- that of the users and roles that it makes (``entity_boundary``). They may use services, and cannot change IAM, pass a
  role that the deployer does not manage, or assume such a role of the account.

A managed policy has at most 6,144 characters. A longer one becomes several, split by resource as long grants are.

Deliberately not here: who may assume the roles, and how they come into an account.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html ("Delegating responsibility to
others using permissions boundaries"); the actions that have the key iam:PermissionsBoundary:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossaccount.bootstrap.scope import Scope
from crossaccount.iam.arn import entity_arn, iam_arn
from crossaccount.iam.documents import VERSION, Document, canonical, size
from crossaccount.iam.problem import BadInput, Problem
from crossaccount.iam.published import resource_arns
from crossaccount.iam.quotas import MANAGED_POLICY
from crossaccount.iam.splitting import split
from crossaccount.local.handlers import handler_of
from crossaccount.local.handlers.calls import OPERATIONS, Actions
from crossaccount.settings.models.bootstrap import PREFIX

Statement = dict[str, Any]


@dataclass(frozen=True)
class NamedDocument:
    """A managed policy: its name in IAM, and its document."""

    name: str
    document: Document


@dataclass(frozen=True)
class DeployerDocuments:
    """The policies of a pipeline's roles in one account."""

    policies: tuple[NamedDocument, ...]
    """All permissions of the deployer."""
    boundary: NamedDocument
    """The permissions boundary of the deployer."""
    entity_boundary: NamedDocument
    """The permissions boundary that every user and role of the stack must have, unless it has another accepted one."""
    entity_boundary_arn: str
    preview: tuple[NamedDocument, ...]
    """The permissions for reviews: reads, without the values of secrets."""
    drift: tuple[NamedDocument, ...]
    """The permissions to refresh: reads, also the values of secrets."""


class TooManyNames(BadInput):
    """The roles of a scope do not fit into the boundary of entities."""


WITHHELD = frozenset({"iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"})
"""Actions that handlers call and no deployer gets: without a boundary an entity could do anything."""
SECRET_VALUES = frozenset({"secretsmanager:GetSecretValue"})
REVIEWS = {
    "*": frozenset({"iam:GetAccountAuthorizationDetails", "iam:ListRoles"}),
    "user": frozenset({"iam:GetLoginProfile", "iam:ListAccessKeys"}),
}
"""What the commands read themselves (:mod:`crossaccount.sources.live`), of the whole account."""


def deployer_documents(
    account: str,
    partition: str,
    resource_types: Collection[str],
    *,
    scope: Scope,
    own: Collection[str] = (),
    boundaries: Collection[str] = (),
    services: Collection[str] = (),
    prefix: str = PREFIX,
    path: str = "/",
) -> DeployerDocuments:
    """The policies of the roles that preview, refresh and deploy ``resource_types`` in an account.

    ``own`` are the ARNs of these roles, and of the identity providers that they trust. ``boundaries`` are ARNs of other
    permissions boundaries that the stack's entities may have; the deployer cannot change them. ``services`` limits what
    entities may use, as patterns of actions (``s3:*``); all services if empty. ``prefix`` and ``path`` are those of the
    policies' names.

    Raises:
        UnknownType: a type that no handler makes.
        TooManyNames: the boundary of entities would be longer than a managed policy.
        CannotSplit: one resource's statement is longer than a managed policy.
    """
    place = _Place(account, partition, scope)
    names = _Names(account, partition, prefix, path)
    needed = actions_of(resource_types, OPERATIONS) - WITHHELD
    reads = actions_of(resource_types, ("read",))
    accepted = sorted({names.arn("boundary"), *boundaries})
    protected = sorted({*own, *boundaries, *map(names.arn, ("boundary", "deployer*", "drift*", "preview*"))})
    return DeployerDocuments(
        policies=names.documents("deployer", place.allow(needed)),
        boundary=NamedDocument(names.of("deployer-boundary"), _fitting(_boundary(place, accepted, protected))),
        entity_boundary=NamedDocument(names.of("boundary"), _fitting(_entity_boundary(place, own, services))),
        entity_boundary_arn=names.arn("boundary"),
        preview=names.documents("preview", place.allow(reads - SECRET_VALUES)),
        drift=names.documents("drift", place.allow(reads)),
    )


def actions_of(resource_types: Iterable[str], operations: Iterable[str]) -> Actions:
    """The actions that some operations of resource types need in AWS."""
    handlers = [handler_of(each) for each in resource_types]
    chosen = [each for each in OPERATIONS if each in operations]
    return frozenset().union(*(handler.calls.needed(each) for handler in handlers for each in chosen))


@dataclass(frozen=True)
class _Names:
    """The names of the policies: ``crossaccount-deployer-10``."""

    account: str
    partition: str
    prefix: str
    path: str

    def of(self, what: str) -> str:
        return f"{self.prefix}-{what}"

    def arn(self, what: str) -> str:
        return entity_arn(self.account, "policy", self.of(what), self.path, self.partition)

    def documents(self, what: str, statements: Sequence[Statement]) -> tuple[NamedDocument, ...]:
        """A document, or its parts, as managed policies."""
        parts = split({"Version": VERSION, "Statement": list(statements)}, MANAGED_POLICY.limit)
        return tuple(NamedDocument(self.of(f"{what}-{part}" if part else what), parts[part]) for part in sorted(parts))


_ANY_DEVICE = "mfa"
"""A device is named by its owner. It can be deleted only after it was taken from a user of the scope."""
_KIND_OF_TEMPLATE = re.compile(r"arn:(?:[^:]*:){4}(?P<kind>[a-z-]+)[/:]")
_PASSED_TO = {
    "iam:AddRoleToInstanceProfile": "ec2.amazonaws.com",
    "eks:CreatePodIdentityAssociation": "pods.eks.amazonaws.com",
}
"""The services to which a call passes a role."""


@dataclass(frozen=True)
class _Place:
    """Turns actions into statements about the resources of an account."""

    account: str
    partition: str
    scope: Scope

    def allow(self, actions: Actions) -> list[Statement]:
        """Statements that allow the actions on the resources of the scope, and what reviews read.

        An action on a kind of resource without a name in the scope is left out: to delete a user, a deployer takes it
        out of the stack's groups, and not out of those of others.
        """
        by_kinds: dict[tuple[str, ...], set[str]] = {}
        for action in actions - {"iam:PassRole"}:
            by_kinds.setdefault(kinds_of(action), set()).add(action)
        found: list[Statement] = [
            {"Effect": "Allow", "Action": sorted(by_kinds[kinds]), "Resource": resources}
            for kinds in sorted(by_kinds)
            if (resources := self._resources(kinds))
        ]
        found += [
            {**self.pass_role(), "Condition": {"StringEquals": {"iam:PassedToService": service}}}
            for action, service in _PASSED_TO.items()
            if {action, "iam:PassRole"} <= actions and self._resources(("role",))
        ]
        return [*found, *self._reviews()]

    def pass_role(self) -> Statement:
        """The statement that allows iam:PassRole for the roles of the scope."""
        return {"Effect": "Allow", "Action": "iam:PassRole", "Resource": self._resources(("role",))}

    def _reviews(self) -> Iterator[Statement]:
        for kind, actions in REVIEWS.items():
            resource = "*" if kind == "*" else iam_arn(self.account, f"{kind}/*", self.partition)
            yield {"Effect": "Allow", "Action": sorted(actions), "Resource": resource}

    def _resources(self, kinds: Sequence[str]) -> list[str]:
        if not kinds:
            return ["*"]
        if _ANY_DEVICE in kinds:
            return [iam_arn(self.account, f"{_ANY_DEVICE}/*", self.partition)]
        return [arn for kind in kinds for arn in self.scope.arns(kind, self.account, self.partition)]


ORGANIZATION = "organizations"


def kinds_of(action: str) -> tuple[str, ...]:
    """The kinds of resource that an action can be limited to, by AWS's published list; none if it cannot be.

    None for actions of Organizations, because the ID of a policy is known only once the policy exists.
    """
    service, _, name = action.partition(":")
    if service == ORGANIZATION:
        return ()
    templates = resource_arns(service, name)
    assert templates is not None, f"AWS publishes the resources of every action of a handler, and not of {action}"
    return tuple(sorted({found["kind"] for each in templates if (found := _KIND_OF_TEMPLATE.match(each))}))


GUARDED = (
    *("iam:AttachRolePolicy", "iam:AttachUserPolicy", "iam:CreateRole", "iam:CreateUser", "iam:DeleteRolePolicy"),
    *("iam:DeleteUserPolicy", "iam:DetachRolePolicy", "iam:DetachUserPolicy", "iam:PutRolePermissionsBoundary"),
    *("iam:PutRolePolicy", "iam:PutUserPermissionsBoundary", "iam:PutUserPolicy", "iam:UpdateAssumeRolePolicy"),
)
"""What changes the permissions of a user or a role, or who gets into a role. Each has the key iam:PermissionsBoundary:
the boundary that the entity has, or that the request gives it."""


def _boundary(place: _Place, accepted: Sequence[str], protected: Sequence[str]) -> Document:
    roles = place.scope.arns("role", place.account, place.partition)
    return canonical(
        {
            "Version": VERSION,
            "Statement": [
                # A boundary only limits: permissions are those of the policies, and those that a person adds.
                {"Sid": "WhatItsPoliciesAllow", "Effect": "Allow", "Action": "*", "Resource": "*"},
                {
                    "Sid": "OnlyEntitiesWithABoundary",
                    "Effect": "Deny",
                    "Action": list(GUARDED),
                    "Resource": "*",
                    # True also where the request has no such key: the entity has no boundary.
                    "Condition": {"StringNotEquals": {"iam:PermissionsBoundary": list(accepted)}},
                },
                {"Sid": "NoBoundaryIsLifted", "Effect": "Deny", "Action": sorted(WITHHELD), "Resource": "*"},
                {
                    "Sid": "NothingOfThePipelineItself",
                    "Effect": "Deny",
                    "NotAction": ["iam:Get*", "iam:List*"],
                    "Resource": list(protected),
                },
                {"Sid": "NoOtherRole", "Effect": "Deny", "Action": "sts:Assume*", "Resource": "*"},
                {
                    "Sid": "PassesRolesOfTheStackAlone",
                    "Effect": "Deny",
                    "Action": "iam:PassRole",
                    **({"NotResource": roles} if roles else {"Resource": "*"}),
                },
            ],
        }
    )


_ADMINISTRATION = (
    *("account:*", "iam:*", "identitystore:*", "organizations:*", "sso-directory:*", "sso:*", "controltower:*"),
    # A stack set with service-managed permissions makes roles in all accounts.
    *("cloudformation:*StackInstances", "cloudformation:*StackSet", "cloudformation:*StackSetOperation"),
)
_HARMLESS = (
    *("iam:CreateServiceLinkedRole", "iam:Generate*", "iam:Get*", "iam:List*", "iam:Simulate*"),
    *("organizations:Describe*", "organizations:List*"),
)
_OWN_CREDENTIALS = (
    *("iam:ChangePassword", "iam:CreateAccessKey", "iam:CreateVirtualMFADevice", "iam:DeactivateMFADevice"),
    *("iam:DeleteAccessKey", "iam:DeleteVirtualMFADevice", "iam:EnableMFADevice", "iam:ResyncMFADevice"),
    "iam:UpdateAccessKey",
)


def _fitting(document: Document) -> Document:
    """The document, which cannot be split: an entity has one boundary."""
    if (used := size(document)) > MANAGED_POLICY.limit:
        what = f"the permissions boundary with the names of all roles is longer than {MANAGED_POLICY.limit} characters"
        fix = "give the stack a default path, which is one pattern for all its roles"
        raise TooManyNames([Problem("crossaccount:defaults.path", what, used, fix)])
    return document


def _entity_boundary(place: _Place, own: Collection[str], services: Collection[str]) -> Document:
    account, partition = place.account, place.partition
    roles = place.scope.arns("role", account, partition)
    oneself = [
        iam_arn(account, each, partition) for each in ("user/${aws:username}", "user/*/${aws:username}", "mfa/*")
    ]
    usable: Mapping[str, Any] = {"Action": sorted(services)} if services else {"NotAction": list(_ADMINISTRATION)}
    pipeline = [each for each in sorted(own) if ":role/" in each]
    statements: list[Statement] = [
        {"Sid": "Services", "Effect": "Allow", **usable, "Resource": "*"},
        {"Sid": "NothingThatChangesAccess", "Effect": "Allow", "Action": list(_HARMLESS), "Resource": "*"},
        {"Sid": "OwnCredentials", "Effect": "Allow", "Action": list(_OWN_CREDENTIALS), "Resource": oneself},
        *([{"Sid": "PassesRolesOfTheStack", **place.pass_role()}] if roles else []),
        {
            "Sid": "NoOtherRoleOfTheAccount",
            "Effect": "Deny",
            "Action": "sts:AssumeRole",
            **({"NotResource": roles} if roles else {"Resource": "*"}),
            "Condition": {"StringEquals": {"aws:ResourceAccount": account}},
        },
        *([{"Sid": "NoPipeline", "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": pipeline}] if own else []),
    ]
    return canonical({"Version": VERSION, "Statement": statements})
