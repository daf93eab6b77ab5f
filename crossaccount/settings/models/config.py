"""The shape of a stack's config: one root model, from which keys, section names and the JSON schema are derived.

A key of the config is a field of :class:`StackConfig`; a section is a field that maps names to entities. Nothing else
lists them. The root is never validated as a whole: entities are parsed one by one (``draft``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, is_dataclass
from datetime import date, datetime
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import BeforeValidator, Field, WithJsonSchema

from crossaccount.iam import quotas
from crossaccount.iam.entity_names import COLORS, Refusal, check_account_id, check_color
from crossaccount.iam.validation import MIDNIGHT
from crossaccount.settings.models.base import Flag, Model, Tags, Text, raise_if, refuse, rule, text_schema
from crossaccount.settings.models.bootstrap import BootstrapNames
from crossaccount.settings.models.entities import (
    Application,
    Defaults,
    Entity,
    Existing,
    Group,
    ManagedPolicy,
    Role,
    User,
)
from crossaccount.settings.models.providers import Provider
from crossaccount.settings.models.sign_in import SignIn

_STACK = re.compile(r"\A[\w.-]+(/[\w.-]+/[\w.-]+)?\Z", re.ASCII)


def _account_id(value: object) -> object:
    raise_if(check_account_id(value))
    return value


def _color(value: object) -> object:
    """YAML reads six digits without quotes as a number, so the original digits are lost."""
    if isinstance(value, (int, float)):
        raise_if(Refusal("a colour is a text, and without quotes YAML reads a number", "put the six digits in quotes"))
    return value


def _check_stack(stack: str) -> Refusal | None:
    if _STACK.match(stack):
        return None
    return Refusal("not the name of a stack", "write <stack> or <organisation>/<project>/<stack>")


def _check_display_name(name: str) -> Refusal | None:
    """The console's form takes 64 characters (id_roles_use_switch-role-console.html)."""
    if 1 <= len(name) <= 64:
        return None
    return Refusal(f"a display name has 1 to 64 characters, this has {len(name)}", "choose another")


AccountId = Annotated[Text, BeforeValidator(_account_id), text_schema("^[0-9]{12}$", 12)]
Color = Annotated[
    Text,
    BeforeValidator(_color),
    rule(check_color),
    text_schema(f"^({'|'.join(COLORS)}|[0-9A-Fa-f]{{6}})$", 6),
]
DisplayName = Annotated[Text, rule(_check_display_name)]


class AccountEntry(Model):
    """An account that the config may name."""

    id: AccountId = Field(examples=["111111111111"])
    """The account ID: 12 digits, in quotes."""
    stack: Annotated[Text, rule(_check_stack)] | None = Field(default=None, examples=["auth"])
    """The stack that manages the account; none for an account that is managed elsewhere."""
    display_name: DisplayName | None = Field(default=None, examples=["WORKLOAD"])
    """The account's name in the console after a role switch."""
    color: Color | None = None
    """The account's colour in the console: red, orange, yellow, green, blue, or six hex digits in quotes."""
    ou: Text | None = Field(default=None, examples=["Workloads/Production"])
    """The organisational unit, for `<account.ou>` in included files and templates of the account's own stack."""
    tags: Tags = Field(default_factory=dict)
    """Tags of the account, for `<account.tags.KEY>` there."""


class OrganizationPolicies(Model):
    """The control policies of an organisation, which the stack of its management account deploys."""

    file: Text = Field(examples=["fleet/all/organization.json"])
    """The file about the organisation: accounts, policies and targets, as AWS returns them. `fleet write` makes it."""
    full_aws_access: Flag = False
    """If true, the attachments of FullAWSAccess are the stack's too: what the file no longer lists is detached."""


_CODE = re.compile(r"\AXA\d{3}\Z", re.ASCII)


def _check_code(code: str) -> Refusal | None:
    if _CODE.match(code):
        return None
    return Refusal("a finding's code is XA and three digits", "take it from the output of `crossaccount check`")


def _check_text(text: str) -> Refusal | None:
    return None if text.strip() else Refusal("must not be empty", "say it in a few words")


