"""What the roles of a pipeline may do, by purpose.

Reviews and the search for drift read IAM and the secrets of users' first credentials; reviews see no secret's value.
A deployment changes them. No role may change the pipeline's own roles and provider.

Source of the actions: the calls of pulumi-aws's resources, https://github.com/hashicorp/terraform-provider-aws/tree/\
main/internal/service/iam and internal/service/secretsmanager
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crossaccount.settings import CompiledStack
from crossaccount.settings.models import Purpose

Document = Mapping[str, Any]
SECRETS = "crossaccount/user/*"
"""The secrets of users' first credentials."""


@dataclass(frozen=True)
class Policy:
    """A managed policy that the pipeline brings along."""

    name: str
    description: str
    document: Document
    path: str = "/"


@dataclass(frozen=True)
class Granted:
    """The permissions of one role."""

    inline: Mapping[str, Document] = field(default_factory=dict)
    """Inline policies by name."""
    attached: tuple[str, ...] = ()
    """ARNs of managed policies."""
    boundary: str = ""
    """The ARN of the permissions boundary; empty for none."""


@dataclass(frozen=True)
class Permissions:
    """The permissions of all roles of a pipeline in one account."""

    by_purpose: Mapping[Purpose, Granted]
    managed: tuple[Policy, ...] = ()

    def of(self, purpose: Purpose) -> Granted:
        """The permissions of a role with this purpose."""
        return self.by_purpose[purpose]


def permissions(compiled: CompiledStack) -> Permissions:
    """The permissions of the roles that a pipeline has in the account of a stack."""
    settings = compiled.settings
    own = [
        *(settings.arn_of("role", name) for name in settings.bootstrap_roles),
        *(settings.identity_providers[name].arn for name, each in settings.providers.items() if each.bootstrap),
    ]
    purposes: tuple[Purpose, ...] = ("preview", "drift", "deploy")
    return Permissions(
        {
            each: Granted({each: document(each, settings.account_id, settings.partition, own)})
            for each in purposes
        }
    )


_OF_USERS = (
    "AttachUserPolicy",
    "CreateAccessKey",
    "CreateLoginProfile",
    "CreateUser",
    "DeactivateMFADevice",
    "DeleteAccessKey",
    "DeleteLoginProfile",
    "DeleteSSHPublicKey",
    "DeleteServiceSpecificCredential",
    "DeleteSigningCertificate",
    "DeleteUser",
    "DeleteUserPermissionsBoundary",
    "DeleteUserPolicy",
    "DetachUserPolicy",
    "PutUserPermissionsBoundary",
    "PutUserPolicy",
    "TagUser",
    "UntagUser",
    "UpdateAccessKey",
    "UpdateUser",
)
_OF_GROUPS = (
    "AddUserToGroup",
    "AttachGroupPolicy",
    "CreateGroup",
    "DeleteGroup",
    "DeleteGroupPolicy",
    "DetachGroupPolicy",
    "PutGroupPolicy",
    "RemoveUserFromGroup",
    "UpdateGroup",
)
_OF_ROLES = (
    "AddRoleToInstanceProfile",
    "AttachRolePolicy",
    "CreateInstanceProfile",
    "CreateRole",
    "DeleteInstanceProfile",
    "DeleteRole",
    "DeleteRolePermissionsBoundary",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "PutRolePermissionsBoundary",
    "PutRolePolicy",
    "RemoveRoleFromInstanceProfile",
    "TagInstanceProfile",
    "TagRole",
    "UntagInstanceProfile",
    "UntagRole",
    "UpdateAssumeRolePolicy",
    "UpdateRole",
    "UpdateRoleDescription",
)
_OF_POLICIES = (
    "CreatePolicy",
    "CreatePolicyVersion",
    "DeletePolicy",
    "DeletePolicyVersion",
    "SetDefaultPolicyVersion",
    "TagPolicy",
    "UntagPolicy",
)
_OF_PROVIDERS = (
    "AddClientIDToOpenIDConnectProvider",
    "CreateOpenIDConnectProvider",
    "CreateSAMLProvider",
    "DeleteOpenIDConnectProvider",
    "DeleteSAMLProvider",
    "RemoveClientIDFromOpenIDConnectProvider",
    "TagOpenIDConnectProvider",
    "TagSAMLProvider",
    "UntagOpenIDConnectProvider",
    "UntagSAMLProvider",
    "UpdateOpenIDConnectProviderThumbprint",
    "UpdateSAMLProvider",
)
_OF_SECRETS = ("CreateSecret", "DeleteSecret", "PutSecretValue", "TagResource", "UntagResource", "UpdateSecret")
_READ_SECRETS = ("DescribeSecret", "GetResourcePolicy")


def document(purpose: Purpose, account: str, partition: str, own: Sequence[str]) -> dict[str, Any]:
    """The policy document of the role for a purpose in an account. ``own`` are the pipeline's own roles and providers."""
    iam, secrets = f"arn:{partition}:iam::{account}", f"arn:{partition}:secretsmanager:*:{account}:secret:{SECRETS}"
    seen = [*_READ_SECRETS, *(() if purpose == "preview" else ("GetSecretValue",))]
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": ["iam:Get*", "iam:List*"], "Resource": "*"},
        {"Effect": "Allow", "Action": _actions("secretsmanager", seen), "Resource": secrets},
    ]
    if purpose == "deploy":
        statements += [
            _allow("iam", _OF_USERS, f"{iam}:user/*"),
            _allow("iam", _OF_GROUPS, f"{iam}:group/*"),
            _allow("iam", _OF_ROLES, f"{iam}:role/*", f"{iam}:instance-profile/*"),
            # For an instance profile.
            {
                **_allow("iam", ("PassRole",), f"{iam}:role/*"),
                "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
            },
            _allow("iam", _OF_POLICIES, f"{iam}:policy/*"),
            _allow("iam", _OF_PROVIDERS, f"{iam}:oidc-provider/*", f"{iam}:saml-provider/*"),
            _allow("iam", ("DeleteVirtualMFADevice",), f"{iam}:mfa/*"),
            _allow("secretsmanager", _OF_SECRETS, secrets),
            # Only a person may change the pipeline's own roles and provider.
            {
                "Effect": "Deny",
                "NotAction": ["iam:Get*", "iam:List*"],
                "Resource": sorted(own),
            },
        ]
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(service: str, actions: Sequence[str], *resources: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": _actions(service, actions), "Resource": list(resources)}


def _actions(service: str, names: Sequence[str]) -> list[str]:
    return [f"{service}:{name}" for name in names]
