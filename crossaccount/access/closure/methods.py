"""Known ways by which a permission on IAM, or on what runs with a role, becomes more permissions.

Source: Spencer Gietzen, Rhino Security Labs, "AWS IAM Privilege Escalation – Methods and Mitigation" (2018, with its
part 2), https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/. ``boundary`` is from the
research that followed it (Bishop Fox, iam-vulnerable; https://github.com/BishopFox/iam-vulnerable).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Target = Literal["role", "user", "group", "policy"]
Guards = Literal["trust", "grants", "membership", "credentials", "boundary", "code"]


@dataclass(frozen=True)
class Method:
    """One way. ``action`` is asked of a ``target``; ``also`` are sets of actions of which one whole set is needed too.

    ``does`` completes the sentence "may … on <target>: it can …". ``self_too`` is whether it helps to do it to oneself.
    """

    action: str
    target: Target
    guards: Guards
    does: str
    also: tuple[tuple[str, ...], ...] = ()
    self_too: bool = True


_RUN_CODE = (
    ("lambda:CreateFunction", "lambda:InvokeFunction"),
    ("lambda:CreateFunction", "lambda:CreateEventSourceMapping"),
    ("ec2:RunInstances",),
    ("cloudformation:CreateStack",),
    ("glue:CreateDevEndpoint",),
    ("datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition"),
    ("sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"),
    ("codestar:CreateProject",),
    ("ecs:RunTask", "ecs:RegisterTaskDefinition"),
)

METHODS = (
    Method("iam:UpdateAssumeRolePolicy", "role", "trust", "let itself into that role", self_too=False),
    Method("iam:PutRolePolicy", "role", "grants", "give that role any permission"),
    Method("iam:AttachRolePolicy", "role", "grants", "give that role any permission"),
    Method("iam:PutUserPolicy", "user", "grants", "give that user any permission"),
    Method("iam:AttachUserPolicy", "user", "grants", "give that user any permission"),
    Method("iam:PutGroupPolicy", "group", "grants", "give that group any permission"),
    Method("iam:AttachGroupPolicy", "group", "grants", "give that group any permission"),
    Method("iam:CreatePolicyVersion", "policy", "grants", "rewrite that policy for all who have it"),
    Method("iam:SetDefaultPolicyVersion", "policy", "grants", "bring back an older version of that policy"),
    Method("iam:AddUserToGroup", "group", "membership", "join that group"),
    Method("iam:CreateAccessKey", "user", "credentials", "act as that user", self_too=False),
    Method("iam:CreateLoginProfile", "user", "credentials", "sign in as that user", self_too=False),
    Method("iam:UpdateLoginProfile", "user", "credentials", "sign in as that user", self_too=False),
    Method("iam:DeleteUserPermissionsBoundary", "user", "boundary", "lift that user's boundary"),
    Method("iam:DeleteRolePermissionsBoundary", "role", "boundary", "lift that role's boundary"),
    Method("iam:PassRole", "role", "code", "run code as that role", also=_RUN_CODE, self_too=False),
)
