"""``aws:iam/rolePoliciesExclusive:…`` and ``aws:iam/rolePolicyAttachmentsExclusive:…``, also for users and groups.

Source: internal/service/iam/role_policies_exclusive.go, role_policy_attachments_exclusive.go and their siblings. As
there, they act when they are created and when their list differs from the state, on what AWS has at that moment; so
what somebody adds by hand goes only after a refresh has shown it. Deleting one changes nothing in AWS.
"""

from __future__ import annotations

from abc import abstractmethod

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.base import Handler
from crossaccount.local.handlers.entities import EntityKind
from crossaccount.local.handlers.errors import ResourceError, is_gone
from crossaccount.local.handlers.fields import Field, Kind
from crossaccount.local.handlers.values import Properties


class _Exclusive(Handler):
    """ID: the entity's name."""

    def __init__(self, kind: EntityKind, what: str, members: str) -> None:
        self.kind = kind
        self.entity = f"{kind.name}Name"
        self.members = members
        self.type = f"aws:iam/{kind.name}{what}:{kind.title}{what}"
        self.named_by = (self.entity,)
        self.fields = {self.entity: Field(required=True, replaces=True), members: Field(Kind.TEXTS, required=True)}

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        self._synchronise(aws, inputs[self.entity], inputs[self.members])
        return inputs[self.entity], dict(inputs)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        try:
            found = self.present(aws, id)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        known = state.get(self.members, [])
        # In the program's order, so that only real changes show.
        ordered = [each for each in known if each in found] + sorted(set(found) - set(known))
        return id, {self.entity: id, self.members: ordered}

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        self._synchronise(aws, id, new[self.members])
        return dict(new)

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        """Nothing: what the list named stays, and belongs to the resources that declared it."""

    def _synchronise(self, aws: Aws, entity: str, wanted: list[str]) -> None:
        found = self.present(aws, entity)
        for member in wanted:
            if member not in found:
                self.add(aws, entity, member)
        for member in found:
            if member not in wanted:
                self.remove(aws, entity, member)

    @abstractmethod
    def present(self, aws: Aws, entity: str) -> list[str]:
        """What the entity has now."""

    @abstractmethod
    def add(self, aws: Aws, entity: str, member: str) -> None:
        """Give the entity what it lacks."""

    @abstractmethod
    def remove(self, aws: Aws, entity: str, member: str) -> None:
        """Take from the entity what it has too much."""


class PoliciesExclusive(_Exclusive):
    """All inline policies of an entity, by name."""

    def __init__(self, kind: EntityKind) -> None:
        super().__init__(kind, "PoliciesExclusive", "policyNames")

    def present(self, aws: Aws, entity: str) -> list[str]:
        return self.kind.inline(aws, entity)

    def add(self, aws: Aws, entity: str, member: str) -> None:
        # pulumi-aws puts a policy without a document, and AWS refuses that.
        raise ResourceError(
            f"{self.type} {entity}: names inline policy {member!r}, which is not there and has no document here; "
            f"declare it as {self.kind.title}Policy, and depend on it"
        )

    def remove(self, aws: Aws, entity: str, member: str) -> None:
        self.kind.drop(aws, entity, member)


class PolicyAttachmentsExclusive(_Exclusive):
    """All managed policies attached to an entity, by ARN."""

    def __init__(self, kind: EntityKind) -> None:
        super().__init__(kind, "PolicyAttachmentsExclusive", "policyArns")

    def present(self, aws: Aws, entity: str) -> list[str]:
        return self.kind.attached(aws, entity)

    def add(self, aws: Aws, entity: str, member: str) -> None:
        self.kind.attach(aws, entity, member)

    def remove(self, aws: Aws, entity: str, member: str) -> None:
        self.kind.detach(aws, entity, member)
