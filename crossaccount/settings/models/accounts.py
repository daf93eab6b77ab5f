"""One entry of the address book."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from crossaccount.iam.entity_names import COLORS, Refusal, check_account_id, check_color
from crossaccount.settings.models.base import Model, Text, raise_if, rule, text_schema

_STACK = re.compile(r"\A[\w.-]+(/[\w.-]+/[\w.-]+)?\Z", re.ASCII)


def _account_id(value: object) -> object:
    raise_if(check_account_id(value))
    return value


def _color(value: object) -> object:
    """Six hex digits without quotes are a number to YAML, and then nobody knows which digits they were."""
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
