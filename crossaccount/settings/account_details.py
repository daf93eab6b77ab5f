"""The account that a stack declares, in the shape of AWS's ``GetAccountAuthorizationDetails``. No engine is needed.

Everything that decides access is there, the provider's default tags (``aws:defaultTags``) included. Left out is what
only AWS knows: unique IDs, dates.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crossaccount.iam.arn import entity_arn, iam_arn
from crossaccount.settings.documents import Documents
from crossaccount.settings.models import Application, Group, Role, User
from crossaccount.settings.models.config import KINDS, Trusted, Trusting
from crossaccount.settings.models.credentials import recipient_of
from crossaccount.settings.provider_tags import default_tags
from crossaccount.settings.settings import Settings

CHANGE_PASSWORD = "policy/IAMUserChangePassword"
"""AWS's policy that a user needs to replace the first password, as the console attaches it:
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_admin-change-user.html"""

DEFAULT_SESSION_DURATION = 3600
"""``MaxSessionDuration`` of a role that is made without one (CreateRole, IAM API Reference), in seconds."""

Details = dict[str, list[dict[str, Any]]]


def declared_details(settings: Settings, documents: Documents, config: Mapping[str, object]) -> Details:
    """One account's authorization details, as a stack with these settings and this config makes them.

    What the config leaves to AWS (the length of sessions) is left out.
    """
    trusted, trusting = settings.trusted or Trusted(), settings.trusting or Trusting()
    its = _Side(settings, documents, default_tags(config))
    return {
        "UserDetailList": [its.user(name, user) for name, user in trusted.users.items()],
        "GroupDetailList": [
            its.entity("groups", name, group, documents.group_inline[name]) for name, group in trusted.groups.items()
        ],
        "RoleDetailList": [
            *(its.role("applications", name, role) for name, role in trusted.applications.items()),
            *(its.role("roles", name, role) for name, role in trusting.made_by_the_stack.items()),
        ],
        "Policies": [its.policy(name, document) for name, document in documents.managed.items()],
        **_providers(settings),
    }


def account_details(declared: Details, settings: Settings) -> Details:
    """The same, with what AWS adds by itself: everything that a source of the account tells."""
    trusted = settings.trusted or Trusted()
    profiles = {name: _profile(name, each, settings) for name, each in trusted.applications.items()}
    return {
        **declared,
        "RoleDetailList": [
            {
                "MaxSessionDuration": DEFAULT_SESSION_DURATION,
                **item,
                "InstanceProfileList": profiles.get(item["RoleName"], []),
            }
            for item in declared["RoleDetailList"]
        ],
    }


def _profile(name: str, application: Application, settings: Settings) -> list[dict[str, str]]:
    if not application.has_instance_profile:
        return []
    arn = entity_arn(settings.account_id, "instance-profile", name, application.path, settings.partition)
    return [{"InstanceProfileName": name, "Path": application.path, "Arn": arn}]


def _providers(settings: Settings) -> Details:
    """The identity providers that the stack makes, as GetOpenIDConnectProvider and ListSAMLProviders tell of them.

    Nothing where it makes none.
    """
    oidc: list[dict[str, Any]] = []
    saml: list[dict[str, Any]] = []
    for name, each in settings.identity_providers.items():
        if not settings.providers[name].is_made_by_the_stack:
            continue
        if each.is_saml:
            saml.append({"Arn": each.arn})
        else:
            oidc.append({"Arn": each.arn, "Url": each.issuer, "ClientIDList": list(each.audiences)})
    named = {"OpenIDConnectProviderList": oidc, "SAMLProviderList": saml}
    return {name: found for name, found in named.items() if found}


class _Side:
    def __init__(self, settings: Settings, documents: Documents, default_tags: Mapping[str, str]) -> None:
        self._settings = settings
        self._documents = documents
        self._default_tags = default_tags

    def user(self, name: str, user: User) -> dict[str, Any]:
        item = self.entity("users", name, user, self._documents.user_inline[name])
        if user.console is not None and user.console.password_reset:
            arn = iam_arn("aws", CHANGE_PASSWORD, self._settings.partition)
            attached = item["AttachedManagedPolicies"]
            item["AttachedManagedPolicies"] = attached + [_attached(arn)] * (_attached(arn) not in attached)
        return {**item, "GroupList": list(user.group_names), **_credentials(name, user)}

    def role(self, section: str, name: str, role: Role | Application) -> dict[str, Any]:
        return {
            **self.entity(section, name, role, self._documents.role_inline[name]),
            "AssumeRolePolicyDocument": json.loads(self._documents.trust[name]),
            **({"MaxSessionDuration": role.max_session_duration} if role.max_session_duration else {}),
        }

    def policy(self, name: str, document: str) -> dict[str, Any]:
        version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": json.loads(document)}
        return {
            "PolicyName": name,
            "Path": self._documents.path(name, self._settings),
            "Arn": self._documents.arn(name, self._settings),
            "DefaultVersionId": "v1",
            "PolicyVersionList": [version],
        }

    def entity(
        self, section: str, name: str, entity: User | Group | Role | Application, inline: Mapping[str, str]
    ) -> dict[str, Any]:
        kind, documents, settings = KINDS[section], self._documents, self._settings
        word = kind.capitalize()
        boundary = getattr(entity, "permissions_boundary", None)
        # IAM knows no tags of groups.
        tags = {} if isinstance(entity, Group) else {**self._default_tags, **entity.tags}
        attached = documents.attached(section, name, entity.policies, settings)
        return {
            f"{word}Name": name,
            "Path": entity.path,
            "Arn": settings.arn_of(kind, name),
            **({"Tags": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]} if tags else {}),
            f"{word}PolicyList": [
                {"PolicyName": each, "PolicyDocument": json.loads(text)} for each, text in inline.items()
            ],
            "AttachedManagedPolicies": [_attached(documents.arn(policy, settings)) for policy in attached],
            **({"PermissionsBoundary": _boundary(documents.arn(boundary, settings))} if boundary else {}),
        }


def _credentials(name: str, user: User) -> dict[str, Any]:
    """The credentials that a user is to have, with who gets the secret of each."""
    console = user.console
    profile = console and {
        "UserName": name,
        "PasswordResetRequired": console.password_reset,
        "Recipient": recipient_of(console.pgp, secret_name(name, "console")),
    }
    keys = [
        {
            "UserName": name,
            "Status": key.status,
            "Recipient": recipient_of(key.pgp, secret_name(name, access_key_suffix(key_name))),
            **({"KeyName": key_name} if key_name else {}),
        }
        for key_name, key in user.keys.items()
    ]
    return {"LoginProfile": profile, "AccessKeyMetadata": keys}


def access_key_suffix(key: str) -> str:
    """The end of the name of an access key's secret; ``key`` is empty for that of ``access_key``.

    Not with a hyphen: AWS warns of names that end with one and six characters, because so does the ARN of a secret.
    Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
    """
    return f"access-key/{key}" if key else "access-key"


def secret_name(user: str, what: str) -> str:
    """The secret of Secrets Manager that holds a user's ``console``, ``access-key`` or ``access-key/NAME``."""
    return f"crossaccount/user/{user}/{what}"


def _attached(arn: str) -> dict[str, str]:
    return {"PolicyName": arn.rsplit("/", 1)[-1], "PolicyArn": arn}


def _boundary(arn: str) -> dict[str, str]:
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
