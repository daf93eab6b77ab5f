"""Service trusts that do not say on whose behalf: the cross-service confused deputy.

Only services that pass the keys when they assume a role are asked for them. EC2, Lambda and most others assume a role
that was passed to them within the account, and a condition would lock them out.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html and, for each service of the list, the
page "Cross-service confused deputy prevention" of its own guide, which shows the trust policy. Of other names are, all
under https://docs.aws.amazon.com/: emr/latest/ManagementGuide/emr-iam-role-automatic-scaling.html (EMR and Application
Auto Scaling), appstream2/latest/developerguide/example-fleet-machine.html, rolesanywhere/latest/userguide/
trust-model.html, frauddetector/latest/ug/confused-deputy-prevention.html. Looked up again on 2026-11-22: these four,
Personalize and IoT. EC2 Auto Scaling has no such page, and the role of EventBridge's rules is shown without the keys,
so neither is asked for them.
"""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.access.findings.documents import Statement
from crossaccount.access.findings.finding import Found, Kind
from crossaccount.iam.arn import parse_arn

WITHOUT_SOURCE = Kind(
    "XA110",
    "warning",
    "A service is trusted without aws:SourceAccount or aws:SourceArn",
    "Somebody in another account who can configure the service could make it act in this role.",
    "Add a condition StringEquals on aws:SourceAccount, or ArnLike on aws:SourceArn.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
)

PASSING_THE_SOURCE = frozenset(
    {
        "application-autoscaling",
        "appstream",
        "appsync",
        "bedrock",
        "codebuild",
        "comprehend",
        "datasync",
        "ecs-tasks",
        "elasticmapreduce",
        "frauddetector",
        "grafana",
        "greengrass",
        "iot",
        "kendra",
        "monitoring.rds",
        "personalize",
        "pipes",
        "rolesanywhere",
        "sagemaker",
        "scheduler",
        "ssm",
        "states",
        "transcribe",
        "transfer",
        "vpc-flow-logs",
    }
)
_SOURCE_KEYS = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths")


def service_findings(statement: Statement) -> Iterator[Found]:
    """Services of a trust statement that could say on whose behalf they act, and are not asked."""
    if not statement.allows or any(not each.negated for each in statement.on(*_SOURCE_KEYS)):
        return
    open_ones = sorted(each for each in statement.principals("Service") if _label(each) in PASSING_THE_SOURCE)
    if open_ones:
        account = parse_arn(statement.owner).account
        message = f"trusts {', '.join(open_ones)} on behalf of any account"
        fix = f'add the condition {{StringEquals: {{aws:SourceAccount: "{account}"}}}}'
        yield Found(WITHOUT_SOURCE, statement.at("services"), message, fix)


def _label(service: str) -> str:
    return service.partition(".amazonaws.com")[0]
