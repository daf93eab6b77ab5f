"""The six scenarios as a CDK app: a stage for each, with a stack for each account.

cdk synth --quiet --app "python app.py" --output cdk.out
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

AWS = "arn:aws:iam::aws:policy"
POWER, READ = f"{AWS}/PowerUserAccess", f"{AWS}/ReadOnlyAccess"


def account(scope: Construct, name: str, identity: str) -> cdk.Stack:
    """The stack of one account."""
    return cdk.Stack(scope, name, env=cdk.Environment(account=identity, region="us-west-2"))


def managed(scope: Construct, *arns: str) -> list[iam.IManagedPolicy]:
    """Policies by their ARNs."""
    return [iam.ManagedPolicy.from_managed_policy_arn(scope, arn.rsplit("/", 1)[-1], arn) for arn in arns]


def may(*actions: str, on: list[str], effect: iam.Effect = iam.Effect.ALLOW) -> iam.PolicyStatement:
    """One statement."""
    return iam.PolicyStatement(actions=list(actions), resources=on, effect=effect)


def iam_user(stage: cdk.Stage) -> None:
    """A person crosses from an authentication account."""
    auth, workload = account(stage, "auth", "111111111111"), account(stage, "workload", "222222222222")
    richard = iam.User(auth, "Richard", user_name="richard", password=cdk.SecretValue.secrets_manager("richard"))
    policy = iam.ManagedPolicy(auth, "Policy", managed_policy_name="AssumeRolePolicy")
    policy.add_statements(may("sts:AssumeRole", on=["*"]))
    policy.attach_to_user(richard)
    role = iam.Role(workload, "Role", role_name="AssumedRole", assumed_by=iam.AccountPrincipal("111111111111"))
    role.add_to_policy(may("s3:ListBucket", on=["arn:aws:s3:::workload-bucket"]))


def application(stage: cdk.Stage) -> None:
    """An AWS service crosses: the ARN goes from one stack to the other by the role's name."""
    auth, workload = account(stage, "auth", "111111111111"), account(stage, "workload", "222222222222")
    services = iam.CompositePrincipal(*(iam.ServicePrincipal(f"{name}.amazonaws.com") for name in ("ec2", "lambda")))
    assuming = iam.Role(auth, "Role", role_name="AssumingRole", assumed_by=services)
    iam.InstanceProfile(auth, "Profile", instance_profile_name="AssumingRole", role=assuming)
    assumed = iam.Role(workload, "Role", role_name="AssumedRole", assumed_by=iam.ArnPrincipal(assuming.role_arn))
    assumed.add_to_policy(may("s3:ListBucket", on=["arn:aws:s3:::workload-bucket"]))
    assuming.add_to_policy(may("sts:AssumeRole", on=["arn:aws:iam::222222222222:role/AssumedRole"]))


def cli_eight_steps(stage: cdk.Stage) -> None:
    """Trusting and trusted, policies attached by ARN."""
    trusting, trusted = account(stage, "trusting", "222222222222"), account(stage, "trusted", "111111111111")
    for_role = iam.ManagedPolicy(trusting, "Policy", managed_policy_name="Custom-Policy-For-Role-1")
    for_role.add_statements(may("s3:*", on=["*"]))
    role = iam.Role(
        trusting,
        "Role",
        role_name="Assume-Role-1",
        assumed_by=iam.AccountPrincipal("111111111111"),
        managed_policies=[for_role],
    )
    policy = iam.ManagedPolicy(trusted, "Policy", managed_policy_name="Custom-Assume-Role-Policy")
    policy.add_statements(may("sts:AssumeRole", on=[role.role_arn]))
    user = iam.User(trusted, "User", user_name="user-1", managed_policies=[policy])
    iam.CfnAccessKey(trusted, "Key", user_name=user.user_name)


def environments(stage: cdk.Stage) -> None:
    """One source account, development, test and production."""
    policies = {
        "development": ("222222222222", [POWER]),
        "test": ("333333333333", [f"{AWS}/AmazonEC2FullAccess", f"{AWS}/AmazonS3FullAccess"]),
        "production": ("444444444444", [READ]),
    }
    arns = {}
    for name, (identity, attached) in policies.items():
        stack = account(stage, name, identity)
        role = iam.Role(
            stack,
            "Role",
            role_name="CrossAccountAccessRole",
            assumed_by=iam.AccountPrincipal("111111111111"),
            managed_policies=managed(stack, *attached),
        )
        arns[name] = role.role_arn
    source = account(stage, "source", "111111111111")
    for user, group, reached in (("dana", "engineers", list(arns)), ("ana", "analysts", ["production"])):
        made = iam.Group(source, group, group_name=group)
        made.add_to_policy(may("sts:AssumeRole", on=[arns[each] for each in reached]))
        iam.User(source, user, user_name=user, groups=[made])
    pipeline = iam.Role(
        source, "Pipeline", role_name="pipeline", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
    )
    pipeline.add_to_policy(may("sts:AssumeRole", on=[arns["development"], arns["test"]]))


def deployer(stage: cdk.Stage) -> None:
    """Account A deploys into account B."""
    a, b = account(stage, "a", "111111111111"), account(stage, "b", "222222222222")
    trusted = iam.AccountPrincipal("111111111111").with_conditions(
        {"StringEquals": {"sts:ExternalId": "12345678TESTID"}}
    )
    role = iam.Role(b, "Role", role_name="CrossAccountAccessRole", assumed_by=trusted)
    services = ("s3", "cloudwatch", "cloudformation", "sqs", "events")
    role.add_to_policy(may(*(f"{each}:*" for each in services), on=["*"]))
    group = iam.Group(a, "Deployers", group_name="deployers")
    ci = iam.User(a, "Ci", user_name="ci")
    iam.User(a, "Eve", user_name="eve", groups=[group])
    policy = iam.Policy(a, "Reach", policy_name="deploy-into-b", groups=[group], users=[ci])
    policy.add_statements(may("sts:AssumeRole", "iam:PassRole", "iam:ListRoles", on=[role.role_arn]))


def tutorial(stage: cdk.Stage) -> None:
    """Developers in, testers out."""
    development, production = (
        account(stage, "development", "111111111111"),
        account(stage, "production", "999999999999"),
    )
    policy = iam.ManagedPolicy(production, "Policy", managed_policy_name="read-write-app-bucket")
    bucket = "arn:aws:s3:::productionapp"
    policy.add_statements(
        may("s3:ListAllMyBuckets", on=["*"]),
        may("s3:ListBucket", "s3:GetBucketLocation", on=[bucket]),
        may("s3:GetObject", "s3:PutObject", "s3:DeleteObject", on=[f"{bucket}/*"]),
    )
    role = iam.Role(
        production,
        "Role",
        role_name="UpdateApp",
        assumed_by=iam.AccountPrincipal("111111111111"),
        managed_policies=[policy],
    )
    power = managed(development, POWER)
    for user, name, effect in (
        ("David", "Developers", iam.Effect.ALLOW),
        ("Theresa", "Testers", iam.Effect.DENY),
    ):
        group = iam.Group(development, name, group_name=name, managed_policies=power)
        group.add_to_policy(may("sts:AssumeRole", on=[role.role_arn], effect=effect))
        iam.User(development, user, user_name=user, groups=[group])


SCENARIOS = {
    "iam-user": iam_user,
    "application": application,
    "cli-eight-steps": cli_eight_steps,
    "environments": environments,
    "deployer": deployer,
    "tutorial": tutorial,
}

app = cdk.App()
for scenario, make in SCENARIOS.items():
    make(cdk.Stage(app, scenario))
app.synth()
