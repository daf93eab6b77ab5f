"""Keywords for conditions, on trusts and on grants: whether the values and the effect fit."""

from __future__ import annotations

from collections.abc import Iterator

from crossaccount.iam.condition_syntax import check_values
from crossaccount.iam.problem import Problem
from crossaccount.settings.models import Conditioned
from crossaccount.settings.models.base import Model
from crossaccount.settings.models.trusts import Keyword


def check_keywords(holder: Conditioned, effect: str, where: str) -> Iterator[Problem]:
    """Whether the operators can compare the values, and the effect may carry the keywords."""
    for name, keyword in holder.keywords().items():
        value = getattr(holder, name)
        if isinstance(value, tuple):
            yield from check_values(keyword.operator, value, f"{where}.{name}")
        if not may_carry(keyword, effect):
            what = "with effect Deny it would keep out just those who meet it"
            yield Problem(f"{where}.{name}", what, shown_value(value), "write what you mean under conditions")


def may_carry(keyword: Keyword, effect: str) -> bool:
    """Whether a statement with this effect may have the keyword."""
    return effect != "Deny" or keyword.may_deny


def shown_value(value: object) -> object:
    """The value of a keyword as the config would say it."""
    if isinstance(value, Model):
        return value.model_dump(exclude_none=True) or True
    return list(value) if isinstance(value, tuple) else value
