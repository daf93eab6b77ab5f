"""``aws:iam/rolePolicyAttachment:RolePolicyAttachment``, and the same for users and groups.

Source: internal/service/iam/role_policy_attachment.go, user_policy_attachment.go, group_policy_attachment.go, and
pulumi-aws's provider/resource_overrides.go for delete-before-replace. Attaching what is attached changes nothing.
"""

from __future__ import annotations

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.base import Handler
from crossaccount.local.handlers.entities import EntityKind
from crossaccount.local.handlers.errors import ResourceError, already_gone, is_gone
from crossaccount.local.handlers.fields import Field
from crossaccount.local.handlers.values import Properties


class PolicyAttachment(Handler):
    """ID ``<entity>/<policy ARN>``."""

    delete_before_replace = True

    def __init__(self, kind: EntityKind) -> None:
        self.kind = kind
        self.type = f"aws:iam/{kind.name}PolicyAttachment:{kind.title}PolicyAttachment"
        self.named_by = (kind.name, "policyArn")
        self.fields = {
            "policyArn": Field(required=True, replaces=True),
            kind.name: Field(required=True, replaces=True),
        }

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        entity, arn = inputs[self.kind.name], inputs["policyArn"]
        self.kind.attach(aws, entity, arn)
        return f"{entity}/{arn}", dict(inputs)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        entity, arn = self._parts(id)
        try:
            attached = self.kind.attached(aws, entity)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return (id, {self.kind.name: entity, "policyArn": arn}) if arn in attached else None

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        with already_gone():
            self.kind.detach(aws, *self._parts(id))

    def _parts(self, id: str) -> tuple[str, str]:
        entity, slash, arn = id.partition("/")
        if not (entity and slash and arn):
            raise ResourceError(f"{self.type}: an ID is <{self.kind.name} name>/<policy ARN>, got {id!r}")
        return entity, arn
