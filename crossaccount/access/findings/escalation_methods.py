"""Known methods to turn a permission on IAM, or on code that runs with a role, into more permissions.

Sources: Spencer Gietzen, Rhino Security Labs, "AWS IAM Privilege Escalation – Methods and Mitigation" (2018, with its
part 2), https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/; boundaries, removed denies, and
more code that runs with a role: Nick Frichette, "AWS IAM Privilege Escalation Techniques",
https://hackingthe.cloud/aws/exploitation/iam_privilege_escalation/, and Bishop Fox,
https://github.com/BishopFox/iam-vulnerable. The catalogue https://pathfinding.cloud (65 paths, read 2026-12-01) is
covered completely, except services that AWS has ended (CodeStar, RoboMaker).

``RUN_CODE`` lists the services that run code with a passed role, ``CHANGE_CODE`` those that already have a role and can
be made to run other code. Each row names the service that the role's trust must allow, the actions that the caller
needs, and the AWS page on the role.
"""

from __future__ import annotations

from collections.abc import Mapping
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
"""The property that makes a target useful. ``unbounded``: no permissions boundary limits new permissions; ``held``: a
policy that a principal has; ``granting``: a group that has a policy; ``deny``: a managed policy with a Deny is
attached."""


@dataclass(frozen=True)
class Run:
    """A way to run code with a role. It needs all ``actions``, and the role's trust must allow ``service``.

    ``passed_to`` are the possible values of ``iam:PassedToService``, if they differ from the service's name. They are
    from AWS's managed policies.
    """

    service: str
    actions: tuple[str, ...]
    source: str
    passed_to: tuple[str, ...] = ()

    @property
    def services_passed_to(self) -> tuple[str, ...]:
        """The possible values of ``iam:PassedToService``."""
        return self.passed_to or (self.service,)


@dataclass(frozen=True)
class Method:
    """One method. ``action`` is needed on a ``target``, if there is one, and one of ``runs``, if there are any.

    ``does`` completes the sentence "may … on <target>: it can …". ``self_too``: whether it helps on the principal
    itself.
    """

    action: str
    target: Target
    guards: Guards
    does: str
    where: Where = ""
    runs: tuple[Run, ...] = ()
    self_too: bool = True


_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html"
_EC2 = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html"
_SCALING = "https://docs.aws.amazon.com/autoscaling/ec2/userguide/us-iam-role.html"
_STACKS = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html"
_STACK_SETS = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs-self-managed.html"
_GLUE = "https://docs.aws.amazon.com/glue/latest/dg/create-an-iam-role.html"
_SAGEMAKER = "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html"
_ECS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html"
_CODEBUILD = "https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html"
_APP_RUNNER = "https://docs.aws.amazon.com/apprunner/latest/dg/security_iam_service-with-iam.html"
_INTERPRETER = "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/code-interpreter-tool.html"
_RUNTIME = "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-permissions.html"
_STATES = "https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html"
_EMR = "https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-iam-role-for-ec2.html"
_SSM = "https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-instance-permissions.html"
_CONNECT = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-connect-configure-IAM-role.html"

