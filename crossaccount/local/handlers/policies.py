"""``aws:iam/policy:Policy``. Source: internal/service/iam/policy.go."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers import tags
from crossaccount.local.handlers.base import AUTO_NAMES, Handler
from crossaccount.local.handlers.documents import equivalent, in_the_states_words
from crossaccount.local.handlers.errors import already_gone, is_gone
from crossaccount.local.handlers.fields import Field, Kind
from crossaccount.local.handlers.values import Properties

VERSIONS = 5
"""How many versions of a managed policy AWS keeps (reference_iam-quotas.html)."""


class Policy(Handler):
    """ID: the ARN. A changed document is a new default version; name, path and description replace."""

    type = "aws:iam/policy:Policy"
    fields = {
        "description": Field(replaces=True),
        "name": Field(required=True, replaces=True),
        "path": Field(default="/", replaces=True),
        "policy": Field(Kind.DOCUMENT, required=True),
        "tags": Field(Kind.MAP),
    }
    outputs = frozenset({"arn", "attachmentCount", "namePrefix", "policyId", "tagsAll"})
    refused = {
        "delayAfterPolicyCreationInMs": "the local AWS is consistent at once: there is nothing to wait for",
        "namePrefix": AUTO_NAMES,
    }

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        policy: Any = aws.iam.create_policy(
            PolicyName=inputs["name"],
            Path=inputs["path"],
            PolicyDocument=inputs["policy"],
            Description=inputs.get("description") or "",
            Tags=tags.for_aws(tags.wanted(inputs)),
        )["Policy"]
        described = {"Description": inputs.get("description"), "Tags": tags.for_aws(tags.wanted(inputs)), **policy}
        return policy["Arn"], _state(described, inputs["policy"], inputs)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        try:
            policy = aws.iam.get_policy(PolicyArn=id)["Policy"]
            version = aws.iam.get_policy_version(PolicyArn=id, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        text = in_the_states_words(state.get("policy"), version["Document"])
        return policy["Arn"], _state(policy, text, state)

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        if not equivalent(old.get("policy"), new["policy"]):
            _prune(aws, id)
            aws.iam.create_policy_version(PolicyArn=id, PolicyDocument=new["policy"], SetAsDefault=True)
        take_off, put_on = tags.changes(old, new)
        if take_off:
            aws.iam.untag_policy(PolicyArn=id, TagKeys=take_off)
        if put_on:
            aws.iam.tag_policy(PolicyArn=id, Tags=tags.for_aws(put_on))
        return _state(aws.iam.get_policy(PolicyArn=id)["Policy"], new["policy"], new)

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        with already_gone():
            for version in _versions(aws, id):
                if not version["IsDefaultVersion"]:
                    aws.iam.delete_policy_version(PolicyArn=id, VersionId=version["VersionId"])
            aws.iam.delete_policy(PolicyArn=id)


def _versions(aws: Aws, arn: str) -> list[Any]:
    return list(aws.iam.list_policy_versions(PolicyArn=arn)["Versions"])


def _prune(aws: Aws, arn: str) -> None:
    """Make room for one more version: the oldest goes, never the one in force."""
    versions = _versions(aws, arn)
    if len(versions) < VERSIONS:
        return
    spare = [version for version in versions if not version["IsDefaultVersion"]]
    # Numbers rather than dates: several versions may be of the same second.
    oldest = min(spare, key=lambda version: int(version["VersionId"].removeprefix("v")))
    aws.iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])


def _state(policy: Any, document: str, known: Properties) -> Properties:
    return {
        "arn": policy["Arn"],
        "attachmentCount": policy.get("AttachmentCount", 0),
        **({"description": policy["Description"]} if policy.get("Description") else {}),
        "name": policy["PolicyName"],
        "namePrefix": "",
        "path": policy["Path"],
        "policy": document,
        "policyId": policy["PolicyId"],
        **tags.outputs(policy.get("Tags", []), known),
    }
