"""``aws:secretsmanager/secret:Secret``. Source: internal/service/secretsmanager/secret.go."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers import tags
from crossaccount.local.handlers.base import AUTO_NAMES, Handler, same_as_before
from crossaccount.local.handlers.errors import ResourceError, already_gone, code, is_gone
from crossaccount.local.handlers.fields import Field, Kind, between
from crossaccount.local.handlers.values import Properties

_NOT_HERE = "the local AWS's provider does not manage it"


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
        "policy": f"{_NOT_HERE}; nor does this project",
        "replicas": f"{_NOT_HERE}; nor does this project",
        "type": f"{_NOT_HERE}; nor does this project",
    }

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        in_region(self.type, aws, inputs)
        arguments: dict[str, Any] = {
            "Name": inputs["name"],
            "Description": inputs.get("description") or "",
            "ForceOverwriteReplicaSecret": inputs["forceOverwriteReplicaSecret"],
            "Tags": tags.for_aws(tags.wanted(inputs)),
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
        return secret["ARN"], _state({**arguments, **secret}, aws, inputs)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        try:
            secret: Any = aws.secretsmanager.describe_secret(SecretId=id)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return None if secret.get("DeletedDate") else (secret["ARN"], _state(secret, aws, state))

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        if any((old.get(name) or "") != (new.get(name) or "") for name in ("description", "kmsKeyId")):
            key: dict[str, Any] = {"KmsKeyId": new["kmsKeyId"]} if new.get("kmsKeyId") else {}
            aws.secretsmanager.update_secret(SecretId=id, Description=new.get("description") or "", **key)
        take_off, put_on = tags.changes(old, new)
        if take_off:
            aws.secretsmanager.untag_resource(SecretId=id, TagKeys=take_off)
        if put_on:
            aws.secretsmanager.tag_resource(SecretId=id, Tags=tags.for_aws(put_on))
        return _state(aws.secretsmanager.describe_secret(SecretId=id), aws, new)

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        days = state.get("recoveryWindowInDays") or 0
        how: dict[str, Any] = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        with already_gone():
            aws.secretsmanager.delete_secret(SecretId=id, **how)


def in_region(type_: str, aws: Aws, inputs: Properties) -> None:
    """Refuse a ``region`` that is not the provider's: pulumi-aws can, a rehearsal has no use for it."""
    if inputs.get("region", aws.region) != aws.region:
        got = inputs["region"]
        raise ResourceError(f"{type_}: region must be the provider's, {aws.region}, got {got}; leave it out")


def _is_scheduled_for_deletion(aws: Aws, name: str) -> bool:
    return bool(aws.secretsmanager.describe_secret(SecretId=name).get("DeletedDate"))


def _state(secret: Any, aws: Aws, known: Properties) -> Properties:
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
        **tags.outputs(secret.get("Tags", []), known),
    }
