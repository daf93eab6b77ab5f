"""AWS-managed policies: all of them exist here, with AWS's documents.

MiniStack carries some two dozen and knows nothing of the rest; a session whose role has one attached that MiniStack
does not know can do nothing. The documents come from the same bundle as the analyser's
(``crossaccount.access.estate.policies``), also for those that MiniStack carries, so that a policy means the
same tried and judged. A policy is put in place when a call first names it.

MiniStack has no call that makes an AWS-managed policy, so it goes into the store directly.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import unquote

from crossaccount.access.estate.policies import managed_document
from crossaccount.local.hardening.answers import text_of
from crossaccount.local.hardening.call import Call
from crossaccount.local.hardening.engine import DEFAULT_ACCOUNT, Engine
from crossaccount.local.hardening.store import put_aws_managed

PREFIX = "arn:aws:iam::aws:policy/"


async def present(call: Call, engine: Engine) -> None:
    """Every call that names policies: those of AWS are in place when MiniStack looks."""
    named = [call.get("PolicyArn"), call.get("PermissionsBoundary"), *call.members("PolicyArns", "arn")]
    await put_in_place([arn for arn in named if arn.startswith(PREFIX)], engine)


async def put_in_place(arns: Iterable[str], engine: Engine) -> None:
    """Give MiniStack the documents of AWS-managed policies; an ARN that AWS does not have stays unknown."""
    for arn in arns:
        document = managed_document(arn)
        if document is None:
            continue
        text = json.dumps(document)
        if await document_in_place(arn, engine) != text:
            put_aws_managed(arn, arn.removeprefix(PREFIX), text)


async def document_in_place(arn: str, engine: Engine) -> str:
    """The document that MiniStack has, empty where it has none."""
    found = await engine.find(DEFAULT_ACCOUNT, "GetPolicyVersion", PolicyArn=arn, VersionId="v1")
    return unquote(text_of(found, "GetPolicyVersionResult/PolicyVersion/Document"))
