"""Policies: managed policies, and the policies in and on a role, a user or a group.

``aws:iam/policy:Policy``; for each kind of entity ``RolePolicy``, ``RolePolicyAttachment``, ``RolePoliciesExclusive``
and ``RolePolicyAttachmentsExclusive``. IAM's operations differ only in the entity's name (``PutRolePolicy``,
``PutUserPolicy``, ``PutGroupPolicy``), so one :class:`EntityKind` serves all three.

Source: internal/service/iam/policy.go, role_policy.go, role_policy_attachment.go, role_policies_exclusive.go,
role_policy_attachments_exclusive.go and their siblings for users and groups; pulumi-aws's
provider/resource_overrides.go for delete-before-replace.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.calls import NO_CALLS, Actions, Calls, iam
from crossaccount.local.handlers.errors import ResourceError, already_gone, is_gone
from crossaccount.local.handlers.handler import AUTO_NAMES, Handler
from crossaccount.local.handlers.properties import (
    Field,
    Kind,
    Properties,
    equivalent,
    retag,
    spelled_as_known,
    tag_outputs,
    tags_for_aws,
    wanted_tags,
)


@dataclass(frozen=True)
class EntityKind:
    """``role``, ``user`` or ``group``."""

    name: str

    @property
    def title(self) -> str:
        """``Role``."""
        return self.name.capitalize()

    def put(self, aws: Aws, entity: str, policy: str, document: str) -> None:
        """Put an inline policy into the entity, or overwrite it."""
        self._call(aws, f"put_{self.name}_policy", entity, PolicyName=policy, PolicyDocument=document)

    def get(self, aws: Aws, entity: str, policy: str) -> Any:
        """The document of an inline policy, parsed."""
        return self._call(aws, f"get_{self.name}_policy", entity, PolicyName=policy)["PolicyDocument"]

    def drop(self, aws: Aws, entity: str, policy: str) -> None:
        """Delete an inline policy."""
        self._call(aws, f"delete_{self.name}_policy", entity, PolicyName=policy)

    def inline(self, aws: Aws, entity: str) -> list[str]:
        """The names of the entity's inline policies."""
        return list(self._pages(aws, f"list_{self.name}_policies", entity)["PolicyNames"])

    def attach(self, aws: Aws, entity: str, arn: str) -> None:
        """Attach a managed policy; no change where it is attached."""
        self._call(aws, f"attach_{self.name}_policy", entity, PolicyArn=arn)

    def detach(self, aws: Aws, entity: str, arn: str) -> None:
        """Detach a managed policy."""
        self._call(aws, f"detach_{self.name}_policy", entity, PolicyArn=arn)

    def attached(self, aws: Aws, entity: str) -> list[str]:
        """The ARNs of the managed policies attached to the entity."""
        found = self._pages(aws, f"list_attached_{self.name}_policies", entity)["AttachedPolicies"]
        return [each["PolicyArn"] for each in found]

    def set_boundary(self, aws: Aws, entity: str, old: Properties, new: Properties) -> None:
        """Bring a role's or user's permissions boundary from the state ``old`` to the inputs ``new``."""
        before, after = old.get("permissionsBoundary"), new.get("permissionsBoundary")
        if after and after != before:
            self._call(aws, f"put_{self.name}_permissions_boundary", entity, PermissionsBoundary=after)
        elif before and not after:
            self._call(aws, f"delete_{self.name}_permissions_boundary", entity)

    def _call(self, aws: Aws, method: str, entity: str, **arguments: str) -> Any:
        return getattr(aws.iam, method)(**{f"{self.title}Name": entity}, **arguments)

    def _pages(self, aws: Aws, method: str, entity: str) -> Any:
        paginator: Any = aws.client("iam")
        return paginator.get_paginator(method).paginate(**{f"{self.title}Name": entity}).build_full_result()


def boundary_outputs(entity: Any) -> Properties:
    """``permissionsBoundary`` of a role or user: as AWS describes it, or the ARN that a request to create it gives."""
    boundary = entity.get("PermissionsBoundary")
    arn = boundary if isinstance(boundary, str) else (boundary or {}).get("PermissionsBoundaryArn")
    return {"permissionsBoundary": arn} if arn else {}


