"""The order of removals on the real engine: while anything goes, no trust ever shows a principal that is gone.

The local AWS does as AWS does: where a principal is deleted, trusts that named it show its unique ID.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from components.program import program
from crossaccount.engine.automation_engine import AutomationEngine
from crossaccount.job import events
from crossaccount.job.review.approval import Approval
from crossaccount.job.stacks import Stacks
from crossaccount.job.states import CliBackend
from tests.engine.conftest import AUTH, WORKLOAD, Workspace

pytestmark = pytest.mark.engine

EVERYTHING = Approval(kinds=frozenset({"broadening", "replacement", "credentials"}))
OLD, NEW = f"arn:aws:iam::{AUTH}:role/AssumingRole", f"arn:aws:iam::{AUTH}:role/NewRole"


def _stacks(workspace: Workspace, told: list[events.Event] | None = None) -> Stacks:
    engine = AutomationEngine(program, workspace.environment)
    backend = CliBackend(workspace.folder, engine.command, workspace.environment)
    return Stacks(workspace.folder, engine, backend, on_event=told.append if told is not None else None)


@contextmanager
def _watched(workspace: Workspace) -> Iterator[list[str]]:
    """Every principal that the trust of ``AssumedRole`` shows meanwhile, again and again."""
    seen: list[str] = []
    over = threading.Event()

    def watch() -> None:
        with workspace.account(WORKLOAD) as aws:
            while not over.wait(0.01):
                seen.extend(_principals(aws.iam.get_role(RoleName="AssumedRole")["Role"]["AssumeRolePolicyDocument"]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def _principals(document: Any) -> list[str]:
    found = [statement["Principal"]["AWS"] for statement in document["Statement"]]
    return [each for some in found for each in (some if isinstance(some, list) else [some])]


def _rename(config: dict[str, Any]) -> None:
    applications = config["crossaccount:trusted"]["applications"]
    applications["NewRole"] = applications.pop("AssumingRole")


def _add(config: dict[str, Any]) -> None:
    applications = config["crossaccount:trusted"]["applications"]
    applications["NewRole"] = copy.deepcopy(applications["AssumingRole"])


def _drop(config: dict[str, Any]) -> None:
    del config["crossaccount:trusted"]["applications"]["AssumingRole"]


def _trust(*names: str) -> Callable[[dict[str, Any]], None]:
    def change(config: dict[str, Any]) -> None:
        trust = [{"principals": [f"auth/role/{name}" for name in names]}]
        config["crossaccount:trusting"]["roles"]["AssumedRole"]["trust"] = trust

    return change


def _roles(workspace: Workspace) -> set[str]:
    return {role["RoleName"] for role in workspace.account(AUTH).iam.list_roles()["Roles"]}


def test_a_principal_that_another_takes_the_place_of_goes_after_the_trust_has_moved(workspace: Workspace) -> None:
    assert _stacks(workspace).up(approval=EVERYTHING).ok
    workspace.edit("auth", _rename)
    workspace.edit("workload", _trust("NewRole"))
    told: list[events.Event] = []
    with _watched(workspace) as seen:
        result = _stacks(workspace, told).up(approval=EVERYTHING)
    assert result.ok, json.dumps([each.to_json() for each in told], default=str, indent=1)
    assert set(seen) == {OLD, NEW}, "the trust never shows a unique ID"
    started = [(each.stack, each.step) for each in told if isinstance(each, events.StackStarted)]
    assert started == [("auth", "additions"), ("workload", ""), ("auth", "")]
    assert (set(result.outcomes), {"NewRole", "AssumingRole"} & _roles(workspace)) == (
        {"auth", "workload"},
        {"NewRole"},
    )
    assert result.outcomes["auth"].counts["delete"] > 0
    again = _stacks(workspace).up(approval=EVERYTHING)
    assert {each.status for each in again.outcomes.values()} == {"unchanged"}


def test_a_principal_that_only_goes_goes_after_the_trust_lets_go_of_it(workspace: Workspace) -> None:
    workspace.edit("auth", _add)
    workspace.edit("workload", _trust("NewRole", "AssumingRole"))
    assert _stacks(workspace).up(approval=EVERYTHING).ok
    workspace.edit("auth", _drop)
    workspace.edit("workload", _trust("NewRole"))
    told: list[events.Event] = []
    with _watched(workspace) as seen:
        assert _stacks(workspace, told).up(approval=EVERYTHING).ok
    assert set(seen) == {OLD, NEW}
    started = [(each.stack, each.step) for each in told if isinstance(each, events.StackStarted)]
    assert started == [("workload", ""), ("auth", "")]
    assert "AssumingRole" not in _roles(workspace)


def test_in_the_order_of_reads_the_trust_would_have_shown_a_unique_id(workspace: Workspace) -> None:
    """Why all this: what the order of a first deployment does to a removal."""
    assert _stacks(workspace).up(approval=EVERYTHING).ok
    workspace.edit("auth", _rename)
    workspace.edit("workload", _trust("NewRole"))
    with _watched(workspace) as seen:
        assert _stacks(workspace).up().ok
    assert any(each.startswith("AROA") for each in seen)
