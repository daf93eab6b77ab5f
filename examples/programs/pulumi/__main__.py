"""The six scenarios as anybody may write them in Pulumi: a stack for each account of each scenario."""

from __future__ import annotations

import json
from collections.abc import Callable

import pulumi
import pulumi_aws as aws

AWS = "arn:aws:iam::aws:policy"


def document(*statements: dict[str, object]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def trusting(principal: str, **more: object) -> str:
    """A trust policy for one principal of AWS."""
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}, **more})


def services(*names: str) -> str:
    """A trust policy for services."""
    principal = {"Service": [f"{name}.amazonaws.com" for name in names]}
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})


def may(action: object, on: object, effect: str = "Allow", **more: object) -> str:
    """A policy of one statement."""
    return document({"Effect": effect, "Action": action, "Resource": on, **more})


def iam_user_auth() -> None:
    user = aws.iam.User("richard", name="richard")
    aws.iam.UserLoginProfile("richard", user=user.name)
    policy = aws.iam.Policy("assume", name="AssumeRolePolicy", policy=may("sts:AssumeRole", "*"))
    aws.iam.UserPolicyAttachment("richard", user=user.name, policy_arn=policy.arn)


def iam_user_workload() -> None:
    role = aws.iam.Role("assumed", name="AssumedRole", assume_role_policy=trusting("arn:aws:iam::111111111111:root"))
    permission = may("s3:ListBucket", "arn:aws:s3:::workload-bucket")
    aws.iam.RolePolicy("list", name="ListBucketPolicy", role=role.id, policy=permission)


def application_auth() -> None:
    role = aws.iam.Role("assuming", name="AssumingRole", assume_role_policy=services("ec2", "lambda"))
    aws.iam.InstanceProfile("assuming", name="AssumingRole", role=role.name)
    # Computed by Pulumi: the document is built of an output.
    target = pulumi.Output.format("arn:{0}:iam::222222222222:role/AssumedRole", aws.get_partition_output().partition)
    reach = aws.iam.get_policy_document_output(statements=[{"actions": ["sts:AssumeRole"], "resources": [target]}])
    aws.iam.RolePolicy("assuming", name="AssumingRolePolicy", role=role.name, policy=reach.json)


def application_workload() -> None:
    trust = trusting("arn:aws:iam::111111111111:role/AssumingRole")
    permission = may("s3:ListBucket", "arn:aws:s3:::workload-bucket")
    inline = [{"name": "AssumedRolePolicy", "policy": permission}]
    aws.iam.Role("assumed", name="AssumedRole", assume_role_policy=trust, inline_policies=inline)


def cli_eight_steps_trusting() -> None:
    policy = aws.iam.Policy("policy", name="Custom-Policy-For-Role-1", policy=may("s3:*", "*"))
    aws.iam.Role(
        "role",
        name="Assume-Role-1",
        assume_role_policy=trusting("111111111111"),
        managed_policy_arns=[policy.arn],
    )


def cli_eight_steps_trusted() -> None:
    target = "arn:aws:iam::222222222222:role/Assume-Role-1"
    policy = aws.iam.Policy("policy", name="Custom-Assume-Role-Policy", policy=may("sts:AssumeRole", target))
    user = aws.iam.User("user", name="user-1")
    aws.iam.AccessKey("key", user=user.name)
    aws.iam.PolicyAttachment("policy", users=[user.name], policy_arn=policy.arn)


def environment(*names: str) -> Callable[[], None]:
    def make() -> None:
        trust = trusting("arn:aws:iam::111111111111:root")
        role = aws.iam.Role("cross", name="CrossAccountAccessRole", assume_role_policy=trust)
        for name in names:
            aws.iam.RolePolicyAttachment(name, role=role.name, policy_arn=f"{AWS}/{name}")

    return make


