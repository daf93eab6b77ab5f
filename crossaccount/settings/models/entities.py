"""Users, groups, applications, roles and their policies as the config says them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from crossaccount.iam.entity_names import Refusal
from crossaccount.iam.statements import ASSUME_ROLE
from crossaccount.settings.models.base import (
    Description,
    Flag,
    FormerName,
    ImportId,
    Model,
    Path,
    SessionDuration,
    Tags,
    Text,
    refuse,
)
from crossaccount.settings.models.credentials import AccessKey, MaybeAccessKey, MaybeConsole, NamedAccessKey
from crossaccount.settings.models.requests import Expires, Keyword, MaybeRolesOrganization, Starts
from crossaccount.settings.models.trusts import FEDERATIONS, Conditioned, TrustStatement

_OF_SERVICES = Refusal(
    "only requests of AWS services have it, and a grant is for users and roles", "write it in the role's trust"
)
_OF_PROVIDERS = Refusal(
    "names callers without identity policies, so only a trust can let them in", "write it in the role's trust"
)


class Policy(Conditioned):
    """An identity policy: exactly one of ``assume``, ``deny`` and ``document``. The first two may have conditions."""

    NOT_HERE: ClassVar = {
        "source_account": _OF_SERVICES,
        "source_arn": _OF_SERVICES,
        **dict.fromkeys((*FEDERATIONS, "pod_identity"), _OF_PROVIDERS),
        "principals": Refusal("the users and roles that have the policy are its principals", "remove it"),
        "services": Refusal("the users and roles that have the policy are its principals", "remove it"),
        "effect": Refusal("`assume` allows and `deny` denies", "remove it"),
        "mode": Refusal("a grant names its roles by name, also those that do not exist yet", "remove it"),
    }

    assume: tuple[Text, ...] | None = Field(default=None, examples=[["workload/role/AssumedRole"]])
    """Roles that may be assumed: names, ARNs (wildcards allowed in the role part) or "*"."""
    deny: tuple[Text, ...] | None = Field(default=None, examples=[["workload/role/AssumedRole"]])
    """Roles that may not be assumed, whatever else allows it."""
    document: Mapping[str, Any] | None = None
    """An IAM policy document, or a file of the project that has it: {file: policies/boundary.json}, or a template with
    placeholders of role sets: {template: policies/limits.json}."""
    actions: tuple[Text, ...] = Field(default=(ASSUME_ROLE,), examples=[[ASSUME_ROLE, "sts:TagSession"]])
    """The actions that `assume` allows or `deny` denies, instead of sts:AssumeRole."""
    organization: Annotated[MaybeRolesOrganization, Keyword("StringEquals", "aws:ResourceOrgID", of="id")] = Field(
        default=None, examples=["o-a1b2c3d4e5"]
    )
    """Require a role in an account of this organisation: its ID, or {id: o-…, paths: [o-…/r-…/ou-…/*]}."""


class ManagedPolicy(Policy):
    """A customer-managed policy of the account."""

    KIND: ClassVar = "policy"

    path: Path = "/"
    """The IAM path of the policy. A change replaces the policy."""
    description: Description | None = None
    """The purpose of the policy. Later changes are ignored, because AWS could only replace the policy."""
    tags: Tags = Field(default_factory=dict)
    """Tags of the policy, at most 50."""
    protect: Flag = False
    """If true, Pulumi refuses to delete or replace the policy."""
    aliases: tuple[FormerName, ...] = ()
    """Former names, so that Pulumi recognises the policy after a rename."""
    import_id: ImportId = Field(default=None, alias="import")
    """Adopt the existing policy with this ARN; true means the ARN that it would have."""


_EC2 = frozenset({"ec2.amazonaws.com", "ec2.amazonaws.com.cn"})


class Entity(Model):
    """What users, groups, applications and roles have in common. ``KIND`` is IAM's own word."""

    KIND: ClassVar[str]

    path: Path = "/"
    """The IAM path: / or, for example, /team/."""
    policies: tuple[Text, ...] = Field(default=(), examples=[["aws:ReadOnlyAccess"]])
    """Managed policies: names under `policies`, aws:NAME for one of AWS's own, or ARNs."""
    inline: Mapping[str, Policy] = Field(default_factory=dict)
    """Inline policies by name."""
    protect: Flag = False
    """If true, Pulumi refuses to delete or replace it."""
    aliases: tuple[FormerName, ...] = ()
    """Former names, so that Pulumi recognises the entity after a rename."""
    import_id: ImportId = Field(default=None, alias="import")
    """Adopt the existing entity of this name; true means its own name."""
    exclusive: Flag = True
    """If true, `pulumi up --refresh` removes policies (and group members) that others added by hand."""


def _no_boundary(value: object) -> object:
    return None if value is False else value


Boundary = Annotated[Text | None, BeforeValidator(_no_boundary, json_schema_input_type=Text | Literal[False])]


class Tagged(Entity):
    """An entity that carries tags and may have a permissions boundary."""

    tags: Tags = Field(default_factory=dict)
    """Tags, at most 50."""
    permissions_boundary: Boundary = None
    """A managed policy that limits what the other policies can grant: a name as under `policies`, or an ARN; false for
    none, whatever `defaults` say."""


class Existing(Model):
    """What somebody else makes in the account, and the stack only names. A path may stand before a name: team/limit."""

    policies: tuple[Text, ...] = Field(default=(), examples=[["developer_policy"]])
    """Customer-managed policies, which `policies` and `permissions_boundary` may name."""
    roles: tuple[Text, ...] = Field(default=(), examples=[["Provisioner"]])
    """Roles, which trust statements and grants may name exactly."""


class Defaults(Model):
    """What entities have that do not say otherwise. Each takes what its kind has: a group has no tags."""

    path: Path | None = None
    """The IAM path of users, groups, applications, roles and customer-managed policies."""
    tags: Tags = Field(default_factory=dict)
    """Tags; those of an entity are added, and replace those with the same key."""
    permissions_boundary: Text | None = None
    """The permissions boundary of users, applications and roles."""


class Membership(Model):
    """One group of a user, or one user of a group, and the time for which it is declared.

    A membership has no conditions in AWS. So the dates decide whether an update declares it.
    """

    name: Text = Field(examples=["Developers"])
    """The name of the group, or of the user under `members`. The name in place of the mapping means the same."""
    starts: Starts | None = Field(default=None, examples=["2027-01-01"])
    """The first `up` after this day begins, or after this moment, adds the membership. UTC."""
    expires: Expires | None = Field(default=None, examples=["2027-03-31"])
    """The first `up` after this day ends, or after this moment, removes the membership. UTC."""


def _membership(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


Memberships = tuple[Annotated[Membership, BeforeValidator(_membership, json_schema_input_type=Text | Membership)], ...]


class User(Tagged):
    """A person, or a program outside AWS."""

    KIND: ClassVar = "user"

    console: MaybeConsole = None
    """Console access: true, {store: secretsmanager} or {pgp: KEY}."""
    access_key: MaybeAccessKey = None
    """An access key: {store: secretsmanager} or {pgp: KEY}."""
    access_keys: Mapping[str, NamedAccessKey] = Field(default_factory=dict)
    """Access keys by name, for a rotation by dates: {new: {store: secretsmanager, starts: 2027-03-01}}. A user has at
    most two, `access_key` included."""
    groups: Memberships = Field(default=(), examples=[["Developers"]])
    """Groups of this stack, at most 10: names, or {name: Developers, expires: 2027-03-31}."""
    force_destroy: Flag = True
    """Delete the user even if it has keys, MFA devices or a login profile that Pulumi did not create."""
    self_service_mfa: Flag = False
    """The user registers MFA devices, and can do nothing else without one."""
    starts: Starts | None = Field(default=None, examples=["2027-01-01"])
    """Not before this day or moment, in UTC. Before it everything is denied."""
    expires: Expires | None = Field(default=None, examples=["2027-03-31"])
    """Until the end of this day, or until this moment, in UTC. After it everything is denied, and the next `up` removes
    the user's credentials, policies and memberships."""

    @property
    def group_names(self) -> tuple[str, ...]:
        """The names of the groups."""
        return tuple(each.name for each in self.groups)

    @property
    def keys(self) -> Mapping[str, AccessKey]:
        """All access keys by name; that of ``access_key`` has the name ``""``."""
        return {**({"": self.access_key} if self.access_key else {}), **self.access_keys}


class Members(Model):
    """The users of a group: all of the stack but some, or those that are named."""

    all: Flag = False
    """true: all users of the stack."""
    excepted: tuple[Text, ...] = Field(default=(), alias="except", examples=[["mary"]])
    """Users who are no members, although `all` is true."""
    names: Memberships = Field(default=(), examples=[["mary"]])
    """The members by name, or {name: mary, expires: 2027-03-31}. A list in place of the mapping means the same."""


def _members(value: object) -> object:
    if isinstance(value, (list, tuple)) and value and all(isinstance(each, (str, Mapping)) for each in value):
        return {"names": value}
    if isinstance(value, Mapping):
        return value
    raise refuse("must be a list of users or a mapping", "write [mary], or {all: true}")


MaybeMembers = Annotated[
    Members | None,
    BeforeValidator(_members, json_schema_input_type=Members | Annotated[Memberships, Field(min_length=1)]),
]


class Group(Entity):
    """Users with the same permissions."""

    KIND: ClassVar = "group"

    members: MaybeMembers = None
    """Users of this stack, in addition to those that name the group: a list, or {all: true, except: [mary]}."""
    self_service_mfa: Flag = False
    """The members register MFA devices, and can do nothing else without one."""


class Assumed(Tagged):
    """What applications and roles have in common: both are roles."""

    KIND: ClassVar = "role"

    description: Description | None = None
    """The purpose of the role, at most 1,000 characters."""
    max_session_duration: SessionDuration | None = None
    """The longest session: 3600 to 43200 seconds, or "1h" to "12h". AWS's default is 1h."""


class Application(Assumed):
    """A role that AWS services assume. If EC2 is one of them, it has an instance profile of the same name and path."""

    services: tuple[Text, ...] = Field(examples=[["lambda.amazonaws.com"]])
    """The services that may assume the role."""
    conditions: Mapping[str, Any] = Field(
        default_factory=dict, examples=[{"StringEquals": {"aws:SourceAccount": "111111111111"}}]
    )
    """Conditions on the services, as in an IAM policy: operator, key, value."""

    @property
    def has_instance_profile(self) -> bool:
        """Whether EC2 instances may run as it."""
        return not _EC2.isdisjoint(self.services)


Purpose = Literal["preview", "drift", "deploy"]
"""What a role of a pipeline is for."""


class Role(Assumed):
    """A role that principals assume."""

    trust: tuple[TrustStatement, ...] = Field(examples=[[{"principals": ["auth"]}]])
    """Who may assume the role."""
    bootstrap: Purpose | None = Field(default=None, examples=["deploy"])
    """The role is the pipeline's own: `crossaccount bootstrap` makes it, with the permissions to preview the account's
    stack, to look for drift, or to deploy. The stack itself never changes it."""