ROLE = EntityKind("role")
USER = EntityKind("user")
GROUP = EntityKind("group")


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
    calls = Calls(
        create=iam("CreatePolicy"),
        read=iam("GetPolicy", "GetPolicyVersion"),
        update=iam(
            *("ListPolicyVersions", "DeletePolicyVersion", "CreatePolicyVersion"),
            *("TagPolicy", "UntagPolicy", "GetPolicy"),
        ),
        delete=iam("ListPolicyVersions", "DeletePolicyVersion", "DeletePolicy"),
        aws={"create": iam("GetPolicy", "GetPolicyVersion", "TagPolicy"), "update": iam("GetPolicyVersion")},
    )

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        policy: Any = aws.iam.create_policy(
            PolicyName=inputs["name"],
            Path=inputs["path"],
            PolicyDocument=inputs["policy"],
            Description=inputs.get("description") or "",
            Tags=tags_for_aws(wanted_tags(inputs)),
        )["Policy"]
        described = {"Description": inputs.get("description"), "Tags": tags_for_aws(wanted_tags(inputs)), **policy}
        return policy["Arn"], _policy_state(described, inputs["policy"], inputs)

    def find(self, aws: Aws, id: str, state: Properties) -> tuple[str, Properties] | None:
        try:
            policy = aws.iam.get_policy(PolicyArn=id)["Policy"]
            version = aws.iam.get_policy_version(PolicyArn=id, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        text = spelled_as_known(state.get("policy"), version["Document"])
        return policy["Arn"], _policy_state(policy, text, state)

    def update(self, aws: Aws, id: str, old: Properties, new: Properties) -> Properties:
        if not equivalent(old.get("policy"), new["policy"]):
            _prune(aws, id)
            aws.iam.create_policy_version(PolicyArn=id, PolicyDocument=new["policy"], SetAsDefault=True)
        retag(old, new, aws.iam.tag_policy, aws.iam.untag_policy, PolicyArn=id)
        return _policy_state(aws.iam.get_policy(PolicyArn=id)["Policy"], new["policy"], new)

    def delete(self, aws: Aws, id: str, state: Properties) -> None:
        with already_gone():
            for version in _versions(aws, id):
                if not version["IsDefaultVersion"]:
                    aws.iam.delete_policy_version(PolicyArn=id, VersionId=version["VersionId"])
            aws.iam.delete_policy(PolicyArn=id)


def _versions(aws: Aws, arn: str) -> list[Any]:
    return list(aws.iam.list_policy_versions(PolicyArn=arn)["Versions"])


def _prune(aws: Aws, arn: str) -> None:
    """Make room for one more version: delete the oldest, never the default one."""
    versions = _versions(aws, arn)
    if len(versions) < VERSIONS:
        return
    spare = [version for version in versions if not version["IsDefaultVersion"]]
    # By number and not by date: several versions may be created in one second.
    oldest = min(spare, key=lambda version: int(version["VersionId"].removeprefix("v")))
    aws.iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])


def _policy_state(policy: Any, document: str, known: Properties) -> Properties:
    return {
        "arn": policy["Arn"],
        "attachmentCount": policy.get("AttachmentCount", 0),
        **({"description": policy["Description"]} if policy.get("Description") else {}),
        "name": policy["PolicyName"],
        "namePrefix": "",
        "path": policy["Path"],
        "policy": document,
        "policyId": policy["PolicyId"],
        **tag_outputs(policy.get("Tags", []), known),
    }


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
        put, get = iam(f"Put{kind.title}Policy"), iam(f"Get{kind.title}Policy")
        delete = iam(f"Delete{kind.title}Policy")
        self.calls = Calls(create=put, read=get, update=put, delete=delete, aws={"create": get, "update": get})

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
        text = spelled_as_known(state.get("policy"), document)
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
        found = iam(f"ListAttached{kind.title}Policies")
        self.calls = Calls(
            create=iam(f"Attach{kind.title}Policy"),
            read=found,
            update=NO_CALLS,
            delete=iam(f"Detach{kind.title}Policy"),
            aws={"create": found},
        )

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


class _Exclusive(Handler):
    """ID: the entity's name."""

    def __init__(self, kind: EntityKind, what: str, members: str, read: Actions, write: Actions) -> None:
        self.kind = kind
        self.entity = f"{kind.name}Name"
        self.members = members
        self.type = f"aws:iam/{kind.name}{what}:{kind.title}{what}"
        self.named_by = (self.entity,)
        self.fields = {self.entity: Field(required=True, replaces=True), members: Field(Kind.TEXTS, required=True)}
        change = read | write
        self.calls = Calls(create=change, read=read, update=change, delete=NO_CALLS)

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
        """Does nothing: the listed policies stay, and belong to the resources that declare them."""

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
        super().__init__(
            *(kind, "PoliciesExclusive", "policyNames"),
            read=iam(f"List{kind.title}Policies"),
            write=iam(f"Delete{kind.title}Policy"),
        )

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
        super().__init__(
            *(kind, "PolicyAttachmentsExclusive", "policyArns"),
            read=iam(f"ListAttached{kind.title}Policies"),
            write=iam(f"Attach{kind.title}Policy", f"Detach{kind.title}Policy"),
        )

    def present(self, aws: Aws, entity: str) -> list[str]:
        return self.kind.attached(aws, entity)

    def add(self, aws: Aws, entity: str, member: str) -> None:
        self.kind.attach(aws, entity, member)

    def remove(self, aws: Aws, entity: str, member: str) -> None:
        self.kind.detach(aws, entity, member)
