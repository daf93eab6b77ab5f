"""``aws:secretsmanager/secretVersion:SecretVersion``: one value of a secret.

Source: internal/service/secretsmanager/secret_version.go. AWS never lets go of the version in force, so deleting it
leaves it until the secret is deleted.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.base import Handler
from crossaccount.local.handlers.errors import ResourceError, already_gone, code, is_gone
from crossaccount.local.handlers.fields import Field, Kind
from crossaccount.local.handlers.secrets import in_region
from crossaccount.local.handlers.values import Properties

CURRENT = "AWSCURRENT"
PREVIOUS = "AWSPREVIOUS"
_NOT_HERE = "the local AWS's provider takes secretString only"


class SecretVersion(Handler):
    """ID ``<secretId>|<version ID>``. A new value is a new version; its staging labels change in place."""

    type = "aws:secretsmanager/secretVersion:SecretVersion"
    fields = {
        "region": Field(replaces=True, computed=True),
        "secretId": Field(required=True, replaces=True),
        "secretString": Field(required=True, replaces=True),
        "versionStages": Field(Kind.TEXTS, computed=True),
    }
    named_by = ("secretId",)
    outputs = frozenset({"arn", "secretArn", "versionId"})
    refused = {
        "secretBinary": _NOT_HERE,
        "secretStringWo": _NOT_HERE,
        "secretStringWoVersion": _NOT_HERE,
    }
    secrets = frozenset({"secretString"})

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        in_region(self.type, aws, inputs)
        secret_id = inputs["secretId"]
        stages: dict[str, Any] = {"VersionStages": inputs["versionStages"]} if inputs.get("versionStages") else {}
        version = aws.secretsmanager.put_secret_value(
            SecretId=secret_id, SecretString=inputs["secretString"], ClientRequestToken=str(uuid4()), **stages
        )
        return f"{secret_id}|{version['VersionId']}", _state(version, secret_id, inputs["secretString"], aws)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        secret_id, version_id = self._parts(id)
        try:
            version = aws.secretsmanager.get_secret_value(SecretId=secret_id, VersionId=version_id)
        except ClientError as error:
            if _is_lost(error):
                return None
            raise
        return id, _state(version, secret_id, version.get("SecretString", ""), aws)

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        secret_id, version_id = self._parts(id)
        before: list[str] = old.get("versionStages", [])
        after: list[str] = new.get("versionStages", before)
        for stage in after:
            if stage not in before:
                holder = _holder(aws, secret_id, stage)
                give_up: dict[str, Any] = {"RemoveFromVersionId": holder} if holder else {}
                aws.secretsmanager.update_secret_version_stage(
                    SecretId=secret_id, VersionStage=stage, MoveToVersionId=version_id, **give_up
                )
        # AWS itself has moved AWSPREVIOUS to the version that was in force.
        moved = {PREVIOUS} if CURRENT in after and CURRENT not in before else set()
        self._unlabel(aws, id, [stage for stage in before if stage not in after and stage not in moved])
        found = self.find(aws, id, new)
        return found[1] if found else {**old, **new}

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        try:
            self._unlabel(aws, id, state.get("versionStages", []))
        except ClientError as error:
            if not _is_lost(error):
                raise

    def _unlabel(self, aws: Aws, id: str, stages: list[str]) -> None:
        secret_id, version_id = self._parts(id)
        for stage in stages:
            if stage != CURRENT:
                with already_gone():
                    aws.secretsmanager.update_secret_version_stage(
                        SecretId=secret_id, VersionStage=stage, RemoveFromVersionId=version_id
                    )

    def _parts(self, id: str) -> tuple[str, str]:
        secret_id, bar, version_id = id.partition("|")
        if not (secret_id and bar and version_id):
            raise ResourceError(f"{self.type}: an ID is <secret ID>|<version ID>, got {id!r}")
        return secret_id, version_id


def _is_lost(error: ClientError) -> bool:
    """Whether the secret or the version is gone; a secret scheduled for deletion counts as gone, as in pulumi-aws."""
    return is_gone(error) or code(error) == "InvalidRequestException"


def _holder(aws: Aws, secret_id: str, stage: str) -> str | None:
    """The version that carries a staging label now: AWS moves a label only from where one says it is."""
    versions = aws.secretsmanager.list_secret_version_ids(SecretId=secret_id)["Versions"]
    return next((each["VersionId"] for each in versions if stage in each.get("VersionStages", [])), None)


def _state(version: Any, secret_id: str, text: str, aws: Aws) -> Properties:
    return {
        "arn": version["ARN"],
        "region": aws.region,
        "secretArn": version["ARN"],
        "secretId": secret_id,
        "secretString": text,
        "versionId": version["VersionId"],
        "versionStages": version["VersionStages"],
    }
