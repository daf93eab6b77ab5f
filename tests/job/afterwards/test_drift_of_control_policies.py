"""Control policies that somebody changed in AWS: the access that accounts gain or lose by it is drift."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from crossaccount.job.afterwards.drift import AccessDrift
from crossaccount.job.result_markdown import drift_markdown
from crossaccount.job.sign_in.stack_credentials import NotReadable
from crossaccount.job.states import KnownStack
from tests.job.jobs import WHEN, Job, MemoryBackend, job
from tests.job.review.test_control_policies import AUTH, LEAVE, NO_S3, ROOT, WORKLOAD, Project
from tests.job.review.test_destroy import Live
from tests.local.organization import document, policy, statement

Change = Callable[[list[dict[str, Any]]], None]


def _drift(tmp_path: Path, change: Change, *deployed: Mapping[str, Any], full: bool = False) -> tuple[AccessDrift, Job]:
    project = Project(tmp_path / "p", *deployed, full=full)
    project.live = copy.deepcopy(project.live)
    change(project.live["Policies"])
    states = project.estate.states.states
    backend = MemoryBackend({name: KnownStack(name, WHEN, 3) for name in states}, dict(states))
    its = job(project.folder, backend=backend, accounts=Live(project))
    result = its.stacks.drift()
    assert result.drift is not None
    assert result.status == ("drifted" if result.drift.found else "succeeded")
    return result.drift, its


def _nothing(policies: list[dict[str, Any]]) -> None:
    del policies


def _rewritten(policies: list[dict[str, Any]]) -> None:
    policies[1]["Content"] = document(statement("Deny", "sqs:*"))


def _detached(policies: list[dict[str, Any]]) -> None:
    policies[1]["Targets"] = []


def _deleted(policies: list[dict[str, Any]]) -> None:
    del policies[1]


def _at_the_root(policies: list[dict[str, Any]]) -> None:
    policies[1]["Targets"].append({"TargetId": ROOT})


def _of_others(policies: list[dict[str, Any]]) -> None:
    policies.append(policy("Theirs", document(statement("Deny", "ec2:*")), ROOT))


LESS = f"control policies deny less or allow more in workload ({WORKLOAD}), also for root users"
MORE = f"control policies deny more or allow less in workload ({WORKLOAD}), also for root users"


@pytest.mark.parametrize(
    ("change", "changes", "control"),
    [
        (_nothing, set(), ()),
        (_rewritten, {("permission-gained", ("s3:*",)), ("permission-lost", ("sqs:*",))}, (LESS, MORE)),
        (_detached, {("permission-gained", ("s3:*",))}, (LESS,)),
        (_deleted, {("permission-gained", ("s3:*",))}, (LESS,)),
        (_of_others, set(), ()),
    ],
)
def test_what_somebody_did_to_a_policy(
    change: Change, changes: set[Any], control: tuple[str, ...], tmp_path: Path
) -> None:
    found, _ = _drift(tmp_path, change, NO_S3)
    assert {(each.kind, each.actions) for each in found.access.changes} == changes
    assert found.control == control


def test_a_policy_that_somebody_attached_elsewhere_is_drift_in_the_accounts_there(tmp_path: Path) -> None:
    found, _ = _drift(tmp_path, _at_the_root, policy("NoSqs", document(statement("Deny", "sqs:*")), AUTH))
    assert [(each.kind, each.actions) for each in found.access.changes] == [("permission-lost", ("sqs:*",))]
    assert found.control == (MORE,)


def test_full_access_that_somebody_detached_is_drift(tmp_path: Path) -> None:
    def detached(policies: list[dict[str, Any]]) -> None:
        policies[0]["Targets"] = [each for each in policies[0]["Targets"] if each["TargetId"] != WORKLOAD]
        policies.append(policy("Some", document(statement("Allow", "s3:*")), WORKLOAD))

    found, _ = _drift(tmp_path, detached, full=True)
    assert {each.kind for each in found.access.changes} == {"permission-lost"}


def test_it_is_in_the_event_and_in_the_markdown(tmp_path: Path) -> None:
    _, its = _drift(tmp_path, _deleted, NO_S3, LEAVE)
    [told] = its.of(AccessDrift)
    assert told.to_json()["control"] == [LESS]
    text = drift_markdown(its.stacks.drift())
    assert text.startswith("## Drift: in access")
    assert "### Control policies\n\n- control policies deny less or allow more in workload" in text


def test_an_organisation_that_cannot_be_read_is_named_and_not_compared(tmp_path: Path) -> None:
    class Closed(Live):
        def organization(self, stack: str) -> Mapping[str, Any]:
            raise NotReadable(f"AWS refuses {stack} ListAccounts")

    project = Project(tmp_path / "p", NO_S3)
    states = project.estate.states.states
    backend = MemoryBackend({name: KnownStack(name, WHEN, 3) for name in states}, dict(states))
    result = job(project.folder, backend=backend, accounts=Closed(project)).stacks.drift()
    assert result.drift is not None
    assert (result.drift.access.changes, dict(result.drift.unread)) == (
        (),
        {"auth": "AWS refuses auth ListAccounts (its organisation)"},
    )
