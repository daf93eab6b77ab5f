"""Placeholders for facts of an account, such as ``<account.id>``: in role sets of a fleet and in document templates.

They are in angle brackets: YAML accepts these without quotes, and IAM does not use them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from crossaccount.iam.nearest import did_you_mean, nearest
from crossaccount.iam.problem import Problem

FIELDS = ("name", "id", "ou", "region")
TAGS = "tags."
ACCOUNT = "account"
Report = Callable[[Problem], None]


@dataclass(frozen=True)
class Placeholders:
    """The values of one account by key (``id``, ``tags.team``). An empty value counts as none."""

    values: Mapping[str, str]
    untagged: str = "tag the account, or exclude it"
    """The fix in the message about a missing tag."""
    word: str = ACCOUNT
    """The first word of the placeholders: ``account``, or ``target`` for an account that a role set's name means."""

    def fill(self, text: str, where: str, report: Report) -> str:
        """``text`` with every placeholder replaced. A placeholder without a value is reported and kept."""
        if f"<{self.word}." not in text:
            return text

        def value(found: re.Match[str]) -> str:
            if known := self.values.get(found[1]):
                return known
            report(self._missing(found[1], where, text))
            return found[0]

        return _pattern(self.word).sub(value, text)

    def fill_all(self, value: Any, where: str, report: Report) -> Any:
        """``value`` with every text in it filled, keys of mappings included."""
        if isinstance(value, str):
            return self.fill(value, where, report)
        if isinstance(value, Mapping):
            return {
                self.fill(str(key), where, report): self.fill_all(each, f"{where}.{key}", report)
                for key, each in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.fill_all(each, f"{where}[{index}]", report) for index, each in enumerate(value)]
        return value

    def _missing(self, key: str, where: str, text: str) -> Problem:
        if key.startswith(TAGS):
            known_tags = [each[len(TAGS) :] for each in self.values if each.startswith(TAGS)]
            fix = did_you_mean(key[len(TAGS) :], known_tags, self.untagged)
            return Problem(where, f"the account has no tag {key[len(TAGS) :]}", text, fix)
        if key in FIELDS:
            return Problem(where, f"the account has no {key}", text, "set it, or leave the placeholder out")
        known = ", ".join(f"<{self.word}.{each}>" for each in (*FIELDS, "tags.KEY"))
        near = nearest(key, FIELDS)
        fix = f"did you mean `<{self.word}.{near}>`?" if near else f"write one of {known}"
        return Problem(where, "no such placeholder", text, fix)


@cache
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(rf"<{word}\.([^<>]*)>")


def placeholders_in(value: Any) -> Iterator[str]:
    """The keys of the placeholders in a value, such as ``id``."""
    if isinstance(value, str):
        yield from _pattern(ACCOUNT).findall(value)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from placeholders_in(key)
            yield from placeholders_in(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from placeholders_in(each)
