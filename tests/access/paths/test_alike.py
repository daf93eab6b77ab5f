"""Callers that are alike for a role get the same verdicts and explanations."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from crossaccount.access import Estate, judge_assume
from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.evaluation.layers import open_layers
from crossaccount.access.explanation.explain import why
from crossaccount.access.paths.alike import AlikeCallers
from tests.access.paths.populous import populous_estate

NOW = datetime(2026, 12, 1, tzinfo=UTC)
_ESTATES = int(os.environ.get("CROSSACCOUNT_ESTATES", "8"))


def test_alike_callers_are_judged_alike() -> None:
    compared = 0
    for seed in range(_ESTATES):
        estate = _with_twins(populous_estate(Random(f"alike {seed}")))
        for role, one, other in _alike(estate):
            compared += 1
            verdicts = [judge_assume(estate, each.arn, role.arn, {}, now=NOW) for each in (one, other)]
            assert len({(each.outcome, each.reason) for each in verdicts}) == 1
            assert open_layers(estate, one, role) == open_layers(estate, other, role)
            assert len({len(why(estate, each.arn, role.arn).changes) for each in (one, other)}) == 1
    assert compared > _ESTATES


def _with_twins(estate: Estate) -> Estate:
    """The estate with a second user of each user's policies and tags."""
    twins = {f"{arn}-twin": replace(user, arn=f"{arn}-twin", unique_id="") for arn, user in estate.users.items()}
    return replace(estate, users={**estate.users, **twins})


def _alike(estate: Estate) -> Iterator[tuple[Role, Principal, Principal]]:
    alike = AlikeCallers(estate)
    for role in estate.roles.values():
        first: dict[object, Principal] = {}
        for caller in (*estate.users.values(), *estate.roles.values()):
            other = first.setdefault(alike.key(caller, role), caller)
            if other is not caller:
                yield role, caller, other
