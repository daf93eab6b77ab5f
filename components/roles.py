"""One role, whoever may assume it: a role of the trusting side or an application of the trusted side."""

from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from .options import EntityOptions, entity_options
from .permissions import ROLE, PermissionArgs, declare_permissions


class RoleArgs(PermissionArgs, EntityOptions):
    """A role that principals or services assume."""

    assume_role_policy: pulumi.Input[str]
    """The trust policy, canonical JSON."""
    path: NotRequired[pulumi.Input[str]]
    """IAM path with both slashes; a change replaces the role."""
    description: NotRequired[pulumi.Input[str]]
    """At most 1,000 characters."""
    max_session_duration: NotRequired[pulumi.Input[int]]
    """Seconds, 3,600 to 43,200."""
    permissions_boundary: NotRequired[pulumi.Input[str]]
    """ARN of the policy that bounds the role's permissions."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of the role."""
    instance_profile: NotRequired[bool]
    """Make an instance profile of the same name and path, so that EC2 instances can run as the role."""
    trusts_roles: NotRequired[list[str]]
    """Roles of the same component that the trust policy names exactly: IAM refuses it until they exist."""


def declare_role(
    parent: pulumi.Resource,
    logical_name: str,
    name: str,
    args: RoleArgs,
    depends_on: Any = None,
) -> aws.iam.Role:
    """Declare the role ``name``, its policies and, if asked for, its instance profile."""
    role = aws.iam.Role(
        logical_name,
        name=name,
        assume_role_policy=args["assume_role_policy"],
        path=args.get("path", "/"),
        description=args.get("description"),
        max_session_duration=args.get("max_session_duration"),
        permissions_boundary=args.get("permissions_boundary"),
        tags=args.get("tags"),
        force_detach_policies=True,
        opts=entity_options(parent, args, logical_name, name, depends_on),
    )
    declare_permissions(ROLE, logical_name, role, role.name, args)
    if args.get("instance_profile", False):
        aws.iam.InstanceProfile(
            f"{logical_name}-instance-profile",
            name=name,
            path=args.get("path", "/"),
            role=role.name,
            tags=args.get("tags"),
            opts=pulumi.ResourceOptions(parent=role),
        )
    return role
