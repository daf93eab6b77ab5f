"""On which conditions sessions may do something; the cases are in ``cases/session_actions``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossaccount.access import Estate
from crossaccount.access.evaluation.evaluate import action_requirements

_ROLE = "arn:aws:iam::222222222222:role/target"
_FILE = json.loads((Path(__file__).parents[1] / "cases/session_actions/open.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", [pytest.param(_FILE["defaults"] | case, id=case["name"]) for case in _FILE["cases"]])
def test_what_a_session_still_has_to_meet(case: dict[str, Any], estate_of: Callable[..., Estate]) -> None:
    found = action_requirements(estate_of(case), _ROLE, case["action"], case["resource"])
    assert found is not None
    assert [[str(atom) for atom in each] for each in found] == case["alternatives"]


def test_nothing_is_reported_of_a_role_that_does_not_exist(estate_of: Callable[..., Estate]) -> None:
    assert action_requirements(estate_of({}), f"{_ROLE}-2", "s3:GetObject", "*") is None
