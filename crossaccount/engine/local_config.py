"""A stack's config on a local AWS: the same stack, with credentials that work there.

A stack that deploys through roles (``aws:assumeRoles``) keeps them: they are assumed by real calls, from the identity
that deploys. Profiles of the AWS CLI and the tokens of web identities mean nothing to a local AWS: in their place are
the account's own credentials.
"""

from __future__ import annotations

from typing import Any

from crossaccount.engine.deployment import Stack
from crossaccount.engine.in_process import config_text
from crossaccount.local.clients import Aws, Credentials, Gateway
from crossaccount.local.provider.config import parse_config

ASSUME_ROLES = "aws:assumeRoles"
_OF_THE_USERS_MACHINE = (
    "aws:assumeRoleWithWebIdentity",
    "aws:customCaBundle",
    "aws:profile",
    "aws:sharedConfigFiles",
    "aws:sharedCredentialsFiles",
)
_SERVICES = ("iam", "sts", "secretsmanager")


def local_config(stack: Stack, gateway: Gateway, deployer: Credentials | None = None) -> dict[str, Any]:
    """The stack's config, pointed at the local AWS.

    ``deployer`` is who assumes the roles that the stack is deployed through, see
    :mod:`crossaccount.engine.deployers`. Every other stack gets the credentials of its account's root.
    """
    config = {key: value for key, value in stack.config.items() if key not in _OF_THE_USERS_MACHINE}
    through_roles = deployer is not None and bool(config.get(ASSUME_ROLES))
    who = deployer if deployer is not None and through_roles else gateway.root(stack.account_id)
    return {
        **config,
        "aws:accessKey": who.access_key_id,
        "aws:secretKey": who.secret_access_key,
        "aws:endpoints": [dict.fromkeys(_SERVICES, gateway.endpoint)],
    }


def connect(stack: Stack, gateway: Gateway, deployer: Credentials | None = None) -> Aws:
    """The identity that deploys the stack: found as the provider finds it, its account checked.

    Raises:
        ResourceError: a role that cannot be assumed, or an account that the stack does not allow.
    """
    config = local_config(stack, gateway, deployer)
    of_provider = {key.removeprefix("aws:"): value for key, value in config.items() if key.startswith("aws:")}
    return parse_config({key: config_text(value) for key, value in of_provider.items()}).connect()