def _day(value: object) -> date:
    """A day, which YAML reads as a date without quotes, and the CLI passes on as a moment of it."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.match(value):
        with suppress(ValueError):
            return date.fromisoformat(value[:10])
    raise refuse("must be a day", "write a day such as 2027-06-30")


_DAY = re.compile(rf"\A\d{{4}}-\d{{2}}-\d{{2}}({'|'.join(map(re.escape, MIDNIGHT))})?\Z", re.ASCII)
Day = Annotated[
    date, BeforeValidator(_day), WithJsonSchema({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"})
]


class Suppression(Model):
    """A finding that somebody has checked and accepted."""

    code: Annotated[Text, rule(_check_code), text_schema(r"^XA[0-9]{3}$", 5)] = Field(examples=["XA107"])
    """The finding's code."""
    where: Annotated[Text, rule(_check_text), text_schema(r"\S", 2048)] = Field(
        examples=["trusting.roles.Monitoring.trust[0]"]
    )
    """The finding's place in this config, or a place that contains it; an ARN if the finding has one."""
    reason: Annotated[Text, rule(_check_text), text_schema(r"\S", 2048)] = Field(
        examples=["the vendor pins our account on its side"]
    )
    """The reason for accepting it, for later readers of the config."""
    until: Day | None = Field(default=None, examples=["2027-06-30"])
    """The last day on which it is accepted, in UTC. After it the finding is shown again. Default: for good."""


@dataclass(frozen=True)
class Trusted:
    """The trusted side: the principals that may assume roles of other accounts."""

    users: Mapping[str, User] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    applications: Mapping[str, Application] = field(default_factory=dict)


@dataclass(frozen=True)
class Trusting:
    """The trusting side: the roles that others may assume."""

    roles: Mapping[str, Role] = field(default_factory=dict)

    @property
    def made_by_the_stack(self) -> Mapping[str, Role]:
        """The roles without those of the pipeline."""
        return {name: role for name, role in self.roles.items() if role.bootstrap is None}


Declared = Entity | ManagedPolicy | Provider
"""What a section declares, by name."""

Names = Annotated[tuple[Text, ...], Field(json_schema_extra={"uniqueItems": True})]
Quotas = Annotated[
    Mapping[str, int],
    WithJsonSchema(
        {
            "type": ["object", "null"],
            "properties": {
                name: {"type": "integer", "minimum": quota.limit} for name, quota in quotas.ADJUSTABLE.items()
            },
            "additionalProperties": False,
        }
    ),
]


class StackConfig(Model):
    """A stack's config, by key without the namespace. The example of a list is as YAML has it."""

    accounts: Mapping[str, AccountEntry] = Field(min_length=1)
    """The address book: the accounts that the config may name."""
    account: Text
    """The name of this stack's account in the address book."""
    reads: Names = Field(default=(), examples=["[auth]"])
    """Accounts whose ARNs come by stack reference; all others are derived."""
    defaults: Defaults = Field(default_factory=Defaults)
    """The path, tags and permissions boundary of entities that do not say otherwise."""
    existing: Existing = Field(default_factory=Existing)
    """Policies and roles of this account that somebody else makes."""
    sign_in: SignIn = Field(default_factory=SignIn)
    """How people sign in to the account: its alias, and the rules for passwords."""
    bootstrap: BootstrapNames = Field(default_factory=BootstrapNames)
    """The names of the pipeline's own policies, which `crossaccount bootstrap` makes."""
    policies: Mapping[str, ManagedPolicy] = Field(default_factory=dict)
    """Customer-managed policies of this account."""
    providers: Mapping[str, Provider] = Field(default_factory=dict)
    """Identity providers of this account, whose users its roles may trust."""
    trusted: Trusted | None = None
    """The trusted side: the principals that may assume roles of other accounts."""
    trusting: Trusting | None = None
    """The trusting side: the roles that others may assume."""
    organization: OrganizationPolicies | None = None
    """The control policies of the organisation, in the stack of its management account."""
    include: Names = Field(default=(), examples=["[people/*.yaml]"])
    """Files to merge in: patterns relative to the folder of Pulumi.yaml."""
    suppress: tuple[Suppression, ...] = Field(default=(), examples=["[{code: …, where: …, reason: …}]"])
    """Findings of `crossaccount check` that are accepted, with the reason. An included file may have some as well."""
    quotas: Quotas = Field(default_factory=dict)
    """Limits that AWS has raised for the account, by key of `aws iam get-account-summary`."""


