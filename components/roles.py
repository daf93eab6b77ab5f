"""One role: a role of the trusting side or an application of the trusted side."""

from collections.abc import Iterator
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from crossaccount.iam.problem import Problem

from .documents import text_of, trust_problems
from .options import EntityOptions, entity_options, entity_problems
from .permissions import ROLE, PermissionArgs, declare_permissions, permission_problems, policy_arn_problems

SESSION_SECONDS = (3600, 43200)
"""The shortest and the longest that ``max_session_duration`` may be:
https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"""


class PodIdentityArgs(TypedDict):
    """An association of EKS Pod Identity: one service account of a cluster."""

    cluster: str
    """The cluster's name, in the role's account and the provider's region."""
    namespace: str
    """The Kubernetes namespace."""
    service_account: str
    """The name of the Kubernetes service account."""
    import_id: NotRequired[str]
    """The ID of an existing association, to adopt it."""


class RoleArgs(PermissionArgs, EntityOptions):
    """A role that principals or services assume."""

    assume_role_policy: pulumi.Input[Any]
    """The trust policy: a policy document, as a mapping or as JSON."""
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
    pod_identities: NotRequired[list[PodIdentityArgs]]
    """Service accounts of EKS clusters whose pods get the role, by EKS Pod Identity."""
    trusts_roles: NotRequired[list[str]]
    """Roles of the same component that the trust policy names exactly: IAM refuses it until they exist."""


def role_problems(where: str, name: str, args: RoleArgs) -> Iterator[Problem]:
    """What IAM refuses of a role, as far as it is known."""
    yield from entity_problems("role", where, name, args)
    yield from trust_problems(args["assume_role_policy"], f"{where}.assume_role_policy")
    yield from permission_problems(ROLE, where, args)
    yield from policy_arn_problems(args.get("permissions_boundary"), f"{where}.permissions_boundary")
    least, most = SESSION_SECONDS
    if isinstance(seconds := args.get("max_session_duration"), int) and not least <= seconds <= most:
        place = f"{where}.max_session_duration"
        yield Problem(
            place, f"must be {least} to {most} seconds (1 to 12 hours)", seconds, "choose a length in that range"
        )


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
        assume_role_policy=text_of(args["assume_role_policy"], f"{logical_name}.assume_role_policy", trust_problems),
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
    for pods in args.get("pod_identities", []):
        place = f"{pods['cluster']}/{pods['namespace']}/{pods['service_account']}"
        adopted = f"{pods['cluster']},{pods['import_id']}" if "import_id" in pods else None
        aws.eks.PodIdentityAssociation(
            f"{logical_name}-pods-{place}",
            cluster_name=pods["cluster"],
            namespace=pods["namespace"],
            service_account=pods["service_account"],
            role_arn=role.arn,
            tags=args.get("tags"),
            opts=pulumi.ResourceOptions(parent=role, import_=adopted, depends_on=depends_on),
        )
    return role