def environments_source() -> None:
    identities = {"development": "222222222222", "test": "333333333333", "production": "444444444444"}
    arns = {name: f"arn:aws:iam::{each}:role/CrossAccountAccessRole" for name, each in identities.items()}
    engineers = aws.iam.Group("engineers", name="engineers")
    everywhere = may("sts:AssumeRole", list(arns.values()))
    aws.iam.GroupPolicy("everywhere", name="assume-everywhere", group=engineers.name, policy=everywhere)
    analysts = aws.iam.Group("analysts", name="analysts")
    only = may("sts:AssumeRole", arns["production"])
    aws.iam.GroupPolicy("production", name="assume-in-production", group=analysts.name, policy=only)
    dana, ana = aws.iam.User("dana", name="dana"), aws.iam.User("ana", name="ana")
    aws.iam.GroupMembership("engineers", group=engineers.name, users=[dana.name])
    aws.iam.UserGroupMembership("ana", user=ana.name, groups=[analysts.name])
    pipeline = aws.iam.Role("pipeline", name="pipeline", assume_role_policy=services("lambda"))
    before = may("sts:AssumeRole", [arns["development"], arns["test"]])
    aws.iam.RolePolicy("pipeline", name="assume-before-production", role=pipeline.id, policy=before)


def deployer_b() -> None:
    condition = {"StringEquals": {"sts:ExternalId": "12345678TESTID"}}
    trust = trusting("arn:aws:iam::111111111111:root", Condition=condition)
    role = aws.iam.Role("cross", name="CrossAccountAccessRole", assume_role_policy=trust)
    deploy = [f"{name}:*" for name in ("s3", "cloudwatch", "cloudformation", "sqs", "events")]
    policy = may(deploy, "*", Sid="CrossAccountPermissions")
    aws.iam.RolePolicy("cross", name="CrossAccountPermissions", role=role.id, policy=policy)


def deployer_a() -> None:
    reach = may(
        ["sts:AssumeRole", "iam:PassRole", "iam:ListRoles"], "arn:aws:iam::222222222222:role/CrossAccountAccessRole"
    )
    ci, eve = aws.iam.User("ci", name="ci"), aws.iam.User("eve", name="eve")
    aws.iam.UserPolicy("ci", name="deploy-into-b", user=ci.name, policy=reach)
    deployers = aws.iam.Group("deployers", name="deployers")
    aws.iam.GroupMembership("deployers", group=deployers.name, users=[eve.name])
    aws.iam.GroupPolicy("deployers", name="deploy-into-b", group=deployers.name, policy=reach)


def tutorial_production() -> None:
    bucket = "arn:aws:s3:::productionapp"
    policy = document(
        {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
        {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetBucketLocation"], "Resource": bucket},
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "Resource": f"{bucket}/*"},
    )
    managed = aws.iam.Policy("bucket", name="read-write-app-bucket", policy=policy)
    role = aws.iam.Role("update", name="UpdateApp", assume_role_policy=trusting("arn:aws:iam::111111111111:root"))
    aws.iam.RolePolicyAttachment("update", role=role.name, policy_arn=managed.arn)


def tutorial_development() -> None:
    target = "arn:aws:iam::999999999999:role/UpdateApp"
    for user, group, effect in (("David", "Developers", "Allow"), ("Theresa", "Testers", "Deny")):
        made = aws.iam.Group(group, name=group)
        aws.iam.GroupPolicyAttachment(group, group=made.name, policy_arn=f"{AWS}/PowerUserAccess")
        policy = may("sts:AssumeRole", target, effect)
        aws.iam.GroupPolicy(f"{group}-reach", name=f"{effect.lower()}-reach", group=made.name, policy=policy)
        person = aws.iam.User(user, name=user)
        aws.iam.UserLoginProfile(user, user=person.name)
        aws.iam.UserGroupMembership(user, user=person.name, groups=[made.name])


STACKS = {
    "iam-user-auth": iam_user_auth,
    "iam-user-workload": iam_user_workload,
    "application-auth": application_auth,
    "application-workload": application_workload,
    "cli-eight-steps-trusting": cli_eight_steps_trusting,
    "cli-eight-steps-trusted": cli_eight_steps_trusted,
    "environments-development": environment("PowerUserAccess"),
    "environments-test": environment("AmazonEC2FullAccess", "AmazonS3FullAccess"),
    "environments-production": environment("ReadOnlyAccess"),
    "environments-source": environments_source,
    "deployer-a": deployer_a,
    "deployer-b": deployer_b,
    "tutorial-development": tutorial_development,
    "tutorial-production": tutorial_production,
}
STACKS[pulumi.get_stack()]()
