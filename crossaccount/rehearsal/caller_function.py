"""The Lambda function that stands for an application: it assumes a role with its own execution role's session.

The function's code is this text and boto3, as any application's would be. It answers with the session's credentials, so
that the rehearsal can go on to try what the session may do; on a local AWS they open nothing else.
"""

from __future__ import annotations

import io
import zipfile

HANDLER = "caller.handler"

_SOURCE = """
import boto3
from botocore.exceptions import ClientError


def handler(event, context):
    try:
        answer = boto3.client("sts", region_name=event["region"]).assume_role(**event["request"])
    except ClientError as error:
        return {"error": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}
    keys = answer["Credentials"]
    return {"credentials": [keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]]}
"""


def package() -> bytes:
    """The function's deployment package, a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("caller.py", _SOURCE)
    return buffer.getvalue()
