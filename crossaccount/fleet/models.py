"""The models of ``fleet.yaml``. Fields have the names of its keys, and their docstrings describe them in the docs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.entity_names import Refusal, check_region, check_tag
from crossaccount.iam.organizations import POLICY_ID
from crossaccount.settings.models import Existing
from crossaccount.settings.models.base import (
    Model,
    Text,
    flag_or_mapping,
    raise_if,
    refuse,
    rule,
    seconds_between,
    text_schema,
)
from crossaccount.settings.models.config import AccountId, Color, DisplayName, Suppression

__all__ = [
    "Account",
    "AssumedRole",
    "ControlPolicy",
    "Credentials",
    "Deviation",
    "FleetOrganization",
    "RoleSet",
    "Selector",
]


def _one_or_several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[Text, ...], BeforeValidator(_one_or_several, json_schema_input_type=Text | list[Text])]


class Selector(Model):
    """Accounts that match every key; of a list, one match is enough."""

    accounts: Texts | None = None
    """Names or IDs, with * and ? as wildcards."""
    ou: Texts | None = None
    """Organisational units from the root, with all units below them. A wildcard matches within one name."""
    tags: Mapping[str, Texts] | None = None
    """Accepted values by tag key, with wildcards; "*" accepts any value of the tag."""

    @model_validator(mode="after")
    def _selects_by_something(self) -> Selector:
        if not (self.accounts or self.ou or self.tags):
            raise refuse("has neither accounts, ou nor tags", 'write {accounts: ["*"]} for all accounts')
        return self


class AssumedRole(Model):
    """A role that the provider assumes before any other call."""

    role: Text = Field(examples=["<account.name>/role/deployer"])
    """The role: <account.name>/role/deployer, or a full ARN."""
    external_id: Text | None = None
    """The external ID that the role's trust requires."""
    session_name: Text | None = None
    """The session name in CloudTrail: 2 to 64 letters, digits and _=,.@+-."""
    duration: Annotated[int, seconds_between(900, 43200, "15m and 12h")] | None = None
    """The length of the session, such as "1h"; at most one hour for a role that is assumed from another role."""


class Credentials(Model):
    """A profile, a role to assume, or a role to assume with a profile."""

    profile: Text | None = None
    """An AWS CLI profile on the machine that deploys."""
    assume_roles: Annotated[tuple[AssumedRole, ...], Field(examples=[[{"role": "<account.name>/role/deployer"}]])] = ()
    """Roles to assume, each from the one before it; the first from the profile or the environment's credentials."""

    @model_validator(mode="after")
    def _is_not_empty(self) -> Credentials:
        if self.profile is None and not self.assume_roles:
            raise refuse("has no credentials", "write a profile, or assume_roles: [{role: …}]")
        return self


_EXAMPLE = "{profile: <account.name>}, or {assume_roles: [{role: <account.name>/role/deployer}]}"
ThisAccounts = Annotated[
    Credentials | None, BeforeValidator(flag_or_mapping(None, _EXAMPLE), json_schema_input_type=bool | dict[str, Any])
]
"""An account's own credentials: ``false`` for those of the environment."""


_NAME = re.compile(r"\A[A-Za-z0-9_.-]{1,100}\Z", re.ASCII)
_NOT_NAME = re.compile(r"[^a-z0-9_.]+", re.ASCII)
NAME_LENGTH = 100


def account_slug(name: str) -> str:
    """The nearest valid stack name to a text: ``Shop (EU)`` becomes ``shop-eu``."""
    return _NOT_NAME.sub("-", name.lower()).strip("-.")[:NAME_LENGTH] or "account"


def _check_name(name: str) -> Refusal | None:
    """It names a stack, a file and an entry of the address book: the narrowest of the three rules.

    Source of a stack's: https://www.pulumi.com/docs/iac/concepts/stacks/#create-stack
    """
    if ACCOUNT_ID.match(name):
        return Refusal("an account's name is not an ID", "choose a word, such as shop-production")
    if _NAME.match(name):
        return None
    what = f"the name of a stack has 1 to {NAME_LENGTH} letters A-Z, a-z, digits and _.-"
    return Refusal(what, f"call it `{account_slug(name)}`")


def _check_ou(path: str) -> Refusal | None:
    parts = path.split("/") if path else []
    if all(part == part.strip() and part for part in parts):
        return None
    fixed = "/".join(part.strip() for part in parts if part.strip())
    return Refusal("must be the names of the units from the root, with / between them", f'write "{fixed}"')


def _tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    for key, value in tags.items():
        raise_if(check_tag(key, value) if not key.lower().startswith("aws:") else None)
    return tags


Name = Annotated[Text, rule(_check_name), text_schema("^[A-Za-z0-9_.-]+$", NAME_LENGTH)]


class Account(Model):
    """An account of the fleet, with a stack of the same name."""

    name: Name = Field(examples=["shop-production"])
    """The account's name: of its stack, its file and its entry in the address book."""
    id: AccountId = Field(examples=["111111111111"])
    """The account ID: 12 digits, in quotes."""
    ou: Annotated[Text, rule(_check_ou)] = ""
    """The organisational units above it, from the root: Workloads/Production. Empty at the root itself."""
    tags: Annotated[Mapping[str, Text], AfterValidator(_tags)] = Field(default_factory=dict)
    """The account's tags in AWS Organizations, or any other tags for selectors."""
    display_name: DisplayName | None = Field(default=None, examples=["PRODUCTION"])
    """The account's name in the console after a role switch."""
    color: Color | None = None
    """The account's colour in the console: red, orange, yellow, green, blue, or six hex digits in quotes."""