def _side(annotation: Any) -> type | None:
    """The class of a key that is a side of the account."""
    return next((each for each in get_args(annotation) if is_dataclass(each) and isinstance(each, type)), None)


def _model(annotation: Any) -> bool:
    """Whether a key is one mapping with fixed keys."""
    choices = get_args(annotation) if type(None) in get_args(annotation) else (annotation,)
    return any(isinstance(each, type) and issubclass(each, Model) for each in choices)


def _entity(annotation: Any) -> type[Declared] | None:
    """The model of a key that maps names to entities."""
    model = get_args(annotation)[1] if get_origin(annotation) is Mapping else None
    return model if isinstance(model, type) and issubclass(model, (Entity, ManagedPolicy, Provider)) else None


_ANNOTATIONS: Mapping[str, Any] = {name: each.annotation for name, each in StackConfig.model_fields.items()}
KEYS = tuple(_ANNOTATIONS)
"""The keys of a config, without their namespace."""
LISTS: Mapping[str, str] = {
    name: str(*each.examples or ())
    for name, each in StackConfig.model_fields.items()
    if get_origin(each.annotation) is tuple
}
"""The keys that are lists, each with an example."""
MAPPINGS = frozenset(
    name for name, each in _ANNOTATIONS.items() if _side(each) or get_origin(each) is Mapping or _model(each)
)
"""The keys that are mappings."""
_SIDES: Mapping[str, type] = {name: side for name, each in _ANNOTATIONS.items() if (side := _side(each))}
SIDES: Mapping[str, tuple[str, ...]] = {name: tuple(get_type_hints(side)) for name, side in _SIDES.items()}
"""The sections of each side of an account."""
_OWN_SECTIONS: dict[str, type[Declared]] = {
    name: model for name, each in _ANNOTATIONS.items() if (model := _entity(each))
}
OTHER_NAMES: Mapping[str, str] = {"service_roles": "applications"}
"""Other names of sections, and what they mean: an application is a role that services assume."""
IN_PARTS = ("sign_in", "bootstrap")
"""The keys whose own keys may come from several files, each from one."""
INCLUDABLE = (*SIDES, *_OWN_SECTIONS, *IN_PARTS, "accounts", "defaults", "existing", "suppress")
"""The keys that an included file may have."""
SECTIONS: Mapping[str, type[Declared]] = _OWN_SECTIONS | {
    name: model
    for side in _SIDES.values()
    for name, annotation in get_type_hints(side).items()
    if (model := _entity(annotation))
}
"""The model of each section's entities, in the order of a config."""
KINDS: Mapping[str, str] = {name: model.KIND for name, model in SECTIONS.items()}
"""What IAM calls the entities of each section."""
IDENTITIES: Mapping[str, str] = {name: model.KIND for name, model in SECTIONS.items() if issubclass(model, Entity)}
"""The sections of users, groups and roles, which have policies, with what IAM calls them."""
OWN_SECTIONS = tuple(_OWN_SECTIONS)
"""The sections that belong to no side."""
MEMBERS_IN_WORDS: Mapping[str, str] = {
    "users": "Users of this account, who assume roles (trusted side), by name.",
    "groups": "Groups of users of this account (trusted side), by name: they give their members access.",
    "applications": "Service roles of this account (trusted side), by name: AWS services run as them.",
    "roles": "Roles of this account that others assume (trusting side), by name.",
}
"""What the sections of the two sides have, for the schema and the reference."""
FREE = "x-"
"""What the keys begin with that mean nothing to the program: places for YAML anchors."""
MAY_BE_EMPTY = frozenset(
    name
    for name, model in SECTIONS.items()
    if issubclass(model, Entity) and not any(each.is_required() for each in model.model_fields.values())
)
"""The sections whose entities may have nothing to say."""
