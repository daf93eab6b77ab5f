"""The config and the credentials with which a stack is deployed to a local AWS.

A local AWS does not know AWS CLI profiles and web identity tokens, so the root credentials of the account replace them.
Roles in ``aws:assumeRoles`` stay: they are assumed by real calls, from one deploying identity. In AWS these roles exist
before the first deployment. On a fresh local AWS this module creates them from the config: each role trusts the one
before it, and the first trusts the deploying identity, with the external ID that the config passes. The roles may do
everything, except those that the project declares for its pipeline: they exist already, and keep their permissions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crossaccount.engine.deployment import DeploymentError, Stack
from crossaccount.engine.in_process import config_text
from crossaccount.iam.arn import entity_arn, parse_arn
from crossaccount.iam.assume_requests import Failures
from crossaccount.iam.documents import to_json
from crossaccount.local.clients import Aws, Credentials, Gateway
from crossaccount.local.handlers.errors import ResourceError, as_resource_error
from crossaccount.local.provider.config import AssumeRole, parse_assume_roles, parse_config
from crossaccount.local.server import LocalAws

ASSUME_ROLES = "aws:assumeRoles"
_OF_THE_USERS_MACHINE = (
    "aws:assumeRoleWithWebIdentity",
    "aws:customCaBundle",
    "aws:profile",
    "aws:sharedConfigFiles",
    "aws:sharedCredentialsFiles",
)
_OF_OTHERS = ("aws:ignoreTags",)
"""Keys that ignore tags of others: a fresh local AWS has none."""
_SERVICES = ("iam", "sts", "secretsmanager", "organizations")


def local_config(stack: Stack, gateway: Gateway, deployer: Credentials | None = None) -> dict[str, Any]:
    """The stack's config, pointing to the local AWS.

    ``deployer`` assumes the roles that the stack is deployed through (:mod:`crossaccount.engine.deployers`). A stack
    without such roles gets the root credentials of its account.
    """
    config = {key: value for key, value in stack.config.items() if key not in (*_OF_THE_USERS_MACHINE, *_OF_OTHERS)}
    through_roles = deployer is not None and bool(config.get(ASSUME_ROLES))
    who = deployer if deployer is not None and through_roles else gateway.root(stack.account_id)
    return {
        **config,
        "aws:accessKey": who.access_key_id,
        "aws:secretKey": who.secret_access_key,
        **({"aws:token": who.session_token} if who.session_token else {}),
        "aws:endpoints": [dict.fromkeys(_SERVICES, gateway.endpoint)],
    }


def connect(stack: Stack, gateway: Gateway, deployer: Credentials | None = None) -> Aws:
    """The deploying identity of the stack, found as the provider does, with its account checked.

    Raises:
        ResourceError: a role cannot be assumed, or the stack does not allow the account.
    """
    config = local_config(stack, gateway, deployer)
    of_provider = {key.removeprefix("aws:"): value for key, value in config.items() if key.startswith("aws:")}
    return parse_config({key: config_text(value) for key, value in of_provider.items()}).connect()


DEPLOYING_ACCOUNT = "909090909090"
"""The account of the deploying identity, which no stack has."""
DEPLOYER = "deployer"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
LONGEST_SESSION = 43200
_ALONGSIDE = {"Tags": "sts:TagSession", "SourceIdentity": "sts:SetSourceIdentity"}
Statement = dict[str, Any]


def deploys_through_roles(stack: Stack) -> bool:
    """Whether the stack's config has roles to assume."""
    return bool(stack.config.get(ASSUME_ROLES))


def make_deployers(local: LocalAws, stacks: Sequence[Stack]) -> Credentials | None:
    """Create the roles that ``stacks`` are deployed through. Returns the credentials that may assume them.

    None if no stack is deployed through a role.

    Raises:
        DeploymentError: the provider does not accept a stack's ``aws:assumeRoles``, or a role cannot be created.
    """
    trusts: dict[str, list[Statement]] = {}
    for stack in stacks:
        for role, statement in _links(stack):
            known = trusts.setdefault(role, [])
            if statement not in known:
                known.append(statement)
    if not trusts:
        return None
    with local.session(DEPLOYING_ACCOUNT) as root:
        credentials = _deployer(root)
    # A trust may name a role that is created later: first all roles, then their trusts.
    for role in trusts:
        with local.session(parse_arn(role).account) as root:
            existing = _trust_of(root, role)
            if existing is None:
                _make(root, role)
            else:
                trusts[role] = [*existing, *trusts[role]]
    for role, statements in trusts.items():
        with local.session(parse_arn(role).account) as root:
            root.iam.update_assume_role_policy(RoleName=parse_arn(role).name, PolicyDocument=_document(statements))
    return credentials


def _links(stack: Stack) -> Iterator[tuple[str, Statement]]:
    """Each role of the stack's chain, with the trust statement that lets the previous one assume it."""
    failures: Failures = []
    chain = parse_assume_roles(stack.config.get(ASSUME_ROLES), failures)
    failures += [(role.arn, "is not the ARN of a role") for role in chain if ":role/" not in role.arn]
    if failures:
        raise DeploymentError(stack.name, "; ".join(f"aws:{key}: {reason}" for key, reason in failures))
    before = entity_arn(DEPLOYING_ACCOUNT, "user", DEPLOYER)
    for role in chain:
        yield role.arn, _trust(before, role)
        before = role.arn


def _trust(principal: str, role: AssumeRole) -> Statement:
    arguments = dict(role.arguments)
    actions = ["sts:AssumeRole", *(action for key, action in _ALONGSIDE.items() if key in arguments)]
    statement: Statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions}
    if "ExternalId" in arguments:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": arguments["ExternalId"]}}
    return statement


def _deployer(root: Aws) -> Credentials:
    """The deploying identity: a user that may only assume roles."""
    allow = {"Effect": "Allow", "Action": ["sts:AssumeRole", *_ALONGSIDE.values()], "Resource": "*"}
    root.iam.create_user(UserName=DEPLOYER)
    root.iam.put_user_policy(UserName=DEPLOYER, PolicyName="deploy", PolicyDocument=_document([allow]))
    made = root.iam.create_access_key(UserName=DEPLOYER)["AccessKey"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"])


def _trust_of(root: Aws, role: str) -> list[Statement] | None:
    """The trust statements of a role that is there: the pipeline's own. None if there is no such role."""
    try:
        found: Any = root.iam.get_role(RoleName=parse_arn(role).name)["Role"]
    except root.iam.exceptions.NoSuchEntityException:
        return None
    return list(found["AssumeRolePolicyDocument"]["Statement"])


def _make(root: Aws, role: str) -> None:
    arn = parse_arn(role)
    own_account = {"Effect": "Allow", "Principal": {"AWS": arn.account}, "Action": "sts:AssumeRole"}
    try:
        with as_resource_error(f"the role {role}, through which stacks are deployed"):
            root.iam.create_role(
                RoleName=arn.name,
                Path=arn.path,
                AssumeRolePolicyDocument=_document([own_account]),
                MaxSessionDuration=LONGEST_SESSION,
            )
            root.iam.attach_role_policy(RoleName=arn.name, PolicyArn=ADMINISTRATOR)
    except ResourceError as error:
        raise DeploymentError(arn.account, str(error)) from None


def _document(statements: Sequence[Statement]) -> str:
    return to_json({"Version": "2012-10-17", "Statement": list(statements)})
