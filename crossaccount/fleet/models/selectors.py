"""Which accounts: by name, by organisational unit, by tag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, model_validator

from crossaccount.settings.models.base import Model, Text, refuse


def _one_or_several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[Text, ...], BeforeValidator(_one_or_several, json_schema_input_type=Text | list[Text])]


class Selector(Model):
    """Accounts that meet all that it says; of each list one is enough."""

    accounts: Texts | None = None
    """Names or IDs, with * and ? as wildcards."""
    ou: Texts | None = None
    """Organisational units from the root, with all below them. A wildcard stands for one name or a part of it."""
    tags: Mapping[str, Texts] | None = None
    """By key: the values that will do, with wildcards; "*" asks that the tag is there."""

    @model_validator(mode="after")
    def _selects_by_something(self) -> Selector:
        if not (self.accounts or self.ou or self.tags):
            raise refuse("selects by nothing", 'write {accounts: ["*"]} for all accounts')
        return self
