"""The scenarios, each read, recorded and rehearsed once for all tests that look at it."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import hypothesis
import pytest

from components.program import program
from crossaccount.access.access_tests.results import TestResult
from crossaccount.engine.recording import record
from crossaccount.local.clients import Aws
from crossaccount.rehearsal.given import given_stacks
from crossaccount.rehearsal.run import Rehearsal, rehearse
from crossaccount.rehearsal.scenario import Scenario, read_scenario
from crossaccount.sources.live import account_details, with_extras
from tests import json_documents
from tests.github_api import Api, served
from tests.scenarios import FOLDERS, Recorded

# Who runs this in the background (nohup, &) passes on that signals are ignored, and children would ignore them, too.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)

# pytest-xdist gives its workers the width of its own terminal; tests say themselves how wide a table is.
os.environ.pop("COLUMNS", None)

# Whatever a test is about: the JSON that a command prints is as its schema says.
json_documents.build_tree_once()
json_documents.validate_all()

# How long a case takes is the machine's business: a deadline would make tests fail where other things run too.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")


def pytest_collection_finish() -> None:
    """Tests and modules live until the end: the garbage collector need not visit them again and again."""
    gc.collect()
    gc.freeze()


def pytest_runtest_teardown() -> None:
    """Commands switch the garbage collector off for the rest of their process, which here has other tests to run."""
    gc.enable()


@pytest.fixture(scope="session")
def scenario() -> Callable[[str], Scenario]:
    """A scenario by its name."""
    return cache(lambda name: read_scenario(FOLDERS[name]))


@pytest.fixture(scope="session")
def recorded(scenario: Callable[[str], Scenario]) -> Callable[..., Recorded]:
    """A scenario's stacks one after the other, each reading what those before it export."""

    @cache
    def record_all(name: str, preview: bool = False) -> Recorded:
        exported: dict[str, Mapping[str, object]] = {}
        result = {}
        for stack in scenario(name).stacks:
            result[stack.name] = record(stack, program, deployed=exported, preview=preview)
            exported[f"organization/{stack.project}/{stack.name}"] = result[stack.name].outputs
        return result

    return record_all


@pytest.fixture(scope="session")
def given(scenario: Callable[[str], Scenario]) -> Callable[[str], Recorded]:
    """What only a scenario's proof declares."""

    @cache
    def record_given(name: str) -> Recorded:
        found = scenario(name)
        stacks = given_stacks(found.tests, found.name, found.directory)
        return {account: record(stack, program) for account, stack in stacks.items()}

    return record_given


@dataclass
class Seen:
    """What a rehearsal told of its progress."""

    stages: list[str] = field(default_factory=list)
    made_resources: list[str] = field(default_factory=list)
    results: list[TestResult] = field(default_factory=list)

    def stage(self, text: str) -> None:
        self.stages.append(text)

    def made(self, resource: str) -> None:
        self.made_resources.append(resource)

    def result(self, result: TestResult) -> None:
        self.results.append(result)


@dataclass(frozen=True)
class Rehearsed:
    """A rehearsal, what it told, and what was in its accounts at the end."""

    rehearsal: Rehearsal
    seen: Seen
    details: Mapping[str, Mapping[str, Any]]
    """Authorization details as AWS describes them, by account ID."""
    access_keys: Mapping[str, list[str]]
    """Key IDs by user ARN."""


@pytest.fixture(scope="session")
def rehearsed(scenario: Callable[[str], Scenario]) -> Callable[[str], Rehearsed]:
    """A scenario rehearsed in-process. Its local AWS was kept until everything was read, and is gone."""
    return cache(lambda name: rehearsed_and_read(scenario(name)))


def rehearsed_and_read(scenario: Scenario) -> Rehearsed:
    """Rehearse a scenario and read its accounts."""
    seen = Seen()
    rehearsal = rehearse(scenario, program, "in-process", seen, keep=True)
    try:
        details, keys = {}, {}
        for account_id in sorted(set(scenario.accounts.values())):
            with Aws(rehearsal.gateway.endpoint, rehearsal.gateway.root(account_id)) as root:
                details[account_id] = with_extras(account_details(root.iam), root.iam)
                keys |= {user["Arn"]: _keys(root, user["UserName"]) for user in details[account_id]["UserDetailList"]}
        return Rehearsed(rehearsal, seen, details, keys)
    finally:
        os.kill(rehearsal.pid, signal.SIGTERM)
        os.waitpid(rehearsal.pid, 0)


def _keys(root: Aws, user: str) -> list[str]:
    return [key["AccessKeyId"] for key in root.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]]


@pytest.fixture
def api() -> Iterator[Api]:
    """A GitHub on this machine."""
    with served() as api:
        yield api
