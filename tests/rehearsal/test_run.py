"""A rehearsal's beginning and end: which engine, and that no local AWS outlives it unless it is to be kept."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from components.program import program
from crossaccount.access.access_tests import AccessTests, parse_access_tests
from crossaccount.engine import pulumi_cli
from crossaccount.engine.deployment import DeploymentError
from crossaccount.local.clients import Aws
from crossaccount.local.server import LocalAws
from crossaccount.rehearsal import run
from crossaccount.rehearsal.run import EngineChoice, Rehearsal, rehearse
from crossaccount.rehearsal.scenario import Scenario, read_scenario
from tests.conftest import Seen
from tests.scenarios import FOLDERS

NOTHING = Scenario("nothing", Path("/nowhere"), (), {}, AccessTests(()))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """The process IDs of the local AWSs that rehearsals start."""
    pids: list[int] = []

    class Watched(LocalAws):
        def __enter__(self) -> LocalAws:
            entered = super().__enter__()
            pids.append(self.pid)
            return entered

    monkeypatch.setattr(run, "LocalAws", lambda **more: Watched(log_dir=tmp_path, **more))
    return pids


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("choice", "installed", "engine"),
    [
        ("auto", True, "pulumi"),
        ("auto", False, "in-process"),
        ("in-process", True, "in-process"),
        ("pulumi", True, "pulumi"),
    ],
)
def test_the_pulumi_cli_is_taken_where_there_is_one_unless_reported_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, choice: EngineChoice, installed: bool, engine: str
) -> None:
    monkeypatch.setattr(pulumi_cli, "installed", lambda: installed)
    played = tmp_path / "pulumi"
    played.write_text("#!/bin/sh\necho v3.260.0\n")
    played.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = rehearse(replace(NOTHING, directory=FOLDERS["application"]), program, choice, Seen())
    assert (found.engine, found.results, found.failed) == (engine, (), 0)


def test_the_local_aws_ends_with_the_rehearsal(started: list[int]) -> None:
    assert rehearse(NOTHING, program, "in-process", Seen()).pid in started
    assert not _alive(started[0])


def test_the_local_aws_ends_when_a_stack_cannot_be_deployed(started: list[int]) -> None:
    broken = read_scenario(FOLDERS["application"])
    stacks = tuple(replace(each, config={**each.config, "crossaccount:account": "nobody"}) for each in broken.stacks)
    with pytest.raises(DeploymentError, match="account: is not in the address book"):
        rehearse(replace(broken, stacks=stacks), program, "in-process", Seen())
    assert started
    assert not _alive(started[0])


@pytest.fixture
def kept() -> Iterator[Rehearsal]:
    """A rehearsal whose local AWS was kept, until the test is over."""
    tests = parse_access_tests({"tests": [], "given": {"1" * 12: {"buckets": ["left-here"]}}}, {})
    found = rehearse(replace(NOTHING, tests=tests), program, "in-process", Seen(), keep=True)
    yield found
    os.kill(found.pid, signal.SIGTERM)
    os.waitpid(found.pid, 0)


def test_a_kept_local_aws_still_has_what_was_made(kept: Rehearsal) -> None:
    with Aws(kept.gateway.endpoint, kept.gateway.root("1" * 12)) as root:
        assert [bucket["Name"] for bucket in root.s3.list_buckets()["Buckets"]] == ["left-here"]


def test_what_is_not_as_expected_is_counted() -> None:
    tests = {"tests": [{"principal": "1" * 12, "role": f"{'1' * 12}/role/R", "expect": "allowed"}]}
    found = rehearse(replace(NOTHING, tests=parse_access_tests(tests, {})), program, "in-process", Seen())
    assert (found.failed, found.results[0].ok) == (1, False)
