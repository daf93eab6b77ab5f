"""Secrets Manager: a secret, and one value of it.

``aws:secretsmanager/secret:Secret`` and ``aws:secretsmanager/secretVersion:SecretVersion``. AWS keeps the version in
force until the secret is deleted, so deleting that version changes nothing.

Source: internal/service/secretsmanager/secret.go, secret_version.go.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.calls import Calls, secretsmanager
from crossaccount.local.handlers.errors import ResourceError, already_gone, code, is_gone
from crossaccount.local.handlers.handler import AUTO_NAMES, Handler, same_as_before
from crossaccount.local.handlers.properties import (
    Field,
    Kind,
    Properties,
    between,
    retag,
    tag_outputs,
    tags_for_aws,
    wanted_tags,
)

_NOT_MANAGED = "the local AWS's provider does not manage it"


class Secret(Handler):
    """The secret without a value. ID: the ARN. Deleted, its name stays taken for ``recoveryWindowInDays`` (0: not)."""

    type = "aws:secretsmanager/secret:Secret"
    fields = {
        "description": Field(),
        "forceOverwriteReplicaSecret": Field(Kind.FLAG, default=False),
        "kmsKeyId": Field(),
        "name": Field(required=True, replaces=True),
        "recoveryWindowInDays": Field(Kind.NUMBER, default=30, refuse=between(7, 30, 0)),
        "region": Field(replaces=True, computed=True),
        "tags": Field(Kind.MAP),
    }
    outputs = frozenset({"arn", "namePrefix", "policy", "replicas", "tagsAll"})
    refused = {
        "namePrefix": AUTO_NAMES,
        "policy": f"{_NOT_MANAGED}; nor does this project",
        "replicas": f"{_NOT_MANAGED}; nor does this project",
        "type": f"{_NOT_MANAGED}; nor does this project",
    }
    calls = Calls(
        create=secretsmanager("CreateSecret", "DescribeSecret"),
        read=secretsmanager("DescribeSecret"),
        update=secretsmanager("UpdateSecret", "TagResource", "UntagResource", "DescribeSecret"),
        delete=secretsmanager("DeleteSecret"),
        aws={
            "create": secretsmanager("GetResourcePolicy", "TagResource"),
            "read": secretsmanager("GetResourcePolicy"),
            "update": secretsmanager("GetResourcePolicy"),
            "delete": secretsmanager("DescribeSecret"),
        },
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        in_region(self.type, aws, inputs)
        arguments: dict[str, Any] = {
            "Name": inputs["name"],
            "Description": inputs.get("description") or "",
            "ForceOverwriteReplicaSecret": inputs["forceOverwriteReplicaSecret"],
            "Tags": tags_for_aws(wanted_tags(inputs)),
        }
        if inputs.get("kmsKeyId"):
            arguments["KmsKeyId"] = inputs["kmsKeyId"]
        try:
            secret = aws.secretsmanager.create_secret(**arguments)
        except ClientError as error:
            if code(error) == "ResourceExistsException" and _is_scheduled_for_deletion(aws, inputs["name"]):
                raise ResourceError(
                    f"{self.type} {inputs['name']}: CreateSecret: InvalidRequestException: You can't create this "
                    "secret because a secret with this name is already scheduled for deletion."
                ) from None
            raise
        return secret["ARN"], _secret_state({**arguments, **secret}, aws, inputs)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        try:
            secret: Any = aws.secretsmanager.describe_secret(SecretId=id)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return None if secret.get("DeletedDate") else (secret["ARN"], _secret_state(secret, aws, state))

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        if any((old.get(name) or "") != (new.get(name) or "") for name in ("description", "kmsKeyId")):
            key: dict[str, Any] = {"KmsKeyId": new["kmsKeyId"]} if new.get("kmsKeyId") else {}
            aws.secretsmanager.update_secret(SecretId=id, Description=new.get("description") or "", **key)
        retag(old, new, aws.secretsmanager.tag_resource, aws.secretsmanager.untag_resource, SecretId=id)
        return _secret_state(aws.secretsmanager.describe_secret(SecretId=id), aws, new)

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        days = state.get("recoveryWindowInDays") or 0
        how: dict[str, Any] = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        with already_gone():
            aws.secretsmanager.delete_secret(SecretId=id, **how)


def in_region(type_: str, aws: Aws, inputs: Properties) -> None:
    """Refuse a ``region`` other than the provider's: pulumi-aws supports it, but a rehearsal does not need it."""
    if inputs.get("region", aws.region) != aws.region:
        got = inputs["region"]
        raise ResourceError(f"{type_}: region must be the provider's, {aws.region}, got {got}; leave it out")


def _is_scheduled_for_deletion(aws: Aws, name: str) -> bool:
    return bool(aws.secretsmanager.describe_secret(SecretId=name).get("DeletedDate"))


def _secret_state(secret: Any, aws: Aws, known: Properties) -> Properties:
    return {
        **same_as_before(known, "forceOverwriteReplicaSecret", "recoveryWindowInDays"),
        "arn": secret["ARN"],
        **({"description": secret["Description"]} if secret.get("Description") else {}),
        **({"kmsKeyId": secret["KmsKeyId"]} if secret.get("KmsKeyId") else {}),
        "name": secret["Name"],
        "namePrefix": "",
        "policy": "",
        "region": aws.region,
        "replicas": [],
        **tag_outputs(secret.get("Tags", []), known),
    }


CURRENT = "AWSCURRENT"
PREVIOUS = "AWSPREVIOUS"
_TEXT_ONLY = "the local AWS's provider takes secretString only"


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
        "secretBinary": _TEXT_ONLY,
        "secretStringWo": _TEXT_ONLY,
        "secretStringWoVersion": _TEXT_ONLY,
    }
    secrets = frozenset({"secretString"})
    calls = Calls(
        create=secretsmanager("PutSecretValue"),
        read=secretsmanager("GetSecretValue"),
        update=secretsmanager("ListSecretVersionIds", "UpdateSecretVersionStage", "GetSecretValue"),
        delete=secretsmanager("UpdateSecretVersionStage"),
        aws={"create": secretsmanager("GetSecretValue")},
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        in_region(self.type, aws, inputs)
        secret_id = inputs["secretId"]
        stages: dict[str, Any] = {"VersionStages": inputs["versionStages"]} if inputs.get("versionStages") else {}
        version = aws.secretsmanager.put_secret_value(
            SecretId=secret_id, SecretString=inputs["secretString"], ClientRequestToken=str(uuid4()), **stages
        )
        return f"{secret_id}|{version['VersionId']}", _version_state(version, secret_id, inputs["secretString"], aws)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        secret_id, version_id = self._parts(id)
        try:
            version = aws.secretsmanager.get_secret_value(SecretId=secret_id, VersionId=version_id)
        except ClientError as error:
            if _is_lost(error):
                return None
            raise
        return id, _version_state(version, secret_id, version.get("SecretString", ""), aws)

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
    """The version that has a staging label now: AWS moves a label only if the call names its present version."""
    versions = aws.secretsmanager.list_secret_version_ids(SecretId=secret_id)["Versions"]
    return next((each["VersionId"] for each in versions if stage in each.get("VersionStages", [])), None)


def _version_state(version: Any, secret_id: str, text: str, aws: Aws) -> Properties:
    return {
        "arn": version["ARN"],
        "region": aws.region,
        "secretArn": version["ARN"],
        "secretId": secret_id,
        "secretString": text,
        "versionId": version["VersionId"],
        "versionStages": version["VersionStages"],
    }
