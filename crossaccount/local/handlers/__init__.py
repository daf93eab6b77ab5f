"""The resource types that the components declare: each is created, read, updated and deleted in a local AWS over boto3.

One set of handlers for both engines: the stand-in provider serves them to the Pulumi CLI, and the in-process engine
calls :func:`create`. They keep pulumi-aws 7.51's property names, inputs, outputs, IDs, defaults and replace rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.credentials import AccessKey, UserLoginProfile
from crossaccount.local.handlers.errors import (
    CheckFailed,
    ResourceError,
    UnknownType,
    as_resource_error,
    keep_bodies_out_of_logs,
)
from crossaccount.local.handlers.handler import NONE, Handler
from crossaccount.local.handlers.organizations import ControlPolicy, ControlPolicyAttachment
from crossaccount.local.handlers.pods import PodIdentityAssociation
from crossaccount.local.handlers.policies import (
    GROUP,
    ROLE,
    USER,
    InlinePolicy,
    PoliciesExclusive,
    Policy,
    PolicyAttachment,
    PolicyAttachmentsExclusive,
)
from crossaccount.local.handlers.properties import Properties, plain
from crossaccount.local.handlers.providers import OpenIdConnectProvider, SamlProvider
from crossaccount.local.handlers.roles import InstanceProfile, Role
from crossaccount.local.handlers.secrets import Secret, SecretVersion
from crossaccount.local.handlers.sign_in import AccountAlias, AccountPasswordPolicy
from crossaccount.local.handlers.users import Group, GroupMembership, User, UserGroupMembership

__all__ = ["HANDLERS", "CheckFailed", "Handler", "Properties", "ResourceError", "UnknownType", "create", "handler_of"]

_KINDS = (ROLE, USER, GROUP)

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        handler.type: handler
        for handler in (
            User(),
            Group(),
            Role(),
            Policy(),
            OpenIdConnectProvider(),
            SamlProvider(),
            InstanceProfile(),
            PodIdentityAssociation(),
            *(InlinePolicy(kind) for kind in _KINDS),
            *(PolicyAttachment(kind) for kind in _KINDS),
            *(PoliciesExclusive(kind) for kind in _KINDS),
            *(PolicyAttachmentsExclusive(kind) for kind in _KINDS),
            GroupMembership(),
            UserGroupMembership(),
            UserLoginProfile(),
            AccessKey(),
            AccountAlias(),
            AccountPasswordPolicy(),
            Secret(),
            SecretVersion(),
            ControlPolicy(),
            ControlPolicyAttachment(),
        )
    }
)
"""The handlers by type token, ``aws:iam/role:Role``."""


def handler_of(type_: str) -> Handler:
    """The handler of a resource type.

    Raises:
        UnknownType: a type that the components never declare.
    """
    try:
        return HANDLERS[type_]
    except KeyError:
        raise UnknownType(type_, list(HANDLERS)) from None


def create(type_: str, aws: Aws, inputs: Properties, default_tags: Mapping[str, str] = NONE) -> tuple[str, Properties]:
    """Check the inputs that Pulumi passes to a mock, and create the resource. Returns its ID and its state.

    ``default_tags`` are the provider's.

    The state is plain values: ``HANDLERS[type_].secrets`` says which of them are secret.

    Raises:
        ResourceError: an unknown type, bad inputs, or an error of AWS. The message has type and resource.
    """
    keep_bodies_out_of_logs()
    handler = handler_of(type_)
    checked = handler.check(plain(inputs), default_tags)
    with as_resource_error(f"{type_} {handler.label(checked)}"):
        return handler.create(aws, checked)
