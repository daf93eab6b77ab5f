"""What a session may do, tried: one real call per action.

Owns the table of actions that can be tried, what must exist before (made by the account's root), and what an answer
means. An action that is not in the table, or that is asked of something else than what it is for, is not tried, and its
verdict is judged instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crossaccount.iam.arn import Arn, parse_arn
from crossaccount.local.clients import Aws
from crossaccount.local.handlers.errors import aws_words

DENIED = re.compile(r"AccessDenied|UnauthorizedOperation|AllAccessDisabled")
THERE = re.compile(r"BucketAlready")
"""S3 looks for a bucket of the name only once the call is allowed."""
ANYTHING = Arn("aws", "*", "", "", "*")


class CallFailed(Exception):
    """A call failed for another reason than permissions, so it proves nothing."""


@dataclass(frozen=True)
class ServiceCall:
    """How one action is tried. ``prepare`` makes what the call needs, ``call`` is the call itself.

    ``on_resource``: the call is about the resource that the ARN names, not about the account.
    """

    call: Callable[[Aws, Arn], Any]
    prepare: Callable[[Aws, Arn], Any] | None = None
    on_resource: bool = True


def _bucket(arn: Arn) -> str:
    return arn.resource.split("/", 1)[0]


def _object(arn: Arn) -> dict[str, Any]:
    bucket, _, key = arn.resource.partition("/")
    return {"Bucket": bucket, "Key": key or "object"}


def _make_object(root: Aws, arn: Arn) -> None:
    root.s3.put_object(**_object(arn), Body=b"rehearsal")


def _queue_url(root: Aws, arn: Arn) -> str:
    return root.sqs.create_queue(QueueName=arn.resource)["QueueUrl"]


def _on_queue(method: str, **arguments: Any) -> Callable[[Aws, Arn], Any]:
    def call(aws: Aws, arn: Arn) -> Any:
        return getattr(aws.sqs, method)(QueueUrl=f"{aws.endpoint}/{arn.account}/{arn.resource}", **arguments)

    return call


def _location(aws: Aws) -> dict[str, Any]:
    return {} if aws.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}


def _of_account(service: str, method: str) -> ServiceCall:
    return ServiceCall(lambda aws, _: getattr(aws.client(service), method)(), on_resource=False)


SERVICE_CALLS: dict[str, ServiceCall] = {
    "s3:ListAllMyBuckets": _of_account("s3", "list_buckets"),
    "s3:ListBucket": ServiceCall(lambda aws, arn: aws.s3.list_objects_v2(Bucket=_bucket(arn))),
    "s3:GetBucketLocation": ServiceCall(lambda aws, arn: aws.s3.get_bucket_location(Bucket=_bucket(arn))),
    "s3:CreateBucket": ServiceCall(lambda aws, arn: aws.s3.create_bucket(Bucket=_bucket(arn), **_location(aws))),
    "s3:GetObject": ServiceCall(lambda aws, arn: aws.s3.get_object(**_object(arn)), _make_object),
    "s3:PutObject": ServiceCall(lambda aws, arn: aws.s3.put_object(**_object(arn), Body=b"rehearsal")),
    "s3:DeleteObject": ServiceCall(lambda aws, arn: aws.s3.delete_object(**_object(arn)), _make_object),
    "sqs:CreateQueue": ServiceCall(lambda aws, arn: aws.sqs.create_queue(QueueName=arn.resource)),
    "sqs:ListQueues": _of_account("sqs", "list_queues"),
    "sqs:SendMessage": ServiceCall(_on_queue("send_message", MessageBody="rehearsal"), _queue_url),
    "sqs:ReceiveMessage": ServiceCall(_on_queue("receive_message"), _queue_url),
    "sqs:GetQueueAttributes": ServiceCall(_on_queue("get_queue_attributes", AttributeNames=["All"]), _queue_url),
    "ec2:DescribeInstances": _of_account("ec2", "describe_instances"),
    "ec2:DescribeRegions": _of_account("ec2", "describe_regions"),
    "ec2:DescribeVpcs": _of_account("ec2", "describe_vpcs"),
    "iam:CreateUser": ServiceCall(lambda aws, arn: aws.iam.create_user(UserName=arn.name, Path=arn.path)),
    "iam:ListRoles": _of_account("iam", "list_roles"),
    "iam:ListUsers": _of_account("iam", "list_users"),
    "cloudformation:ListStacks": _of_account("cloudformation", "list_stacks"),
    "cloudwatch:ListMetrics": _of_account("cloudwatch", "list_metrics"),
    "events:ListRules": _of_account("events", "list_rules"),
    "lambda:ListFunctions": _of_account("lambda", "list_functions"),
    "secretsmanager:ListSecrets": _of_account("secretsmanager", "list_secrets"),
}


def can_be_tried(action: str, resource: str) -> bool:
    """Whether there is a call for ``action``, and ``resource`` is something that it can be about."""
    service_call = SERVICE_CALLS.get(action)
    if service_call is None:
        return False
    return not service_call.on_resource or resource.startswith(f"arn:aws:{action.partition(':')[0]}:")


def allowed(session: Aws, root: Aws, action: str, resource: str) -> bool:
    """Whether ``session`` may do ``action`` on ``resource``, an ARN (of no importance to actions that take none).

    ``root`` is the root of the resource's account and makes what the call needs.

    Raises:
        CallFailed: neither allowed nor denied, such as a bucket that is not there.
    """
    from botocore.exceptions import ClientError

    service_call = SERVICE_CALLS[action]
    arn = parse_arn(resource) if service_call.on_resource else ANYTHING
    try:
        if service_call.prepare is not None:
            service_call.prepare(root, arn)
    except ClientError as error:
        raise CallFailed(f"cannot prepare {action} on {resource}: {aws_words(error)}") from error
    try:
        service_call.call(session, arn)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if DENIED.search(code) or error.response["ResponseMetadata"]["HTTPStatusCode"] == 403:
            return False
        if not THERE.search(code):
            raise CallFailed(f"{action} on {resource}: {aws_words(error)}") from error
    return True
