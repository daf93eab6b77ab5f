"""The alarm of the break-glass example: its template is deployed, and its rule sees each way into the role alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from crossaccount.local.clients import Aws
from crossaccount.local.server import LocalAws
from tests.scenarios import FOLDERS

ROLE = "arn:aws:iam::222222222222:role/BreakGlass"
TEMPLATE = (FOLDERS["break-glass"] / "alarm.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def account() -> Iterator[Aws]:
    """The role's account with the deployed template."""
    with LocalAws() as running, running.session("222222222222") as root:
        parameters = {"RoleArn": ROLE, "Email": "security@example.com"}
        root.client("cloudformation").create_stack(
            StackName="alarm",
            TemplateBody=TEMPLATE,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        root.client("cloudformation").get_waiter("stack_create_complete").wait(StackName="alarm")
        yield root


@pytest.fixture(scope="module")
def rule(account: Aws) -> dict[str, Any]:
    (found,) = account.client("events").list_rules()["Rules"]
    result: dict[str, Any] = found
    return result


def event(name: str = "AssumeRole", role: str = ROLE, source: str = "aws.sts", **detail: Any) -> dict[str, Any]:
    """An event as CloudTrail hands it to EventBridge."""
    return {
        "version": "0",
        "id": "1",
        "detail-type": "AWS API Call via CloudTrail",
        "source": source,
        "account": "222222222222",
        "time": "2026-12-01T00:00:00Z",
        "region": "us-west-2",
        "resources": [],
        "detail": {
            "eventSource": "sts.amazonaws.com",
            "eventName": name,
            "requestParameters": {"roleArn": role, "roleSessionName": "ann"},
            **detail,
        },
    }


@pytest.mark.parametrize(
    ("found", "seen"),
    [
        (event(), True),
        (event(errorCode="AccessDenied"), True),
        (event("AssumeRoleWithSAML"), True),
        (event("AssumeRoleWithWebIdentity"), True),
        (event("GetCallerIdentity"), False),
        (event(role="arn:aws:iam::222222222222:role/BreakGlassNot"), False),
        (event(source="aws.iam"), False),
    ],
    ids=lambda value: value["detail"]["eventName"] if isinstance(value, dict) else value,
)
def test_the_rule_sees_whoever_assumes_the_role(
    account: Aws, rule: dict[str, Any], found: dict[str, Any], seen: bool
) -> None:
    answer = account.client("events").test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(found))
    assert answer["Result"] is seen


def test_the_rule_receives_read_only_events_and_tells_the_topic(account: Aws, rule: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html."""
    assert rule["State"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    (topic,) = account.client("sns").list_topics()["Topics"]
    (target,) = account.client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == topic["TopicArn"]
    attributes = account.client("sns").get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
    (statement,) = json.loads(attributes["Policy"])["Statement"]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": rule["Arn"]}}
    (subscription,) = account.client("sns").list_subscriptions_by_topic(TopicArn=topic["TopicArn"])["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "security@example.com")
