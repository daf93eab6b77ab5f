"""Every scenario is deployed by deployers with nothing but their own documents, and its access tests still pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from components.program import program
from crossaccount.rehearsal.run import Rehearsal, rehearse
from crossaccount.rehearsal.scenario import Scenario
from tests.bootstrap.conftest import Bootstrapped, bootstrapped
from tests.conftest import Seen
from tests.scenarios import EVERY_SCENARIO


def rehearsed_by(found: Bootstrapped, monkeypatch: pytest.MonkeyPatch, engine: str = "in-process") -> Rehearsal:
    monkeypatch.setattr("crossaccount.rehearsal.run.make_deployers", found.make_deployers)
    return rehearse(found.scenario, program, engine, Seen())


@EVERY_SCENARIO
def test_a_scenario_passes_with_least_privilege(
    name: str, scenario: Callable[[str], Scenario], monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsal = rehearsed_by(bootstrapped(scenario(name)), monkeypatch)
    assert [result.to_json() for result in rehearsal.results if not result.ok] == []
    assert rehearsal.results
