"""One user: groups, policies, console access and an access key."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .handover import HandoverArgs, store
from .options import EntityOptions, entity_options
from .permissions import USER, PermissionArgs, declare_permissions


class ConsoleArgs(HandoverArgs):
    """Console access: a password that AWS makes, and how its user gets it."""

    password_length: NotRequired[pulumi.Input[int]]
    """Characters of the first password."""
    password_reset: NotRequired[pulumi.Input[bool]]
    """Ask for a new password at the first sign-in (default true)."""
    sign_in_url: NotRequired[pulumi.Input[str]]
    """Handed over beside the password."""


class AccessKeyArgs(HandoverArgs):
    """An access key, and how its user gets it."""

    status: NotRequired[pulumi.Input[str]]
    """``Active`` (default) or ``Inactive``."""


class UserArgs(PermissionArgs, EntityOptions):
    """A person or a program with long-term credentials."""

    path: NotRequired[pulumi.Input[str]]
    """IAM path with both slashes; changes in place."""
    permissions_boundary: NotRequired[pulumi.Input[str]]
    """ARN of the policy that bounds the user's permissions."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of the user."""
    force_destroy: NotRequired[bool]
    """Delete the user although it has keys, a password or an MFA device that Pulumi does not know (default true)."""
    groups: NotRequired[list[str]]
    """Groups of the same component that the user is a member of."""
    console: NotRequired[ConsoleArgs]
    """Console access."""
    access_key: NotRequired[AccessKeyArgs]
    """An access key."""


class Handover(TypedDict):
    """Where a user's secrets lie: ``{"secret": NAME}`` or ``{"pgp": CIPHERTEXT}``. Never the secrets themselves."""

    console: NotRequired[dict[str, pulumi.Input[str]]]
    access_key: NotRequired[dict[str, pulumi.Input[str]]]


def declare_user(
    parent: pulumi.Resource, logical_name: str, name: str, args: UserArgs
) -> tuple[aws.iam.User, Handover]:
    """Declare the user ``name`` with policies and credentials; memberships are the groups' (see ``groups``)."""
    user = aws.iam.User(
        logical_name,
        name=name,
        path=args.get("path", "/"),
        permissions_boundary=args.get("permissions_boundary"),
        tags=args.get("tags"),
        force_destroy=args.get("force_destroy", True),
        opts=entity_options(parent, args, logical_name, name),
    )
    declare_permissions(USER, logical_name, user, user.name, args)
    handover: Handover = {}
    if "console" in args:
        handover["console"] = _console(logical_name, user, args["console"])
    if "access_key" in args:
        handover["access_key"] = _access_key(logical_name, user, args["access_key"])
    return user, handover


def _console(logical_name: str, user: aws.iam.User, args: ConsoleArgs) -> dict[str, pulumi.Input[str]]:
    profile = aws.iam.UserLoginProfile(
        f"{logical_name}-login",
        user=user.name,
        password_length=args.get("password_length"),
        password_reset_required=args.get("password_reset", True),
        pgp_key=args.get("pgp_key"),
        # AWS turns password_reset_required false when the person changes the password, and each of these would replace
        # the profile: an `up` must never reset a password. A user has one profile, so a new one needs the old one gone.
        opts=pulumi.ResourceOptions(
            parent=user,
            ignore_changes=["password_length", "password_reset_required", "pgp_key"],
            delete_before_replace=True,
        ),
    )
    if "pgp_key" in args:
        return {"pgp": profile.encrypted_password}
    content = {"user": user.name, "password": profile.password, "sign_in_url": args.get("sign_in_url", "")}
    return store(f"{logical_name}-login-secret", profile, content, args)


def _access_key(logical_name: str, user: aws.iam.User, args: AccessKeyArgs) -> dict[str, pulumi.Input[str]]:
    key = aws.iam.AccessKey(
        f"{logical_name}-access-key",
        user=user.name,
        pgp_key=args.get("pgp_key"),
        status=args.get("status", "Active"),
        opts=pulumi.ResourceOptions(parent=user),
    )
    if "pgp_key" in args:
        return {"access_key_id": key.id, "pgp": key.encrypted_secret}
    content = {"user": user.name, "access_key_id": key.id, "secret_access_key": key.secret}
    return store(f"{logical_name}-access-key-secret", key, content, args)
