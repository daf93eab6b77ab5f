"""What stands for an account in a text: ``<account.name>``, ``<account.id>``, ``<account.tags.team>`` and the like."""

from __future__ import annotations

import re
from collections.abc import Callable

from crossaccount.fleet.models import Account
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem

FIELDS = ("name", "id", "ou", "region")
TAGS = "tags."
_PLACEHOLDER = re.compile(r"<account\.([^<>]*)>")
Say = Callable[[Problem], None]


class Placeholders:
    """The values of one account."""

    def __init__(self, account: Account, region: str | None) -> None:
        self._account = account
        self._values = {"name": account.name, "id": account.id, "ou": account.ou, "region": region or ""}

    def fill(self, text: str, where: str, say: Say) -> str:
        """``text`` with every placeholder replaced; one that has no value is said, and stays."""
        if "<account." not in text:
            return text

        def value(found: re.Match[str]) -> str:
            key = found[1]
            known = self._account.tags.get(key[len(TAGS) :]) if key.startswith(TAGS) else self._values.get(key)
            if known:
                return known
            say(self._missing(key, where, text))
            return found[0]

        return _PLACEHOLDER.sub(value, text)

    def _missing(self, key: str, where: str, text: str) -> Problem:
        if key.startswith(TAGS):
            fix = did_you_mean(key[len(TAGS) :], self._account.tags, "tag the account, or exclude it")
            return Problem(where, f"the account has no tag {key[len(TAGS) :]}", text, fix)
        if key in FIELDS:
            return Problem(where, f"the account has no {key}", text, "say it, or leave the placeholder out")
        known = ", ".join(f"<account.{each}>" for each in (*FIELDS, "tags.KEY"))
        return Problem(where, "no such placeholder", text, did_you_mean(key, FIELDS, f"write one of {known}"))
