"""Ways through other roles, case by case."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from crossaccount.access.chains import Chains, Way
from tests.access.diff.worlds import estate_of

CASES = json.loads(Path(__file__).with_name("cases.json").read_text("utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_ways(case: Mapping[str, Any]) -> None:
    chains = Chains(estate_of(case["world"]))
    role = case.get("role")
    ways = [way for way in chains.all() if role is None or way.role.endswith(f"/{role}")]
    assert {_short(way): way.in_words() for way in ways} == case["ways"]
    for key in ("lost", "kept"):
        found = {_short(way): list(getattr(way, key)) for way in ways}
        assert {way: found[way] for way in case.get(key, {})} == case.get(key, {})
    assert all(way.more == case.get("more", 0) for way in ways)
    assert all(way.session_seconds == case.get("seconds", 3600) for way in ways)
    for way in ways:
        assert [each for each in chains.of(way.principal) if each.role == way.role] == [
            each for each in ways if (each.principal, each.role) == (way.principal, way.role)
        ]


def _short(way: Way) -> str:
    return " > ".join(station.split("/")[-1].split(":")[-1] for station in way.stops)
