"""``aws:iam/rolePolicy:RolePolicy``, and the same for users and groups: one inline policy.

Source: internal/service/iam/role_policy.go, user_policy.go, group_policy.go. Creating one that is there overwrites it,
as in IAM.
"""

from __future__ import annotations

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.base import AUTO_NAMES, Handler
from crossaccount.local.handlers.documents import in_the_states_words
from crossaccount.local.handlers.entities import EntityKind
from crossaccount.local.handlers.errors import ResourceError, already_gone, is_gone
from crossaccount.local.handlers.fields import Field, Kind
from crossaccount.local.handlers.values import Properties


class InlinePolicy(Handler):
    """ID ``<entity>:<policy>``."""

    refused = {"namePrefix": AUTO_NAMES}

    def __init__(self, kind: EntityKind) -> None:
        self.kind = kind
        self.type = f"aws:iam/{kind.name}Policy:{kind.title}Policy"
        self.named_by = (kind.name, "name")
        self.fields = {
            "name": Field(required=True, replaces=True),
            kind.name: Field(required=True, replaces=True),
            "policy": Field(Kind.DOCUMENT, required=True),
        }

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self.kind.put(aws, inputs[self.kind.name], inputs["name"], inputs["policy"])
        return self.label(inputs), dict(inputs)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        entity, name = self._parts(id)
        try:
            document = self.kind.get(aws, entity, name)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        text = in_the_states_words(state.get("policy"), document)
        return id, {"name": name, self.kind.name: entity, "policy": text}

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        self.kind.put(aws, new[self.kind.name], new["name"], new["policy"])
        return dict(new)

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        with already_gone():
            self.kind.drop(aws, *self._parts(id))

    def _parts(self, id: str) -> tuple[str, str]:
        entity, colon, name = id.partition(":")
        if not (entity and colon and name):
            raise ResourceError(f"{self.type}: an ID is <{self.kind.name} name>:<policy name>, got {id!r}")
        return entity, name
