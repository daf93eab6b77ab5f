"""Services that pass aws:SourceAccount and aws:SourceArn when they assume a role, with the AWS page that says so.

Every page shows a role's trust policy with the keys, or says in words that they are set; all were read on 2026-11-22,
as AWS had them in 2026. A service is not here because it has a page on the confused deputy: AWS Backup's is about a key
policy, that of CloudFormation about extensions. EC2 and Lambda show their roles without the keys, so they would be
locked out by them for all that AWS says.
"""

from __future__ import annotations

from collections.abc import Mapping

_DOCS = "https://docs.aws.amazon.com"
_DEPUTY = "cross-service-confused-deputy-prevention.html"

SOURCE_PAGES: Mapping[str, str] = {
    "amplify": f"{_DOCS}/amplify/latest/userguide/{_DEPUTY}",
    "application-autoscaling": f"{_DOCS}/emr/latest/ManagementGuide/emr-iam-role-automatic-scaling.html",
    "appstream": f"{_DOCS}/appstream2/latest/developerguide/example-fleet-machine.html",
    "appsync": f"{_DOCS}/appsync/latest/eventapi/adding-a-data-source.html#iam-trust-policy",
    "autoscaling": f"{_DOCS}/autoscaling/ec2/userguide/{_DEPUTY}",
    "batch": f"{_DOCS}/batch/latest/userguide/{_DEPUTY}",
    "bedrock": f"{_DOCS}/bedrock/latest/userguide/{_DEPUTY}",
    "bedrock-agentcore": f"{_DOCS}/bedrock-agentcore/latest/devguide/{_DEPUTY}",
    "codebuild": f"{_DOCS}/codebuild/latest/userguide/{_DEPUTY}",
    "comprehend": f"{_DOCS}/comprehend/latest/dg/{_DEPUTY}",
    "credentials.iot": f"{_DOCS}/iot/latest/developerguide/{_DEPUTY}",
    "datasync": f"{_DOCS}/datasync/latest/userguide/{_DEPUTY}",
    "ecs-tasks": f"{_DOCS}/AmazonECS/latest/developerguide/task-iam-roles.html",
    "eks": f"{_DOCS}/eks/latest/userguide/{_DEPUTY}",
    "eks-fargate-pods": f"{_DOCS}/eks/latest/userguide/pod-execution-role.html",
    "elasticmapreduce": f"{_DOCS}/emr/latest/ManagementGuide/emr-iam-role.html",
    "events": f"{_DOCS}/eventbridge/latest/userguide/{_DEPUTY}",
    "frauddetector": f"{_DOCS}/frauddetector/latest/ug/confused-deputy-prevention.html",
    "grafana": f"{_DOCS}/grafana/latest/userguide/{_DEPUTY}",
    "greengrass": f"{_DOCS}/greengrass/v2/developerguide/{_DEPUTY}",
    "iot": f"{_DOCS}/iot/latest/developerguide/{_DEPUTY}",
    "kafkaconnect": f"{_DOCS}/msk/latest/developerguide/msk-connect-service-execution-role.html",
    "kendra": f"{_DOCS}/kendra/latest/dg/iam-roles.html",
    "logs": f"{_DOCS}/AmazonCloudWatch/latest/logs/SubscriptionFilters.html",
    "monitoring.rds": f"{_DOCS}/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html",
    "personalize": f"{_DOCS}/personalize/latest/dg/{_DEPUTY}",
    "pipes": f"{_DOCS}/eventbridge/latest/userguide/{_DEPUTY}#cross-service-confused-deputy-prevention-eb-pipes",
    "rds": f"{_DOCS}/AmazonRDS/latest/UserGuide/{_DEPUTY}",
    "rekognition": f"{_DOCS}/rekognition/latest/dg/{_DEPUTY}",
    "rolesanywhere": f"{_DOCS}/rolesanywhere/latest/userguide/trust-model.html#trust-policy",
    "sagemaker": f"{_DOCS}/sagemaker/latest/dg/security-confused-deputy-prevention.html",
    "scheduler": f"{_DOCS}/scheduler/latest/UserGuide/{_DEPUTY}",
    "ssm": f"{_DOCS}/systems-manager/latest/userguide/{_DEPUTY}",
    "states": f"{_DOCS}/step-functions/latest/dg/procedure-create-iam-role.html#prevent-cross-service-confused-deputy",
    "transcribe": f"{_DOCS}/transcribe/latest/dg/security-iam-confused-deputy.html",
    "transfer": f"{_DOCS}/transfer/latest/userguide/confused-deputy.html",
    "vpc-flow-logs": f"{_DOCS}/vpc/latest/userguide/flow-logs-iam-role.html",
}
"""By the service's principal without ``.amazonaws.com``."""
