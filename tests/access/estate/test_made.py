"""Entities that an estate makes without their ``__init__`` have all fields."""

from __future__ import annotations

from dataclasses import fields, replace
from random import Random
from typing import Any

import pytest

from tests.access.paths.populous import populous_estate


@pytest.mark.parametrize("seed", range(3))
def test_entities_and_their_statements_are_whole(seed: int) -> None:
    estate = populous_estate(Random(f"made {seed}"))
    entities = [*estate.users.values(), *estate.roles.values()]
    policies = [policy for each in entities for policy in each.policies] + [
        each.trust for each in estate.roles.values()
    ]
    statements = [statement for policy in policies for statement in policy.statements]
    elements = [each.principal for each in statements if each.principal]
    found: list[Any] = [*entities, *policies, *statements, *elements]
    for each in found:
        assert {field.name for field in fields(each)} <= vars(each).keys()
        assert replace(each) == each
