"""One user: groups, policies, console access and access keys."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from crossaccount.iam import quotas
from crossaccount.iam.problem import NOT_GIVEN, Problem

from .documents import over
from .handover import HandoverArgs, handover_problems, store
from .options import EntityOptions, entity_options, entity_problems
from .permissions import USER, PermissionArgs, declare_permissions, permission_problems, policy_arn_problems

STATUSES = ("Active", "Inactive")
PASSWORD_LENGTH = (8, 128)
KEY_NAME = re.compile(r"[A-Za-z0-9_]{1,32}", re.ASCII)
"""The name of an access key. It has no hyphen, so that no resource of another user has the same name."""


class ConsoleArgs(HandoverArgs):
    """Console access: a password that AWS makes, and how its user gets it."""

    password_length: NotRequired[pulumi.Input[int]]
    """Characters of the first password."""
    password_reset: NotRequired[pulumi.Input[bool]]
    """Ask for a new password at the first sign-in (default true)."""
    sign_in_url: NotRequired[pulumi.Input[str]]
    """Handed over together with the password."""


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
    access_keys: NotRequired[dict[str, AccessKeyArgs]]
    """Further access keys by name; a user has at most two, ``access_key`` included."""


def user_problems(where: str, name: str, args: UserArgs) -> Iterator[Problem]:
    """What IAM and Secrets Manager refuse of a user, as far as it is known."""
    yield from entity_problems("user", where, name, args)
    yield from permission_problems(USER, where, args)
    yield from policy_arn_problems(args.get("permissions_boundary"), f"{where}.permissions_boundary")
    groups = args.get("groups", [])
    yield from over(quotas.GROUPS_PER_USER, len(groups), f"{where}.groups", "groups", "join some of them")
    for group in [group for group, times in Counter(groups).items() if times > 1]:
        yield Problem(f"{where}.groups", "names a group twice", group, "keep one of the two")
    for key in ("console", "access_key", "access_keys"):
        if args.get(key) is not None and args.get("aliases"):
            what = "a rename moves the login profile and the keys with the user, which Pulumi cannot follow"
            yield Problem(f"{where}.aliases", what, NOT_GIVEN, f"remove {key}, deploy, rename, and give it back")
    if "console" in args:
        yield from handover_problems(f"{where}.console", args["console"])
    keys = _keys(args)
    for key, each in keys.items():
        yield from _key_problems(f"{where}.access_keys.{key}" if key else f"{where}.access_key", key, each)
    yield from over(quotas.ACCESS_KEYS_PER_USER, len(keys), f"{where}.access_keys", "access keys", "remove some")
    length = args.get("console", {}).get("password_length")
    least, most = PASSWORD_LENGTH
    if isinstance(length, int) and not least <= length <= most:
        place = f"{where}.console.password_length"
        yield Problem(place, f"must be {least} to {most} characters", length, "choose a length in that range")


def _keys(args: UserArgs) -> dict[str, AccessKeyArgs]:
    """All access keys by name; that of ``access_key`` has none."""
    return {**({"": args["access_key"]} if "access_key" in args else {}), **args.get("access_keys", {})}


def _key_problems(where: str, name: str, args: AccessKeyArgs) -> Iterator[Problem]:
    yield from handover_problems(where, args)
    if name and not KEY_NAME.fullmatch(name):
        what = "the name of an access key must be 1 to 32 letters, digits and _"
        yield Problem(where, what, name, "rename it, for example march_2027")
    status = args.get("status")
    if isinstance(status, str) and status not in STATUSES:
        yield Problem(f"{where}.status", "must be Active or Inactive", status, "write one of the two")


class Handover(TypedDict):
    """The location of a user's secrets: ``{"secret": NAME}`` or ``{"pgp": CIPHERTEXT}``.

    Never the secrets themselves.
    """

    console: NotRequired[dict[str, pulumi.Input[str]]]
    access_key: NotRequired[dict[str, pulumi.Input[str]]]
    access_keys: NotRequired[dict[str, dict[str, pulumi.Input[str]]]]


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
    several = bool(args.get("access_keys"))
    if "access_key" in args:
        handover["access_key"] = _access_key(f"{logical_name}-access-key", user, args["access_key"], several)
    if "access_keys" in args:
        handover["access_keys"] = {
            key: _access_key(f"{logical_name}-access-key-{key}", user, each, several)
            for key, each in args["access_keys"].items()
        }
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


def _access_key(
    logical_name: str, user: aws.iam.User, args: AccessKeyArgs, several: bool
) -> dict[str, pulumi.Input[str]]:
    """A key, and where its secret is. One of ``several`` is deleted before its replacement: AWS allows two."""
    key = aws.iam.AccessKey(
        logical_name,
        user=user.name,
        pgp_key=args.get("pgp_key"),
        status=args.get("status", "Active"),
        opts=pulumi.ResourceOptions(parent=user, delete_before_replace=several or None),
    )
    if "pgp_key" in args:
        return {"access_key_id": key.id, "pgp": key.encrypted_secret}
    content = {"user": user.name, "access_key_id": key.id, "secret_access_key": key.secret}
    return store(f"{logical_name}-secret", key, content, args)
