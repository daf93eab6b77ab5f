"""What a pipeline needs in an account before the first deployment, as plain values.

An identity provider for its tokens, roles that trust them, and policies. Every form in which they come into an account
(a CloudFormation template, a StackSet, commands, the local AWS) is written from these values, and so is the account
that the commands judge.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crossaccount.iam.arn import entity_arn
from crossaccount.settings import CompiledStack
from crossaccount.settings.account_details import DEFAULT_SESSION_DURATION
from crossaccount.settings.models.bootstrap import PREFIX
from crossaccount.settings.models.entities import Purpose, Role

if TYPE_CHECKING:
    from crossaccount.bootstrap.permissions import Permissions, Policy

Document = Mapping[str, Any]


@dataclass(frozen=True)
class OidcProvider:
    """An issuer of the pipeline's tokens."""

    name: str
    """Its name in the config; IAM knows it by its URL."""
    arn: str
    url: str
    audiences: tuple[str, ...]
    thumbprints: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PipelineRole:
    """A role of the pipeline."""

    name: str
    arn: str
    path: str
    purpose: Purpose
    description: str
    trust: Document
    inline: Mapping[str, Document]
    """Inline policies by name."""
    attached: tuple[str, ...] = ()
    """ARNs of managed policies."""
    boundary: str = ""
    """The ARN of the permissions boundary; empty for none."""
    session_seconds: int = DEFAULT_SESSION_DURATION
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bootstrap:
    """Everything that a pipeline needs in one account."""

    stack: str
    account: str
    """The account's name in the address book."""
    account_id: str
    partition: str
    region: str
    profile: str
    """The profile of the AWS CLI with credentials for the account; empty for those of the environment."""
    providers: tuple[OidcProvider, ...] = ()
    policies: tuple[Policy, ...] = ()
    roles: tuple[PipelineRole, ...] = ()
    prefix: str = PREFIX

    @property
    def stack_name(self) -> str:
        """The name of the CloudFormation stack, and of the stack set, that makes it."""
        return f"{self.prefix}-bootstrap"

    def policy_arn(self, policy: Policy) -> str:
        """The ARN of one of the managed policies."""
        return entity_arn(self.account_id, "policy", policy.name, policy.path, self.partition)

    def details(self) -> dict[str, list[dict[str, Any]]]:
        """The same in the shape of ``GetAccountAuthorizationDetails``, with the providers as IAM lists them."""
        return {
            "RoleDetailList": [_role_details(each) for each in self.roles],
            "Policies": [self._policy_details(each) for each in self.policies],
            "OpenIDConnectProviderList": [
                {"Arn": each.arn, "Url": each.url.removeprefix("https://"), "ClientIDList": list(each.audiences)}
                for each in self.providers
            ],
        }

    def _policy_details(self, policy: Policy) -> dict[str, Any]:
        version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": policy.document}
        return {
            "PolicyName": policy.name,
            "Path": policy.path,
            "Arn": self.policy_arn(policy),
            "DefaultVersionId": "v1",
            "PolicyVersionList": [version],
        }


def _role_details(role: PipelineRole) -> dict[str, Any]:
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": role.boundary}
    return {
        "RoleName": role.name,
        "Path": role.path,
        "Arn": role.arn,
        "MaxSessionDuration": role.session_seconds,
        "AssumeRolePolicyDocument": role.trust,
        "RolePolicyList": [{"PolicyName": name, "PolicyDocument": text} for name, text in role.inline.items()],
        "AttachedManagedPolicies": [
            {"PolicyName": arn.rsplit("/", 1)[-1], "PolicyArn": arn} for arn in sorted(role.attached)
        ],
        "InstanceProfileList": [],
        **({"PermissionsBoundary": boundary} if role.boundary else {}),
        **({"Tags": [{"Key": key, "Value": value} for key, value in sorted(role.tags.items())]} if role.tags else {}),
    }


def bootstrap_of(stack: str, compiled: CompiledStack) -> Bootstrap | None:
    """What the pipeline needs in the account of a stack; None where the config has no role and no provider of it."""
    settings = compiled.settings
    providers = tuple(_providers(compiled))
    if not (settings.bootstrap_roles or providers):
        return None
    # The table of calls is that of the handlers, which import the SDK: stacks without a pipeline do without it.
    from crossaccount.bootstrap.permissions import permissions

    granted = permissions(compiled)
    profile = compiled.config.get("aws:profile")
    return Bootstrap(
        stack,
        settings.account,
        settings.account_id,
        settings.partition,
        settings.region or "",
        profile if isinstance(profile, str) else "",
        providers,
        granted.managed,
        tuple(_role(name, role, compiled, granted) for name, role in settings.bootstrap_roles.items()),
        settings.bootstrap.prefix,
    )


def _providers(compiled: CompiledStack) -> Iterator[OidcProvider]:
    settings = compiled.settings
    for name, provider in settings.providers.items():
        if provider.bootstrap:
            known = settings.identity_providers[name]
            yield OidcProvider(
                name, known.arn, provider.url, known.audiences, provider.thumbprints, dict(provider.tags)
            )


_DESCRIPTIONS: Mapping[Purpose, str] = {
    "preview": "Reviews changes of the project. It only reads.",
    "drift": "Looks for changes that others made. It only reads.",
    "deploy": "Deploys the project.",
}


def _role(name: str, role: Role, compiled: CompiledStack, permissions: Permissions) -> PipelineRole:
    settings, documents = compiled.settings, compiled.documents
    assert role.bootstrap is not None
    granted = permissions.by_purpose[role.bootstrap]
    return PipelineRole(
        name,
        settings.arn_of("role", name),
        role.path,
        role.bootstrap,
        role.description or _DESCRIPTIONS[role.bootstrap],
        json.loads(documents.trust[name]),
        {each: json.loads(text) for each, text in documents.role_inline[name].items()},
        (*granted.attached, *role.policies),
        granted.boundary,
        role.max_session_duration or DEFAULT_SESSION_DURATION,
        dict(role.tags),
    )


def bootstraps_of(compiled: Mapping[str, CompiledStack]) -> tuple[Bootstrap, ...]:
    """What the pipeline needs in the accounts of these stacks, where it needs something."""
    return tuple(found for stack, each in compiled.items() if (found := bootstrap_of(stack, each)))


def with_bootstrap(details: Mapping[str, Any], stack: str, compiled: CompiledStack) -> dict[str, Any]:
    """An account's authorization details, completed by what its pipeline needs there."""
    found = bootstrap_of(stack, compiled)
    more = found.details() if found else {}
    return {**details, **{key: [*(details.get(key) or ()), *items] for key, items in more.items() if items}}
