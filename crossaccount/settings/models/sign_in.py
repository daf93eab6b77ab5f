"""How people sign in to an account: its alias, and the rules for passwords."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from crossaccount.iam.entity_names import Refusal
from crossaccount.settings.models.base import Flag, Model, Text, refuse, rule, text_schema

_ALIAS = r"^[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?$"


def _check_alias(alias: str) -> Refusal | None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccountAlias.html."""
    if re.match(_ALIAS, alias) and 3 <= len(alias) <= 63 and not re.fullmatch(r"\d{12}", alias):
        return None
    what = "an alias has 3 to 63 lower-case letters, digits and single hyphens, and is no account ID"
    return Refusal(what, "write one such as acme-people; it is unique in all of AWS")


def between(least: int, most: int, noun: str) -> BeforeValidator:
    """A whole number between two bounds."""

    def validate(value: object) -> object:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        raise refuse(f"must be {least} to {most} {noun}", f"write a number from {least} to {most}")

    return BeforeValidator(validate)


def _bounds(least: int, most: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer", "minimum": least, "maximum": most})


class PasswordPolicy(Model):
    """The rules for the passwords of the account's users.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html.
    """

    minimum_length: Annotated[int, between(6, 128, "characters"), _bounds(6, 128)] = 14
    """The minimum number of characters, 6 to 128."""
    require_lowercase: Flag = True
    """A password needs a lower-case letter."""
    require_uppercase: Flag = True
    """A password needs an upper-case letter."""
    require_numbers: Flag = True
    """A password needs a digit."""
    require_symbols: Flag = True
    """A password needs a symbol."""
    reuse_prevention: Annotated[int, between(1, 24, "passwords"), _bounds(1, 24)] = 24
    """How many former passwords cannot be used again, 1 to 24."""
    max_age: Annotated[int | None, between(1, 1095, "days"), _bounds(1, 1095)] = Field(default=None, examples=[365])
    """After how many days a password expires, 1 to 1095. Default: never."""
    hard_expiry: Flag = False
    """If true, a person whose password has expired cannot set a new one. An administrator must set it."""
    allow_change: Flag = True
    """People may change their own passwords."""


class SignIn(Model):
    """How people sign in to the account."""

    alias: Annotated[Text, rule(_check_alias), text_schema(_ALIAS, 63)] | None = Field(
        default=None, examples=["acme-people"]
    )
    """The name of the account in its sign-in address: https://<alias>.signin.aws.amazon.com/console."""
    password_policy: PasswordPolicy | None = Field(default=None, examples=[{"minimum_length": 16}])
    """The rules for passwords; {} for the defaults here. Without the key AWS's own rules remain."""
