"""What a session may do, tried: one real call to S3, SQS or EC2 per action.

Owns the table of actions that can be tried, what must exist before (made by the account's root), and what an answer
means. An action that is not in the table is not tried, and its verdict is judged instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crossaccount.iam.arn import Arn, parse_arn
from crossaccount.local.clients import Aws

DENIED = re.compile(r"AccessDenied|UnauthorizedOperation|AllAccessDisabled")


class CallFailed(Exception):
    """A call failed for another reason than permissions, so it proves nothing."""


@dataclass(frozen=True)
class ServiceCall:
    """How one action is tried. ``prepare`` makes what the call needs, ``call`` is the call itself."""

    call: Callable[[Aws, Arn], Any]
    prepare: Callable[[Aws, Arn], Any] | None = None


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


SERVICE_CALLS: dict[str, ServiceCall] = {
    "s3:ListAllMyBuckets": ServiceCall(lambda aws, _: aws.s3.list_buckets()),
    "s3:ListBucket": ServiceCall(lambda aws, arn: aws.s3.list_objects_v2(Bucket=_bucket(arn))),
    "s3:GetBucketLocation": ServiceCall(lambda aws, arn: aws.s3.get_bucket_location(Bucket=_bucket(arn))),
    "s3:CreateBucket": ServiceCall(lambda aws, arn: aws.s3.create_bucket(Bucket=_bucket(arn), **_location(aws))),
    "s3:GetObject": ServiceCall(lambda aws, arn: aws.s3.get_object(**_object(arn)), _make_object),
    "s3:PutObject": ServiceCall(lambda aws, arn: aws.s3.put_object(**_object(arn), Body=b"rehearsal")),
    "s3:DeleteObject": ServiceCall(lambda aws, arn: aws.s3.delete_object(**_object(arn)), _make_object),
    "sqs:CreateQueue": ServiceCall(lambda aws, arn: aws.sqs.create_queue(QueueName=arn.resource)),
    "sqs:ListQueues": ServiceCall(lambda aws, _: aws.sqs.list_queues()),
    "sqs:SendMessage": ServiceCall(_on_queue("send_message", MessageBody="rehearsal"), _queue_url),
    "sqs:ReceiveMessage": ServiceCall(_on_queue("receive_message"), _queue_url),
    "sqs:GetQueueAttributes": ServiceCall(_on_queue("get_queue_attributes", AttributeNames=["All"]), _queue_url),
    "ec2:DescribeInstances": ServiceCall(lambda aws, _: aws.ec2.describe_instances()),
    "ec2:DescribeRegions": ServiceCall(lambda aws, _: aws.ec2.describe_regions()),
    "ec2:DescribeVpcs": ServiceCall(lambda aws, _: aws.ec2.describe_vpcs()),
}


def can_be_tried(action: str) -> bool:
    """Whether there is a call for ``action``."""
    return action in SERVICE_CALLS


def allowed(session: Aws, root: Aws, action: str, resource: str) -> bool:
    """Whether ``session`` may do ``action`` on ``resource`` (an ARN, or ``*`` for actions that take none).

    ``root`` is the root of the resource's account and makes what the call needs.

    Raises:
        CallFailed: neither allowed nor denied, such as a bucket that is not there.
    """
    from botocore.exceptions import ClientError

    service_call = SERVICE_CALLS[action]
    arn = parse_arn(resource) if resource != "*" else Arn("aws", "*", "", "", "*")
    try:
        if service_call.prepare is not None:
            service_call.prepare(root, arn)
    except ClientError as error:
        raise CallFailed(f"cannot prepare {action} on {resource}: {error}") from error
    try:
        service_call.call(session, arn)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if DENIED.search(code) or error.response["ResponseMetadata"]["HTTPStatusCode"] == 403:
            return False
        raise CallFailed(f"{action} on {resource}: {error}") from error
    return True
