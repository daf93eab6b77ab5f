"""``crossaccount:suppress`` and ``crossaccount:quotas``: accepted findings, and limits that AWS raised for the account.

Quotas have AWS's own names, the keys of the account's summary (``aws iam get-account-summary``). Refused is a limit
below AWS's default, which nobody has; how far AWS raises one is AWS's business. Whether a code exists is for the
findings to say: here it only has to look like one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem
from crossaccount.iam.quotas import ADJUSTABLE
from crossaccount.settings.draft import Entry
from crossaccount.settings.models.acceptance import Suppression
from crossaccount.settings.parse import parse


def read_suppressions(values: Sequence[Any], where: str, problems: list[Problem]) -> tuple[Suppression, ...]:
    """The accepted findings; what does not fit is added to ``problems``."""
    entries = {str(index): Entry(str(index), value, f"{where}[{index}]") for index, value in enumerate(values)}
    return tuple(placed.value for placed in parse(entries, Suppression, problems).values())


def read_quotas(values: Mapping[str, Any], where: str, problems: list[Problem]) -> dict[str, int]:
    """The raised limits by their name; what does not fit is added to ``problems``."""
    result: dict[str, int] = {}
    for name, value in values.items():
        place = f"{where}.{name}"
        quota = ADJUSTABLE.get(name)
        if quota is None:
            fix = did_you_mean(name, ADJUSTABLE, f"these are {', '.join(ADJUSTABLE)}")
            problems.append(Problem(place, "not a quota that AWS raises", value, fix))
        elif not isinstance(value, int) or isinstance(value, bool) or value < quota.limit:
            fix = "write the number that AWS granted, or remove the line"
            problems.append(Problem(place, f"must be a number from {quota.limit}, which every account has", value, fix))
        else:
            result[name] = value
    return result
