"""The root's two stacks, written by hand: the same resources with pulumi_aws alone, without config."""

import json

import pulumi
import pulumi_aws as aws

AUTH, WORKLOAD = "111111111111", "222222222222"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def exclusive(name, role, inline, attached):
    aws.iam.RolePoliciesExclusive(f"{name}-inline", role_name=role.name, policy_names=[each.name for each in inline])
    aws.iam.RolePolicyAttachmentsExclusive(
        f"{name}-attached", role_name=role.name, policy_arns=[each.policy_arn for each in attached]
    )


def auth():
    assume = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    policy = aws.iam.Policy("AssumeRolePolicy", name="AssumeRolePolicy", policy=document({**assume, "Resource": "*"}))
    richard = aws.iam.User("richard", name="richard", force_destroy=True)
    attached = [
        aws.iam.UserPolicyAttachment("richard-assume", user=richard.name, policy_arn=policy.arn),
        aws.iam.UserPolicyAttachment(
            "richard-password", user=richard.name, policy_arn="arn:aws:iam::aws:policy/IAMUserChangePassword"
        ),
    ]
    aws.iam.UserPoliciesExclusive("richard-inline", user_name=richard.name, policy_names=[])
    aws.iam.UserPolicyAttachmentsExclusive(
        "richard-attached", user_name=richard.name, policy_arns=[each.policy_arn for each in attached]
    )
    login = aws.iam.UserLoginProfile(
        "richard-login",
        user=richard.name,
        password_length=20,
        password_reset_required=True,
        opts=pulumi.ResourceOptions(ignore_changes=["password_length", "password_reset_required", "pgp_key"]),
    )
    secret = aws.secretsmanager.Secret(
        "richard-secret", name="crossaccount/user/richard/console", recovery_window_in_days=30
    )
    aws.secretsmanager.SecretVersion(
        "richard-secret-version",
        secret_id=secret.id,
        secret_string=pulumi.Output.json_dumps({"user": richard.name, "password": login.password}),
    )
    service = {**assume, "Principal": {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}}
    role = aws.iam.Role(
        "AssumingRole", name="AssumingRole", assume_role_policy=document(service), force_detach_policies=True
    )
    inline = aws.iam.RolePolicy(
        "AssumingRolePolicy",
        name="AssumingRolePolicy",
        role=role.name,
        policy=document({**assume, "Resource": f"arn:aws:iam::{WORKLOAD}:role/AssumedRole"}),
    )
    exclusive("AssumingRole", role, [inline], [])
    aws.iam.InstanceProfile("AssumingRole", name="AssumingRole", role=role.name)
    pulumi.export("role", role.arn)


def workload():
    reference = pulumi.StackReference(f"{pulumi.get_organization()}/{pulumi.get_project()}/auth")
    assume = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    trust = reference.get_output("role").apply(lambda arn: document({**assume, "Principal": {"AWS": arn}}))
    role = aws.iam.Role("AssumedRole", name="AssumedRole", assume_role_policy=trust, force_detach_policies=True)
    inline = aws.iam.RolePolicy(
        "AssumedRolePolicy",
        name="AssumedRolePolicy",
        role=role.name,
        policy=document({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::workload-bucket"}),
    )
    exclusive("AssumedRole", role, [inline], [])
    for_users = aws.iam.Role(
        "AssumedRoleForUsers",
        name="AssumedRoleForUsers",
        assume_role_policy=document({**assume, "Principal": {"AWS": f"arn:aws:iam::{AUTH}:root"}}),
        force_detach_policies=True,
    )
    read_only = aws.iam.RolePolicyAttachment(
        "ReadOnlyAccess", role=for_users.name, policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess"
    )
    exclusive("AssumedRoleForUsers", for_users, [], [read_only])
    pulumi.export("roles", {"AssumedRole": role.arn, "AssumedRoleForUsers": for_users.arn})


{"auth": auth, "workload": workload}[pulumi.get_stack()]()
