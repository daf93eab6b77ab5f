"""Known ways by which a permission on IAM, or on what runs with a role, becomes more permissions.

Sources: Spencer Gietzen, Rhino Security Labs, "AWS IAM Privilege Escalation – Methods and Mitigation" (2018, with its
part 2), https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/; boundaries, denies that are
taken away, and more that runs with a role: Nick Frichette, "AWS IAM Privilege Escalation Techniques",
https://hackingthe.cloud/aws/exploitation/iam_privilege_escalation/, and Bishop Fox,
https://github.com/BishopFox/iam-vulnerable. What changes a function, an endpoint or a job that is there already
(``lambda:UpdateFunctionCode``, ``glue:UpdateDevEndpoint``) is left out: no source says which role that has. So is
CodeStar, which AWS has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Target = Literal["role", "user", "group", "policy"]
Guards = Literal["trust", "grants", "membership", "credentials", "boundary", "code"]
Where = Literal[
    "",
    "unbounded",
    "bounded",
    "held",
    "older version",
    "granting",
    "login",
    "no login",
    "inline deny",
    "deny",
]
"""What has to be true of a target, so that there is something in it. ``unbounded``: no permissions boundary holds down
what it is given; ``held``: a policy that somebody has; ``granting``: a group that has a policy; ``deny``: a managed
policy with a Deny is attached to it."""


@dataclass(frozen=True)
class Run:
    """What runs code with a role that is passed to a service: all of the actions are needed."""

    service: str
    actions: tuple[str, ...]


@dataclass(frozen=True)
class Method:
    """One way. ``action`` is asked of a ``target``, where that is so; of ``runs`` one is needed too, if there are any.

    ``does`` completes the sentence "may … on <target>: it can …". ``self_too`` is whether it helps to do it to oneself.
    """

    action: str
    target: Target
    guards: Guards
    does: str
    where: Where = ""
    runs: tuple[Run, ...] = ()
    self_too: bool = True


_RUN_CODE = (
    Run("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:InvokeFunction")),
    Run("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:CreateEventSourceMapping")),
    Run("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:AddPermission")),
    Run("ec2.amazonaws.com", ("ec2:RunInstances",)),
    Run("cloudformation.amazonaws.com", ("cloudformation:CreateStack",)),
    Run("glue.amazonaws.com", ("glue:CreateDevEndpoint",)),
    Run("glue.amazonaws.com", ("glue:CreateJob", "glue:StartJobRun")),
    Run("glue.amazonaws.com", ("glue:UpdateJob", "glue:StartJobRun")),
    Run("datapipeline.amazonaws.com", ("datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition")),
    Run(
        "sagemaker.amazonaws.com", ("sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl")
    ),
    Run("ecs-tasks.amazonaws.com", ("ecs:RunTask", "ecs:RegisterTaskDefinition")),
    Run("ec2.amazonaws.com", ("autoscaling:CreateLaunchConfiguration", "autoscaling:CreateAutoScalingGroup")),
)
_ANY_PERMISSION = "give that {} any permission"
_LIFT = "lift that {}'s boundary"
_TAKE_AWAY = "take away what denies that {} something"

METHODS = (
    Method("iam:UpdateAssumeRolePolicy", "role", "trust", "let itself into that role", self_too=False),
    Method("iam:PutRolePolicy", "role", "grants", _ANY_PERMISSION.format("role"), "unbounded"),
    Method("iam:AttachRolePolicy", "role", "grants", _ANY_PERMISSION.format("role"), "unbounded"),
    Method("iam:PutUserPolicy", "user", "grants", _ANY_PERMISSION.format("user"), "unbounded"),
    Method("iam:AttachUserPolicy", "user", "grants", _ANY_PERMISSION.format("user"), "unbounded"),
    Method("iam:PutGroupPolicy", "group", "grants", _ANY_PERMISSION.format("group")),
    Method("iam:AttachGroupPolicy", "group", "grants", _ANY_PERMISSION.format("group")),
    Method("iam:CreatePolicyVersion", "policy", "grants", "rewrite that policy for all who have it", "held"),
    Method(
        "iam:SetDefaultPolicyVersion", "policy", "grants", "bring back an older version of that policy", "older version"
    ),
    Method("iam:AddUserToGroup", "group", "membership", "put somebody into that group", "granting"),
    Method("iam:CreateAccessKey", "user", "credentials", "act as that user", self_too=False),
    Method("iam:CreateLoginProfile", "user", "credentials", "sign in as that user", "no login", self_too=False),
    Method("iam:UpdateLoginProfile", "user", "credentials", "sign in as that user", "login", self_too=False),
    Method("iam:DeleteUserPermissionsBoundary", "user", "boundary", _LIFT.format("user"), "bounded"),
    Method("iam:DeleteRolePermissionsBoundary", "role", "boundary", _LIFT.format("role"), "bounded"),
    Method("iam:PutUserPermissionsBoundary", "user", "boundary", _LIFT.format("user"), "bounded"),
    Method("iam:PutRolePermissionsBoundary", "role", "boundary", _LIFT.format("role"), "bounded"),
    Method("iam:DeleteUserPolicy", "user", "grants", _TAKE_AWAY.format("user"), "inline deny"),
    Method("iam:DeleteRolePolicy", "role", "grants", _TAKE_AWAY.format("role"), "inline deny"),
    Method("iam:DeleteGroupPolicy", "group", "grants", _TAKE_AWAY.format("group"), "inline deny"),
    Method("iam:DetachUserPolicy", "user", "grants", _TAKE_AWAY.format("user"), "deny"),
    Method("iam:DetachRolePolicy", "role", "grants", _TAKE_AWAY.format("role"), "deny"),
    Method("iam:DetachGroupPolicy", "group", "grants", _TAKE_AWAY.format("group"), "deny"),
    Method("iam:PassRole", "role", "code", "run code as that role", runs=_RUN_CODE, self_too=False),
)