RUN_CODE = (
    Run("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:InvokeFunction"), _LAMBDA),
    Run("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:CreateEventSourceMapping"), _LAMBDA),
    Run("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:AddPermission"), _LAMBDA),
    Run("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:CreateFunctionUrlConfig"), _LAMBDA),
    Run("lambda.amazonaws.com", ("lambda:UpdateFunctionConfiguration", "lambda:UpdateFunctionCode"), _LAMBDA),
    Run(
        "lambda.amazonaws.com",
        ("synthetics:CreateCanary", "synthetics:StartCanary"),
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Synthetics_Canaries_CanaryPermissions.html",
        ("lambda.amazonaws.com", "synthetics.amazonaws.com"),
    ),
    Run("ec2.amazonaws.com", ("ec2:RunInstances",), _EC2),
    Run("ec2.amazonaws.com", ("ec2:RequestSpotInstances",), _EC2),
    Run("ec2.amazonaws.com", ("ec2:RequestSpotFleet",), _EC2),
    Run("ec2.amazonaws.com", ("ec2:CreateLaunchTemplate", "ec2:CreateFleet"), _EC2),
    Run("ec2.amazonaws.com", ("ec2:AssociateIamInstanceProfile", "ssm:StartSession"), _EC2),
    Run("ec2.amazonaws.com", ("ec2:AssociateIamInstanceProfile", "ssm:SendCommand"), _EC2),
    Run("ec2.amazonaws.com", ("ec2:AssociateIamInstanceProfile", "ec2-instance-connect:SendSSHPublicKey"), _EC2),
    Run("ec2.amazonaws.com", ("autoscaling:CreateLaunchConfiguration", "autoscaling:CreateAutoScalingGroup"), _SCALING),
    Run("ec2.amazonaws.com", ("autoscaling:CreateLaunchConfiguration", "autoscaling:UpdateAutoScalingGroup"), _SCALING),
    Run("ec2.amazonaws.com", ("ec2:CreateLaunchTemplate", "autoscaling:CreateAutoScalingGroup"), _SCALING),
    Run("ec2.amazonaws.com", ("elasticmapreduce:RunJobFlow",), _EMR),
    Run(
        "ec2.amazonaws.com",
        ("elasticbeanstalk:CreateApplicationVersion", "elasticbeanstalk:CreateEnvironment"),
        "https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/iam-instanceprofile.html",
    ),
    Run(
        "ec2.amazonaws.com",
        ("imagebuilder:CreateInfrastructureConfiguration", "imagebuilder:CreateImage"),
        "https://docs.aws.amazon.com/imagebuilder/latest/userguide/manage-infra-config.html",
    ),
    Run(
        "cloud9.amazonaws.com",
        ("cloud9:CreateEnvironmentEC2",),
        "https://docs.aws.amazon.com/cloud9/latest/user-guide/ec2-ssm.html",
        ("cloud9.amazonaws.com", "ec2.amazonaws.com"),
    ),
    Run("cloudformation.amazonaws.com", ("cloudformation:CreateStack",), _STACKS),
    Run("cloudformation.amazonaws.com", ("cloudformation:UpdateStack",), _STACKS),
    Run("cloudformation.amazonaws.com", ("cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"), _STACKS),
    Run(
        "cloudformation.amazonaws.com",
        ("cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"),
        _STACK_SETS,
    ),
    Run("cloudformation.amazonaws.com", ("cloudformation:UpdateStackSet",), _STACK_SETS),
    Run("glue.amazonaws.com", ("glue:CreateDevEndpoint",), _GLUE),
    Run("glue.amazonaws.com", ("glue:CreateJob", "glue:StartJobRun"), _GLUE),
    Run("glue.amazonaws.com", ("glue:CreateJob", "glue:CreateTrigger"), _GLUE),
    Run("glue.amazonaws.com", ("glue:UpdateJob", "glue:StartJobRun"), _GLUE),
    Run("glue.amazonaws.com", ("glue:UpdateJob", "glue:CreateTrigger"), _GLUE),
    Run("glue.amazonaws.com", ("glue:CreateSession", "glue:RunStatement"), _GLUE),
    Run(
        "datapipeline.amazonaws.com",
        ("datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition", "datapipeline:ActivatePipeline"),
        "https://docs.aws.amazon.com/datapipeline/latest/DeveloperGuide/dp-iam-roles.html",
    ),
    Run("sagemaker.amazonaws.com", ("sagemaker:CreateNotebookInstance",), _SAGEMAKER),
    Run("sagemaker.amazonaws.com", ("sagemaker:CreateTrainingJob",), _SAGEMAKER),
    Run("sagemaker.amazonaws.com", ("sagemaker:CreateProcessingJob",), _SAGEMAKER),
    Run("sagemaker.amazonaws.com", ("sagemaker:CreateHyperParameterTuningJob",), _SAGEMAKER),
    Run("sagemaker.amazonaws.com", ("sagemaker:CreatePipeline", "sagemaker:StartPipelineExecution"), _SAGEMAKER),
    Run("sagemaker.amazonaws.com", ("sagemaker:CreateModel", "sagemaker:CreateTransformJob"), _SAGEMAKER),
    Run(
        "sagemaker.amazonaws.com",
        ("sagemaker:CreateModel", "sagemaker:CreateEndpointConfig", "sagemaker:CreateEndpoint"),
        _SAGEMAKER,
    ),
    Run("sagemaker.amazonaws.com", ("sagemaker:CreateUserProfile", "sagemaker:CreatePresignedDomainUrl"), _SAGEMAKER),
    Run("ecs-tasks.amazonaws.com", ("ecs:RegisterTaskDefinition", "ecs:RunTask"), _ECS),
    Run("ecs-tasks.amazonaws.com", ("ecs:RegisterTaskDefinition", "ecs:StartTask"), _ECS),
    Run("ecs-tasks.amazonaws.com", ("ecs:RegisterTaskDefinition", "ecs:CreateService"), _ECS),
    Run("ecs-tasks.amazonaws.com", ("ecs:RegisterTaskDefinition", "ecs:UpdateService"), _ECS),
    Run(
        "ecs-tasks.amazonaws.com",
        ("batch:RegisterJobDefinition", "batch:SubmitJob"),
        "https://docs.aws.amazon.com/batch/latest/userguide/job_definition_parameters.html",
    ),
    Run(
        "tasks.apprunner.amazonaws.com",
        ("apprunner:CreateService",),
        _APP_RUNNER,
        ("apprunner.amazonaws.com", "tasks.apprunner.amazonaws.com"),
    ),
    Run("codebuild.amazonaws.com", ("codebuild:CreateProject", "codebuild:StartBuild"), _CODEBUILD),
    Run("codebuild.amazonaws.com", ("codebuild:CreateProject", "codebuild:StartBuildBatch"), _CODEBUILD),
    Run("codebuild.amazonaws.com", ("codebuild:UpdateProject", "codebuild:StartBuild"), _CODEBUILD),
    Run("codebuild.amazonaws.com", ("codebuild:UpdateProject", "codebuild:StartBuildBatch"), _CODEBUILD),
    Run(
        "codepipeline.amazonaws.com",
        ("codepipeline:CreatePipeline",),
        "https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html",
    ),
    Run(
        "bedrock-agentcore.amazonaws.com",
        (
            "bedrock-agentcore:CreateCodeInterpreter",
            "bedrock-agentcore:StartCodeInterpreterSession",
            "bedrock-agentcore:InvokeCodeInterpreter",
        ),
        _INTERPRETER,
    ),
    Run(
        "bedrock-agentcore.amazonaws.com",
        ("bedrock-agentcore:CreateAgentRuntime", "bedrock-agentcore:InvokeAgentRuntime"),
        _RUNTIME,
    ),
    Run(
        "bedrock-agentcore.amazonaws.com",
        ("bedrock-agentcore:UpdateAgentRuntime", "bedrock-agentcore:InvokeAgentRuntime"),
        _RUNTIME,
    ),
    Run("states.amazonaws.com", ("states:CreateStateMachine", "states:StartExecution"), _STATES),
    Run("states.amazonaws.com", ("states:CreateStateMachine", "states:StartSyncExecution"), _STATES),
    Run("states.amazonaws.com", ("states:UpdateStateMachine", "states:StartExecution"), _STATES),
    Run(
        "scheduler.amazonaws.com",
        ("scheduler:CreateSchedule",),
        "https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html",
    ),
    Run(
        "ssm.amazonaws.com",
        ("ssm:StartAutomationExecution",),
        "https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-setup-iam.html",
    ),
    Run(
        "emr-serverless.amazonaws.com",
        ("emr-serverless:StartJobRun",),
        "https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/security-iam-runtime-role.html",
    ),
    Run(
        "amplify.amazonaws.com",
        ("amplify:CreateApp", "amplify:CreateBranch", "amplify:StartJob"),
        "https://docs.aws.amazon.com/amplify/latest/userguide/amplify-service-role.html",
    ),
    Run(
        "gamelift.amazonaws.com",
        ("gamelift:CreateFleet",),
        "https://docs.aws.amazon.com/gamelift/latest/developerguide/gamelift-sdk-server-resources.html",
    ),
    Run(
        "airflow-env.amazonaws.com",
        ("airflow:CreateEnvironment",),
        "https://docs.aws.amazon.com/mwaa/latest/userguide/mwaa-create-role.html",
        ("airflow.amazonaws.com", "airflow-env.amazonaws.com"),
    ),
    Run(
        "kinesisanalytics.amazonaws.com",
        ("kinesisanalytics:CreateApplication", "kinesisanalytics:StartApplication"),
        "https://docs.aws.amazon.com/managed-flink/latest/java/how-permissions.html",
    ),
    Run(
        "athena.amazonaws.com",
        ("athena:CreateWorkGroup", "athena:StartSession", "athena:StartCalculationExecution"),
        "https://docs.aws.amazon.com/athena/latest/ug/notebooks-spark-getting-started.html",
    ),
    Run(
        "braket.amazonaws.com",
        ("braket:CreateJob",),
        "https://docs.aws.amazon.com/braket/latest/developerguide/braket-manage-access.html",
    ),
    Run(
        "omics.amazonaws.com",
        ("omics:CreateWorkflow", "omics:StartRun"),
        "https://docs.aws.amazon.com/omics/latest/dev/permissions-service.html",
    ),
    Run(
        "appstream.amazonaws.com",
        ("appstream:CreateImageBuilder", "appstream:CreateImageBuilderStreamingURL"),
        "https://docs.aws.amazon.com/appstream2/latest/developerguide/using-iam-roles-to-grant-permissions-to-applications-scripts-streaming-instances.html",
    ),
    Run(
        "pods.eks.amazonaws.com",
        ("eks:CreatePodIdentityAssociation",),
        "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html",
        ("pods.eks.amazonaws.com", "eks.amazonaws.com"),
    ),
    Run(
        "rolesanywhere.amazonaws.com",
        ("rolesanywhere:CreateTrustAnchor", "rolesanywhere:CreateProfile"),
        "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/security-iam-awsmanpol.html",
    ),
)
"""Methods with a passed role (``iam:PassRole``)."""
CHANGE_CODE = (
    Run("lambda.amazonaws.com", ("lambda:UpdateFunctionCode",), _LAMBDA),
    Run("lambda.amazonaws.com", ("lambda:UpdateFunctionConfiguration",), _LAMBDA),
    Run("ec2.amazonaws.com", ("ssm:SendCommand",), _SSM),
    Run("ec2.amazonaws.com", ("ssm:StartSession",), _SSM),
    Run("ec2.amazonaws.com", ("ssm:CreateAssociation",), _SSM),
    Run("ec2.amazonaws.com", ("ec2-instance-connect:SendSSHPublicKey",), _CONNECT),
    Run("ec2.amazonaws.com", ("ec2-instance-connect:SendSerialConsoleSSHPublicKey",), _CONNECT),
    Run("ec2.amazonaws.com", ("ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"), _EC2),
    Run("ec2.amazonaws.com", ("ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"), _SCALING),
    Run("ec2.amazonaws.com", ("elasticmapreduce:AddJobFlowSteps",), _EMR),
    Run("ecs-tasks.amazonaws.com", ("ecs:ExecuteCommand",), _ECS),
    Run("codebuild.amazonaws.com", ("codebuild:StartBuild",), _CODEBUILD),
    Run("codebuild.amazonaws.com", ("codebuild:StartBuildBatch",), _CODEBUILD),
    Run("glue.amazonaws.com", ("glue:UpdateDevEndpoint",), _GLUE),
    Run("glue.amazonaws.com", ("glue:RunStatement",), _GLUE),
    Run("sagemaker.amazonaws.com", ("sagemaker:CreatePresignedNotebookInstanceUrl",), _SAGEMAKER),
    Run("sagemaker.amazonaws.com", ("sagemaker:CreatePresignedDomainUrl",), _SAGEMAKER),
    Run(
        "sagemaker.amazonaws.com",
        (
            "sagemaker:CreateNotebookInstanceLifecycleConfig",
            "sagemaker:StopNotebookInstance",
            "sagemaker:UpdateNotebookInstance",
            "sagemaker:StartNotebookInstance",
        ),
        _SAGEMAKER,
    ),
    Run(
        "bedrock-agentcore.amazonaws.com",
        ("bedrock-agentcore:StartCodeInterpreterSession", "bedrock-agentcore:InvokeCodeInterpreter"),
        _INTERPRETER,
    ),
    Run("tasks.apprunner.amazonaws.com", ("apprunner:UpdateService",), _APP_RUNNER),
    Run("cloudformation.amazonaws.com", ("cloudformation:UpdateStack",), _STACKS),
    Run("cloudformation.amazonaws.com", ("cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"), _STACKS),
    Run("cloudformation.amazonaws.com", ("cloudformation:UpdateStackSet",), _STACK_SETS),
)
"""Methods with an existing role of a resource. No source shows which role that is, so any role of the service
counts."""
RUNS_ON: Mapping[str, tuple[str, ...]] = {
    "ssm:sendcommand": ("arn:*:ec2:*:*:instance/*", "arn:*:ssm:*:*:managed-instance/*"),
    "ssm:startsession": ("arn:*:ec2:*:*:instance/*", "arn:*:ssm:*:*:managed-instance/*", "arn:*:ecs:*:*:task/*"),
    "ssm:createassociation": ("arn:*:ec2:*:*:instance/*", "arn:*:ssm:*:*:managed-instance/*"),
    "ec2:runinstances": ("arn:*:ec2:*:*:instance/*",),
    "ec2:modifyinstanceattribute": ("arn:*:ec2:*:*:instance/*",),
    "codebuild:startbuild": ("arn:*:codebuild:*:*:project/*",),
}
"""For actions with several resource types, those that run the code: a permission on the others is not enough.

https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html.
"""
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
    Method("iam:PassRole", "role", "code", "run code as that role", runs=RUN_CODE, self_too=False),
)
