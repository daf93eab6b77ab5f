"""The roles of a project's own pipeline in each account: for reviews, for drift, and for deployments.

Each role lets in one environment of one GitHub repository. The role for deployments has the permissions that the
program's resource types need in IAM and Secrets Manager. It may not change the pipeline's own roles and provider, so
that a merge cannot widen them. Nothing else limits it: a principal that may write any role can create one with any
permission. Reviews protect against that.

Source of the actions: the calls of pulumi-aws's resources, https://github.com/hashicorp/terraform-provider-aws/tree/\
main/internal/service/iam and internal/service/secretsmanager
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossaccount.iam.problem import Problem

PREVIEW, DRIFT, DEPLOY = "preview", "drift", "deploy"
PURPOSES = (PREVIEW, DRIFT, DEPLOY)
_REPOSITORY = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+\Z")
_IDS = re.compile(r"\A[1-9][0-9]*/[1-9][0-9]*\Z")
SECRETS = "crossaccount/user/*"
"""The secrets of users' first credentials."""


@dataclass(frozen=True)
class Repository:
    """A repository of GitHub: OWNER/NAME, and OWNER_ID/REPOSITORY_ID where they are known."""

    name: str
    ids: str = ""

    def problems(self) -> Iterator[Problem]:
        """Problems of the name and the IDs, by GitHub's rules."""
        if not _REPOSITORY.match(self.name):
            yield Problem("--github", "not a repository", self.name, "write OWNER/NAME")
        if self.ids and not _IDS.match(self.ids):
            fix = f"write what `gh api repos/{self.name} --jq '\"\\(.owner.id)/\\(.id)\"'` shows"
            yield Problem("--github-ids", "not the IDs of an owner and a repository", self.ids, fix)

    def environment(self, name: str) -> dict[str, Any]:
        """The trust keyword for an environment of the repository."""
        owner_id, _, repository_id = self.ids.partition("/")
        ids = {"owner_id": owner_id, "repository_id": repository_id} if self.ids else {}
        return {"repository": self.name, "environment": name, **ids}

    def subject(self, environment: str) -> str:
        """The subject in the token of a job of the environment."""
        if not self.ids:
            return f"repo:{self.name}:environment:{environment}"
        owner, _, name = self.name.partition("/")
        owner_id, _, repository_id = self.ids.partition("/")
        return f"repo:{owner}@{owner_id}/{name}@{repository_id}:environment:{environment}"


def role_name(purpose: str) -> str:
    """The role of a purpose, the same in each account."""
    return f"access-{purpose}"


def environment_name(purpose: str, project: str) -> str:
    """The environment of the repository whose jobs may assume the role."""
    return f"access-{project}" if purpose == DEPLOY else f"access-{project}-{purpose}"


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


def document(purpose: str, account: str, partition: str) -> dict[str, Any]:
    """The policy document of the role for a purpose in an account."""
    iam, secrets = f"arn:{partition}:iam::{account}", f"arn:{partition}:secretsmanager:*:{account}:secret:{SECRETS}"
    seen = [*_READ_SECRETS, *(() if purpose == PREVIEW else ("GetSecretValue",))]
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": ["iam:Get*", "iam:List*"], "Resource": "*"},
        {"Effect": "Allow", "Action": _actions("secretsmanager", seen), "Resource": secrets},
    ]
    if purpose == DEPLOY:
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
                "Resource": [
                    *(f"{iam}:role/{role_name(each)}" for each in PURPOSES),
                    f"{iam}:oidc-provider/token.actions.githubusercontent.com",
                ],
            },
        ]
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(service: str, actions: Sequence[str], *resources: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": _actions(service, actions), "Resource": list(resources)}


def _actions(service: str, names: Sequence[str]) -> list[str]:
    return [f"{service}:{name}" for name in names]


def roles(repository: Repository, project: str, account: str, partition: str) -> Mapping[str, Mapping[str, Any]]:
    """The roles of the pipeline in an account, as a config declares them."""
    purposes = {PREVIEW: "Reviews pull requests", DRIFT: "Looks for drift", DEPLOY: "Deploys the main branch"}
    return {
        role_name(purpose): {
            "description": f"{purposes[purpose]} of {repository.name}",
            "trust": [{"github": repository.environment(environment_name(purpose, project))}],
            "inline": {purpose: {"document": document(purpose, account, partition)}},
        }
        for purpose in PURPOSES
    }