_ORGANIZATION = re.compile(r"\Ao-[a-z0-9]{10,32}\Z", re.ASCII)
_ROOT = re.compile(r"\Ar-[a-z0-9]{4,32}\Z", re.ASCII)


def _check_organization(text: str) -> Refusal | None:
    return None if _ORGANIZATION.match(text) else Refusal("is not the ID of an organisation", "write o-a1b2c3d4e5, say")


def _check_root(text: str) -> Refusal | None:
    return None if _ROOT.match(text) else Refusal("is not the ID of a root", "write r-ab12, say")


class FleetOrganization(Model):
    """The organisation of the fleet's accounts."""

    id: Annotated[Text, rule(_check_organization)] = Field(examples=["o-a1b2c3d4e5"])
    """Its ID."""
    root: Annotated[Text, rule(_check_root)] = Field(examples=["r-ab12"])
    """The ID of its root."""
    management: AccountId = Field(examples=["999999999999"])
    """The ID of the management account, to which no control policy applies."""
    units: Mapping[str, Text] = Field(default_factory=dict, examples=[{"Workloads": "ou-ab12-workload1"}])
    """IDs of organisational units by path, for conditions on aws:PrincipalOrgPaths. Other units get invented IDs."""


def _check_policy_id(text: str | None) -> Refusal | None:
    if text is None or POLICY_ID.match(text):
        return None
    return Refusal("is not the ID of a policy", "write p-…, as `aws organizations list-policies` shows it")


class ControlPolicy(Model):
    """A service or resource control policy, and where it is attached."""

    document: Mapping[str, Any] | None = None
    """The policy document, or {file: policies/deny-regions.json}. Required, except for AWS's own FullAWSAccess."""
    description: Text = ""
    """The purpose of the policy, at most 512 characters."""
    import_id: Annotated[Text | None, rule(_check_policy_id)] = Field(
        default=None, alias="import", examples=["p-0a1b2c3d"]
    )
    """The ID of an existing policy to adopt. It must be attached to all units and accounts that are listed here."""
    units: Texts = ()
    """Organisational units from the root; "/" is the root itself."""
    accounts: Texts = ()
    """Accounts by name."""


FLAT = ("sign_in", "bootstrap", "policies", "providers")
"""The sections that have their members by name, without a kind above them."""
SECTIONS = (*FLAT, "trusted", "trusting")
Section = Mapping[str, Any]


class RoleSet(Model):
    """Declarations of a stack, for every selected account."""

    include: tuple[Selector, ...] = Field(examples=[[{"ou": "Workloads"}]])
    """The accounts that get the role set: those that match at least one of these selectors."""
    exclude: tuple[Selector, ...] = ()
    """Selectors of accounts that do not get it."""
    description: Text = ""
    """A comment for readers of fleet.yaml; it has no effect."""
    reads: tuple[Text, ...] = ()
    """Accounts whose ARNs come by stack reference, as in a stack."""
    sign_in: Section = Field(default_factory=dict)
    """The account's alias and its rules for passwords, as in a stack."""
    bootstrap: Section = Field(default_factory=dict)
    """The names of the pipeline's own policies, as in a stack."""
    policies: Section = Field(default_factory=dict)
    """Customer-managed policies, as in a stack."""
    providers: Section = Field(default_factory=dict)
    """Identity providers, as in a stack."""
    trusted: Section = Field(default_factory=dict)
    """Users, groups and applications, as in a stack."""
    trusting: Section = Field(default_factory=dict)
    """Roles that others assume, as in a stack."""
    defaults: Section = Field(default_factory=dict)
    """The path, tags and permissions boundary of what the role set declares, as in a stack."""
    existing: Existing = Field(default_factory=Existing)
    """Existing policies and roles of these accounts that are managed elsewhere, as in a stack."""
    suppress: tuple[Suppression, ...] = ()
    """Findings that are accepted in all accounts of the role set, as in a stack."""


class Deviation(Model):
    """How one account differs from its role sets. The sections are merged into those of the role sets: mappings key by
    key; other values are replaced; an empty value removes the key (https://www.rfc-editor.org/rfc/rfc7396).
    """

    without: tuple[Text, ...] = ()
    """Role sets that this account does not get."""
    region: Annotated[Text, rule(check_region)] | None = None
    """The account's region, instead of the fleet's."""
    credentials: ThisAccounts = None
    """The account's credentials, instead of the fleet's; false means the environment's credentials."""
    reads: tuple[Text, ...] = ()
    """More accounts whose ARNs come by stack reference."""
    sign_in: Section = Field(default_factory=dict)
    """The account's alias and rules for passwords to add, change or remove."""
    bootstrap: Section = Field(default_factory=dict)
    """The names of the pipeline's own policies to change."""
    policies: Section = Field(default_factory=dict)
    """Customer-managed policies to add, change or remove."""
    providers: Section = Field(default_factory=dict)
    """Identity providers to add, change or remove."""
    trusted: Section = Field(default_factory=dict)
    """Users, groups and applications to add, change or remove."""
    trusting: Section = Field(default_factory=dict)
    """Roles to add, change or remove."""
