"""Make what a pipeline needs on a fresh local AWS, before stacks are deployed there.

In AWS a template or the printed commands do this; see :mod:`crossaccount.bootstrap.cloudformation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from crossaccount.bootstrap.resources import Bootstrap, PipelineRole
from crossaccount.engine.deployers import ASSUME_ROLES, deploys_through_roles
from crossaccount.engine.deployment import DeploymentError, Stack
from crossaccount.iam.documents import to_json
from crossaccount.local.handlers.errors import ResourceError, as_resource_error
from crossaccount.local.server import LocalAws

SESSION_NAME = "crossaccount"


def as_the_pipeline(stack: Stack, bootstraps: Iterable[Bootstrap]) -> Stack:
    """The stack as its pipeline deploys it: through the account's role for deployments.

    A stack without such a role, or whose config names the roles to assume, stays as it is.
    """
    roles = (role for each in bootstraps if each.stack == stack.name for role in each.roles)
    deploying = next((role.arn for role in roles if role.purpose == "deploy"), None)
    if deploying is None or deploys_through_roles(stack):
        return stack
    return replace(stack, config={**stack.config, ASSUME_ROLES: [{"roleArn": deploying, "sessionName": SESSION_NAME}]})


def make_bootstraps(local: LocalAws, bootstraps: Iterable[Bootstrap]) -> None:
    """Make everything in each account, as its root.

    Raises:
        DeploymentError: IAM refuses a part.
    """
    for each in bootstraps:
        with local.session(each.account_id) as root:
            try:
                _make(each, root.iam)
            except ResourceError as error:
                raise DeploymentError(each.stack, str(error)) from None


def _make(bootstrap: Bootstrap, iam: Any) -> None:
    for provider in bootstrap.providers:
        thumbprints = {"ThumbprintList": list(provider.thumbprints)} if provider.thumbprints else {}
        with as_resource_error(f"the identity provider {provider.name} of the pipeline"):
            iam.create_open_id_connect_provider(
                Url=provider.url, ClientIDList=list(provider.audiences), **thumbprints, **_tags(provider.tags)
            )
    for policy in bootstrap.policies:
        with as_resource_error(f"the policy {policy.name} of the pipeline"):
            iam.create_policy(
                PolicyName=policy.name,
                Path=policy.path,
                Description=policy.description,
                PolicyDocument=to_json(policy.document),
            )
    for role in bootstrap.roles:
        with as_resource_error(f"the role {role.name} of the pipeline"):
            _make_role(role, iam)


def _make_role(role: PipelineRole, iam: Any) -> None:
    iam.create_role(
        RoleName=role.name,
        Path=role.path,
        Description=role.description,
        AssumeRolePolicyDocument=to_json(role.trust),
        MaxSessionDuration=role.session_seconds,
        **({"PermissionsBoundary": role.boundary} if role.boundary else {}),
        **_tags(role.tags),
    )
    for name, document in role.inline.items():
        iam.put_role_policy(RoleName=role.name, PolicyName=name, PolicyDocument=to_json(document))
    for arn in role.attached:
        iam.attach_role_policy(RoleName=role.name, PolicyArn=arn)


def _tags(tags: Mapping[str, str]) -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]} if tags else {}
