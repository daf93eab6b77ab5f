"""Keywords for conditions, on trusts and on grants: whether the values and the effect fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from crossaccount.iam.condition_syntax import check_values
from crossaccount.iam.entity_names import check_tag
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.models import Conditioned, SessionTags
from crossaccount.settings.models.base import Model
from crossaccount.settings.models.requests import Keyword


def check_keywords(holder: Conditioned, effect: str, where: str) -> Iterator[Problem]:
    """Whether the operators can compare the values, and the effect may carry the keywords."""
    yield from check_together(holder, where)
    for name, keyword in holder.keywords().items():
        value = getattr(holder, name)
        if isinstance(value, tuple):
            yield from check_values(keyword.operator, value, f"{where}.{name}")
        if isinstance(value, SessionTags):
            yield from _check_session_tags(value, f"{where}.{name}")
        elif isinstance(value, Mapping):
            yield from _check_tags(value, f"{where}.{name}")
        if not may_carry(keyword, effect):
            what = "with effect Deny it would keep out just those who meet it"
            yield Problem(f"{where}.{name}", what, shown_value(value), "write what you mean under conditions")


def check_together(holder: Conditioned, where: str) -> Iterator[Problem]:
    """Problems of keywords that no request can meet together."""
    if holder.source_ip and (through := [each for each in ("source_vpc", "source_vpce") if getattr(holder, each)]):
        what = f"a request through a VPC endpoint has no public address, so nobody meets it and {through[0]}"
        yield Problem(f"{where}.source_ip", what, list(holder.source_ip), "write a statement for each")
    yield from check_dates(holder.starts, holder.expires, where, "so nobody ever gets in")


def check_dates(starts: datetime | None, expires: datetime | None, where: str, so: str) -> Iterator[Problem]:
    """A problem if the end is not after the start."""
    if starts and expires and starts >= expires:
        what = f"is not after starts, {shown_value(starts)}, {so}"
        yield Problem(f"{where}.expires", what, shown_value(expires), "correct one of the two")


def _check_session_tags(tags: SessionTags, where: str) -> Iterator[Problem]:
    if not (tags.required or tags.allowed or tags.transitive):
        yield Problem(where, "asks for nothing", NOT_GIVEN, "write required, allowed or transitive")
    yield from _check_tags(tags.required, f"{where}.required")
    for name in ("required", "transitive"):
        for index, key in enumerate(getattr(tags, name)):
            if tags.allowed and key not in tags.allowed:
                place = f"{where}.required.{key}" if name == "required" else f"{where}.transitive[{index}]"
                yield Problem(place, "is not among the tags that are allowed", key, "add it to allowed")


def _check_tags(tags: Mapping[str, Sequence[str]], where: str) -> Iterator[Problem]:
    for key, values in tags.items():
        if refusal := check_tag(key, ""):
            yield Problem(f"{where}.{key}", refusal.what, key, refusal.fix)
        if not values:
            yield Problem(f"{where}.{key}", "names no value", [], 'write one, or "*" for any')


def may_carry(keyword: Keyword, effect: str) -> bool:
    """Whether a statement with this effect may have the keyword."""
    return effect != "Deny" or keyword.may_deny


def shown_value(value: object) -> object:
    """The value of a keyword as it is written in a config."""
    if isinstance(value, Model):
        return value.model_dump(exclude_none=True, exclude_unset=True) or True
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return list(value) if isinstance(value, tuple) else value
