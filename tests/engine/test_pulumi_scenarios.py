"""Every scenario on the real engine: the same resources and the same verdicts as in-process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.program import program
from crossaccount.rehearsal.run import rehearse
from crossaccount.rehearsal.scenario import Scenario
from tests.conftest import Rehearsed, Seen
from tests.scenarios import EVERY_SCENARIO

pytestmark = pytest.mark.engine


@EVERY_SCENARIO
def test_the_real_engine_comes_to_the_same_verdicts(
    name: str, scenario: Callable[[str], Scenario], rehearsed: Callable[[str], Rehearsed]
) -> None:
    seen = Seen()
    found = rehearse(scenario(name), program, "pulumi", seen)
    in_process = rehearsed(name)
    assert found.failed == 0
    assert _facts(found.results) == _facts(in_process.rehearsal.results)
    assert set(in_process.seen.made_resources) == set(seen.made_resources)


def _facts(results: tuple[Any, ...]) -> list[Any]:
    return [result.to_json() for result in results]
