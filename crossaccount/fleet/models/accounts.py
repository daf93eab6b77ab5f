"""One account of the fleet: which it is, and what selectors may ask of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.entity_names import Refusal, check_tag
from crossaccount.settings.models.accounts import AccountId, Color, DisplayName
from crossaccount.settings.models.base import Model, Text, raise_if, rule, text_schema

_NAME = re.compile(r"\A[A-Za-z0-9_.-]{1,100}\Z", re.ASCII)
_NOT_NAME = re.compile(r"[^a-z0-9_.]+", re.ASCII)
NAME_LENGTH = 100


def account_slug(name: str) -> str:
    """The name that a stack can have nearest to any text: ``Shop (EU)`` becomes ``shop-eu``."""
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
    return Refusal("the way from the root is names with / between them", f'write "{fixed}"')


def _tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    for key, value in tags.items():
        raise_if(check_tag(key, value) if not key.lower().startswith("aws:") else None)
    return tags


Name = Annotated[Text, rule(_check_name), text_schema("^[A-Za-z0-9_.-]+$", NAME_LENGTH)]


class Account(Model):
    """An account of the fleet, with a stack of its name."""

    name: Name = Field(examples=["shop-production"])
    """The account's name: of its stack, its file and its entry in the address book."""
    id: AccountId = Field(examples=["111111111111"])
    """The account's 12 digits, in quotes."""
    ou: Annotated[Text, rule(_check_ou)] = ""
    """The organisational units above it, from the root: Workloads/Production. Empty at the root itself."""
    tags: Annotated[Mapping[str, Text], AfterValidator(_tags)] = Field(default_factory=dict)
    """The account's tags in AWS Organizations, or any others that selectors are to ask for."""
    display_name: DisplayName | None = Field(default=None, examples=["PRODUCTION"])
    """How the console shows the account after switching roles."""
    color: Color | None = None
    """The colour the console then shows: red, orange, yellow, green, blue, or six hex digits in quotes."""
