"""An application for real: a Lambda function, running as its role, assumes a role of another account."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from crossaccount.local.clients import Aws

CODE = """
import boto3

def handler(event, context):
    sts = boto3.client("sts")
    try:
        session = sts.assume_role(RoleArn=event["role"], RoleSessionName="application")["Credentials"]
    except sts.exceptions.ClientError as error:
        return {"caller": sts.get_caller_identity()["Arn"], "error": error.response["Error"]["Code"]}
    s3 = boto3.client(
        "s3",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    listed = [entry["Key"] for entry in s3.list_objects_v2(Bucket=event["bucket"]).get("Contents", [])]
    return {"caller": sts.get_caller_identity()["Arn"], "objects": listed}
"""
LAMBDA_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        ],
    }
)


def allow(action: str, resource: str) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def application(root: Aws, name: str, action: str, resource: str) -> str:
    arn = root.iam.create_role(RoleName=name, AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]["Arn"]
    root.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=allow(action, resource))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", CODE)
    root.lambda_.create_function(
        FunctionName=name,
        Role=arn,
        Runtime="python3.11",
        Handler="index.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=30,
    )
    return arn


def invoke(root: Aws, name: str, **event: str) -> dict[str, Any]:
    answer = root.lambda_.invoke(FunctionName=name, Payload=json.dumps(event))
    with answer["Payload"] as payload:
        result: dict[str, Any] = json.loads(payload.read())
    assert "FunctionError" not in answer, result
    return result


@pytest.fixture
def accounts(fresh_account: Callable[[], Aws]) -> tuple[Aws, Aws]:
    return fresh_account(), fresh_account()


def test_the_trusted_application_gets_in_and_no_other(accounts: tuple[Aws, Aws], role: Callable[..., str]) -> None:
    auth, workload = accounts
    target = f"arn:aws:iam::{workload.account_id()}:role/AssumedRole"
    assuming = application(auth, "AssumingRole", "sts:AssumeRole", target)
    application(auth, "Other", "sts:*", "*")
    bucket = f"application-{workload.account_id()}"
    workload.s3.create_bucket(Bucket=bucket)
    workload.s3.put_object(Bucket=bucket, Key="one", Body=b"1")
    role(workload, "AssumedRole", assuming)
    document = allow("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    workload.iam.put_role_policy(RoleName="AssumedRole", PolicyName="p", PolicyDocument=document)

    caller = f"arn:aws:sts::{auth.account_id()}:assumed-role"
    assert invoke(auth, "AssumingRole", role=target, bucket=bucket) == {
        "caller": f"{caller}/AssumingRole/AssumingRole",
        "objects": ["one"],
    }
    assert invoke(auth, "Other", role=target, bucket=bucket) == {
        "caller": f"{caller}/Other/Other",
        "error": "AccessDenied",
    }
